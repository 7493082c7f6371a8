"""Observations and what is said about them."""

from __future__ import annotations

from marshmallow import Schema, fields

from openapi.components.datasets import LicenseSchema
from openapi.fields import StrictSchema, bilingual, boolean, integer, optional, several, string, strings


class RepairSchema(StrictSchema):
    """A value that was read as something else than was written."""

    parameter = string("パラメーター", "Parameter")
    given = string("書かれた値", "As it was written")
    used = string("読んだ値", "As it was read")
    reason = bilingual("理由", "Why")


class ObstacleSchema(StrictSchema):
    """A condition without which there would be observations."""

    dimension = string("次元", "Dimension")
    asked = strings("求めた値", "What was asked")
    available = strings("ほかの条件のもとである値", "What is there when all other conditions hold")
    count = integer("その数", "How many there are")
    nearest = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class AvailabilitySchema(StrictSchema):
    """Why an answer is empty, and where there are observations."""

    reason = bilingual("空である理由", "Why it is empty")
    periods = strings("最初と最後の期間", "First and last period", allow_none=True)
    areas = integer("地域の数", "Number of areas")
    obstacles = several(ObstacleSchema, "妨げている条件", "Conditions in the way")


class ObservationMetaSchema(StrictSchema):
    """Which release the observations are of, and how the request was read."""

    dataset = string(
        "データセット名。指標に値がまだなければ null", "Dataset; null if the indicator has no data", allow_none=True
    )
    version = string("版", "Version", allow_none=True)
    digest = string("リリースのdigest", "Digest of the release", allow_none=True)
    issued = string("公表日時", "When the figures became known", allow_none=True)
    license = optional(LicenseSchema)
    citation = optional()
    synthetic = boolean("架空の値か", "Whether the figures are made up")
    columns = strings("列", "Columns of the rows")
    returned = integer("この応答の行数", "Rows in this answer")
    total = integer("条件に合う観測値の数", "Observations that match")
    repairs = several(RepairSchema, "読み替えた値", "Values that were repaired")
    availability = optional(AvailabilitySchema)


class ObservationSchema(Schema):
    """An observation: the columns that ``fields`` asks for, and the dataset's breakdown dimensions."""

    class Meta:
        """Breakdowns and ``*_name`` columns come on top."""

        unknown = "include"

    indicator_id = fields.String()
    definition_id = fields.String()
    area_code = fields.String()
    period = fields.String()
    value = fields.Float(allow_none=True)
    unit = fields.String()
    numerator = fields.Float(allow_none=True)
    denominator = fields.Float(allow_none=True)
    numerator_date = fields.Date(allow_none=True)
    denominator_date = fields.Date(allow_none=True)
    n = fields.Integer(allow_none=True)
    n_eff = fields.Float(allow_none=True)
    ci_lower = fields.Float(allow_none=True)
    ci_upper = fields.Float(allow_none=True)
    ci_method = fields.String(allow_none=True)
    obs_status = fields.String()
    note = fields.String(allow_none=True)
