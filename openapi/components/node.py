"""The node itself."""

from __future__ import annotations

from marshmallow import fields

from openapi.fields import StrictSchema, bilingual, integer, nested, optional, several, string


class IndexSchema(StrictSchema):
    """The entrance of the API."""

    title = bilingual("題名", "Title")
    description = bilingual("説明", "What it is")
    version = string("ソフトウェアの版", "Version of the software")


class HeldSchema(StrictSchema):
    """The current release of a dataset, as this node holds it."""

    dataset = string("データセット名", "Dataset")
    version = string("版", "Version")
    digest = string("digest", "Digest")
    issued = string("公表日時", "When the figures became known")
    releases = integer("保持しているリリースの数", "Number of releases held")
    observations = integer("観測値の数", "Number of observations")


class BrokenReleaseSchema(StrictSchema):
    """A release that the catalogue lists and that cannot be had whole."""

    dataset = string("データセット名", "Dataset")
    sequence = integer("通し番号", "Place in the chain of releases")
    error = bilingual("理由", "Why")


class BrokenServiceSchema(StrictSchema):
    """A service whose package does not hold the record that it states."""

    package = string("パッケージ名", "Name of the package")
    error = bilingual("理由", "Why")


class CatalogueStateSchema(StrictSchema):
    """The link to the catalogue."""

    reachable = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "最後に届いたか。null はまだ確かめていない / Null: not looked yet"},
    )
    checked = string("最後に確かめた日時", "When it was last looked at", allow_none=True)
    followed = string("最後に同期できた日時", "When it was last followed with success", allow_none=True)
    error = optional()
    broken = several(BrokenReleaseSchema, "欠けているリリース", "Releases that cannot be had whole")
    broken_services = several(BrokenServiceSchema, "壊れたサービスの記録", "Services whose record is broken")


class StatusSchema(StrictSchema):
    """The state of this node."""

    version = string("ソフトウェアの版", "Version of the software")
    started = string("起動日時", "When it was started")
    holdings = string("保持内容のdigest", "Digest of what is held")
    datasets = several(HeldSchema, "保持しているデータセット", "Datasets held")
    services = integer("保持しているサービスの数", "Number of services held")
    catalogue = nested(CatalogueStateSchema, "カタログとの接続", "The link to the catalogue")
