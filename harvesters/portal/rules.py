"""Options and findings of the kinds that read other people's catalogues: ``ckan``, ``dcat`` and ``datapackage``."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.errors import Label, Place
from harvesters.base import Context
from harvesters.findings import Level, Rule
from harvesters.mapping import MAPPING_OPTIONS, MAPPING_RULES
from harvesters.options import Option
from harvesters.portal.own_release import FIELD_UNKNOWN
from harvesters.portal.remote_files import CHECKSUMS, FILES, FORMATS, NOT_AS_STATED, PICK, RemoteFile
from harvesters.readers.declared import LAYOUT_OPTIONS, LAYOUT_RULES

TELL = Label("提供元に知らせてください", "Tell the owner of the source")
DATASET_ABSENT = Rule(
    "dataset-absent",
    Level.WARNING,
    Label(
        "pick に書かれ、提供元にないデータセット（公開済みの値は残す）",
        "Datasets of pick that the source does not have (what is published stays)",
    ),
    Label(
        "提供元が消したのなら pick から外し、名前が変わったのなら直してください。非公開になったのなら token が要ります",
        "If the source removed it, take it out of pick; if it was renamed, correct the name; if it is private now, a "
        "token is needed",
    ),
)
DATASET_PRIVATE = Rule(
    "dataset-private",
    Level.WARNING,
    Label(
        "提供元が非公開にしているデータセット（ここから作る値は公開される）",
        "Datasets that are private at the source (what is made of them is published)",
    ),
    Label(
        "公開してよいか提供元に確かめてください。よくなければ pick、query、filter から外してください",
        "Ask their owner whether they may be published; if not, take them out of pick, query or filter",
    ),
)
COUNT_DIFFERS = Rule(
    "count-differs",
    Level.WARNING,
    Label("目録が言う件数と違う数のデータセット", "Other numbers of datasets than the catalogue says"),
    TELL,
)
LICENSE_DIFFERS = Rule(
    "license-differs",
    Level.WARNING,
    Label(
        "目録のライセンスが CC BY 4.0 と読めないファイル（CC BY 4.0 で公開する）",
        "Files whose licence is not plainly CC BY 4.0 (they are published under CC BY 4.0)",
    ),
    Label(
        "CC BY 4.0 で公開してよいか、提供元の利用条件を確かめてください",
        "Check in the terms of the source that they may be published under CC BY 4.0",
    ),
)
SCHEMA_DIFFERS = Rule(
    "schema-differs",
    Level.WARNING,
    Label("目録の列の定義と違う見出しのファイル", "Files with other headings than their schema"),
    TELL,
)
MISSING_VALUE = Rule(
    "missing-value",
    Level.NOTICE,
    Label(
        "目録が示す欠測の記号と、その読み方",
        "Markers of missing values that the catalogue names, and how they are read",
    ),
    Label(
        "違う場合は options の markers で意味を指定してください",
        "If one is wrong, say what it means in the option markers",
    ),
)

#: percentages are told by mappings and by tables alike
RULES = tuple(
    dict.fromkeys(
        (
            DATASET_ABSENT,
            DATASET_PRIVATE,
            COUNT_DIFFERS,
            LICENSE_DIFFERS,
            NOT_AS_STATED,
            SCHEMA_DIFFERS,
            MISSING_VALUE,
            FIELD_UNKNOWN,
            *MAPPING_RULES,
            *LAYOUT_RULES,
        )
    )
)
#: options of every kind that reads a catalogue, in the order of documentation; the kind puts its own before them
OPTIONS: tuple[Option, ...] = (PICK, FILES, FORMATS, CHECKSUMS, *MAPPING_OPTIONS, *LAYOUT_OPTIONS)

#: what a licence is called that may be published under CC BY 4.0 without a question
_OPEN = ("cc-by", "ccby", "by/4.0", "cc0", "publicdomain", "cc-zero", "pdl", "公共データ利用規約", "政府標準利用規約")
_SHARE_ALIKE = ("-sa", "-nc", "-nd", "by-sa", "by-nc", "by-nd")


def tell_license(context: Context, files: Sequence[tuple[RemoteFile, str]]) -> None:
    """Tell which files are stated to have a licence that is not plainly CC BY 4.0."""
    for file, license in files:
        if license and not is_open(license):
            context.findings.add(LICENSE_DIFFERS, Place(file=file.name), license[:200])


def is_open(license: str) -> bool:
    """Return whether a licence, by its id or URL, plainly allows publication under CC BY 4.0."""
    folded = license.casefold().replace("_", "-").replace(" ", "-")
    return any(one in folded for one in _OPEN) and not any(one in folded for one in _SHARE_ALIKE)
