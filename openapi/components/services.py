"""City services.

A member that is not recorded is null, an empty list or an empty mapping; ``others`` has the members of a record that
are not declared here, by JSON Pointer.
"""

from __future__ import annotations

from marshmallow import fields

from openapi.components.datasets import AgentSchema
from openapi.fields import (
    NameSchema,
    StrictSchema,
    Text,
    bilingual,
    boolean,
    nested,
    optional,
    several,
    string,
    strings,
)
from openapi.fields import links as member_links


def _maybe(ja: str, en: str) -> fields.String:
    return string(ja, en, allow_none=True)


def _maybe_flag(ja: str, en: str) -> fields.Boolean:
    return fields.Boolean(required=True, allow_none=True, metadata={"description": str(Text(ja, en))})


class DataItemSchema(StrictSchema):
    """One line of the data map."""

    name = nested(NameSchema, "データの名称", "What the data are called")
    dataset = _maybe("このカタログのデータセット名", "Name of the dataset in this catalogue")
    owner = optional(NameSchema)
    location = _maybe("データの所在（システム名）", "Name of the system that has them")
    personal = _maybe_flag("個人に関するデータか", "Whether they are about persons")
    basis = _maybe("取得の根拠のコード", "Code of the ground for taking them")
    frequency = _maybe("提供頻度のコード", "Code of how often they are handed over")
    method = _maybe("提供方式のコード", "Code of the way of handing over")
    recipients = strings("提供先サービス", "Who gets them")
    note = optional()


class DataMapSchema(StrictSchema):
    """What a service takes in, keeps and gives."""

    inputs = several(DataItemSchema, "取込データ", "Taken in")
    internal = several(DataItemSchema, "取得データ（内部利用のみ）", "Collected, for its own use only")
    outputs = several(DataItemSchema, "取得データ（外部提供可能）", "Collected, may be given to others")


class TeamMemberSchema(StrictSchema):
    """A member of the team."""

    name = nested(NameSchema, "名称", "Who")
    role = string("立場のコード", "Code of the role")


class GovernanceSchema(StrictSchema):
    """Who decides."""

    architect = optional(NameSchema)
    team = several(TeamMemberSchema, "検討チーム", "The team")
    area_bodies = several(NameSchema, "エリアマネジメント団体", "Area-management bodies")
    city_role = _maybe("行政の役割のコード", "Code of the role of the administration")


class PhaseChangeSchema(StrictSchema):
    """A phase that the service was in."""

    phase = string("段階のコード", "Code of the phase")
    start = _maybe("はじまり", "When it began")
    end = _maybe("おわり", "When it ended")
    note = optional()


class UsersSchema(StrictSchema):
    """For whom it is."""

    scope = _maybe("範囲のコード", "Code of the scope")
    who = optional()


class CityOsSchema(StrictSchema):
    """How it stands to the data platform."""

    stage = string("都市OSの段階のコード", "Code of the stage")
    broker = _maybe("ブローカー", "Name of the broker")


class InterfaceSchema(StrictSchema):
    """An API of the service."""

    endpoint = string("アドレス", "Where it answers")
    openapi = _maybe("OpenAPI文書", "Its OpenAPI document")
    about = optional()
    datasets = strings("扱うデータセット名", "Names of the datasets that it gives access to")


class MeasurementSchema(StrictSchema):
    """One figure of a KPI."""

    period = string("時点・期間", "When")
    value = fields.Float(required=True, metadata={"description": "値 / The figure"})
    approximate = boolean("おおよその値か", "Whether the source says about so many")


class KpiSchema(StrictSchema):
    """By what it is measured."""

    kind = string("output か outcome", "output or outcome")
    name = nested(NameSchema, "何を数えるか", "What is counted")
    unit = optional(NameSchema)
    indicator = _maybe("つながる指標のID", "Id of the indicator that it serves")
    measurements = several(MeasurementSchema, "値", "Figures, in the order of time")


class ChannelSchema(StrictSchema):
    """A way to use it."""

    kind = string("使い方のコード", "Code of the channel")
    url = _maybe("アドレス", "Its address")


class ContactSchema(StrictSchema):
    """Whom to ask."""

    name = optional(NameSchema)
    email = _maybe("メールアドレス", "E-mail address")
    telephone = _maybe("電話番号", "Telephone number")
    url = _maybe("ページ", "Page")


class EvaluationSchema(StrictSchema):
    """What came of it."""

    productionised = _maybe_flag("実装につながったか", "Whether it went into production")
    period = _maybe("評価した時点", "When it was evaluated")
    summary = optional()


class SpreadSchema(StrictSchema):
    """To where it spread."""

    origin = optional(NameSchema)
    places = several(NameSchema, "広がった先", "To where")


class EvidenceSchema(StrictSchema):
    """Where something of the record is said."""

    url = string("ページ", "The page")
    title = optional(NameSchema)


class StepFindingSchema(StrictSchema):
    """A fact that does not fit the stated STEP; a warning, nothing more."""

    row = string("STEPの表の行", "Row of the table of steps")
    fact = string("項目", "The fact")
    value = string("記録の値", "Its value in the record")
    step = fields.Integer(required=True, metadata={"description": "記録のSTEP / The stated STEP"})
    fits = several(fields.Integer(), "その値に合うSTEP", "Steps that the value fits")
    message = bilingual("何が合わないか", "What does not fit")
    expected = bilingual("そのSTEPの姿", "What the step looks like")


class ServiceSchema(StrictSchema):
    """A city service, as far as it is recorded."""

    id = string("ID", "Id")
    name = bilingual("名称", "Name")
    description = bilingual("説明", "What it does for whom")
    publisher = nested(AgentSchema, "公開者", "Who publishes the record")
    phase = string("段階のコード", "Code of the phase")
    phase_history = several(PhaseChangeSchema, "段階の履歴", "The phases that it was in")
    smarts = strings("スマートのID、または overall", "Ids of Smarts, or overall")
    target_states = strings("目指す姿のID", "Ids of target states")
    step = fields.Integer(required=True, allow_none=True, metadata={"description": "展開のSTEP / STEP of roll-out"})
    areas = strings("提供エリアの団体コード", "Codes of the areas where it is offered")
    sub_area = optional(NameSchema)
    users = optional(UsersSchema)
    governance = optional(GovernanceSchema)
    owner = optional(NameSchema)
    operator = optional(NameSchema)
    contact = optional(ContactSchema)
    start = _maybe("開始", "When it began")
    end = _maybe("終了", "When it ended")
    data = nested(DataMapSchema, "データマップ", "Its side of the data map")
    linked_services = strings("連携するサービスのID", "Ids of the services that it is linked with")
    city_os = optional(CityOsSchema)
    interfaces = several(InterfaceSchema, "API", "Its APIs")
    kpis = several(KpiSchema, "KPI", "By what it is measured")
    channels = several(ChannelSchema, "使い方", "Ways to use it")
    cost = optional()
    evaluation = optional(EvaluationSchema)
    spread = optional(SpreadSchema)
    url = _maybe("ページ", "Its page")
    accessibility_url = _maybe("アクセシビリティの説明", "Its statement on accessibility")
    terms_url = _maybe("利用条件", "Its terms")
    sources = several(EvidenceSchema, "この記録の出典", "Where the record is from")
    note = optional()
    others = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "ここにない項目。JSON Pointer → 値 / Members that are not declared, by JSON Pointer"},
    )
    step_findings = several(
        StepFindingSchema, "STEPと合わない記載（注意）", "Facts that do not fit the STEP (warnings)"
    )
    digest = string("記録のsha256", "The sha256 of the record")
    published = string("この記録が公開された日時", "When this record was published")
    links = member_links()
