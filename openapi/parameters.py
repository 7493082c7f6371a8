"""What requests may say: one schema an operation, loaded by the views and shown in the document.

Breakdown dimensions differ between datasets. The document declares the ones that datasets of the product have
(:data:`BREAKDOWNS`), so that tools offer them; which of them a dataset really has is checked against its structure.
"""

from __future__ import annotations

from marshmallow import fields, validate

from openapi.fields import StrictSchema, Text, parameter

#: rows of a page: the default and the most
DEFAULT_LIMIT, MOST_ROWS = 1000, 10_000

#: breakdown dimension -> what it is
BREAKDOWNS = {
    "sex": Text("性別のコード", "Codes of sex"),
    "age": Text("年齢階級のコード", "Codes of age groups"),
    "ministry": Text("所管府省のコード", "Codes of ministries"),
    "procedure_kind": Text("手続類型のコード", "Codes of kinds of procedure"),
    "recipient": Text("手続の受け手のコード", "Codes of who receives the procedure"),
}

FORMATS = ("json", "csv", "csv-excel")
LANGUAGES = ("ja", "en")

_COMMA = " *, *"
_COLUMN = "[a-z][a-z0-9_]*"
_PERIOD = "((FY)?[0-9]{4}|[0-9]{4}-Q[1-4]|[0-9]{4}-M[0-9]{2}|[0-9]{4}-[0-9]{2}-[0-9]{2})"
_TERM = f"(latest(:[1-9][0-9]{{0,3}})?|{_PERIOD}|{_PERIOD}:({_PERIOD})?|:{_PERIOD})"


def _several(item: str) -> str:
    """Return the pattern for one or more of something, with commas between."""
    return f"{item}({_COMMA}{item})*"


_CODES = _several("[^,]+")
_COLUMNS = _several(_COLUMN)
_SORT = _several(f"-?{_COLUMN}")
_TIME = _several(_TERM)
VERSION = "(latest|[0-9]{1,9}\\.\\*|[0-9]{1,9}\\.[0-9]{1,9}\\.(\\*|[0-9]{1,9}))"
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT = f"{_DAY}(T[0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\\.[0-9]{{1,6}})?)?(Z|[-+ ][0-9]{{2}}:[0-9]{{2}})?)?"


class NoParameters(StrictSchema):
    """A request without parameters."""


class IndicatorListParameters(StrictSchema):
    """Filters of the list of indicators."""

    smart = parameter("スマートのID、または総合の overall", "Id of a Smart, or overall", pattern=_CODES)
    kind = parameter("主観か客観か", "Subjective or objective", choices=("subjective", "objective"))
    collection = parameter("集め方", "How it is collected", choices=("citizen_survey", "company_survey", "register"))
    q = parameter("名称・定義に含まれる語", "A word of the name or the definition", pattern=".{1,200}")


class AreaListParameters(StrictSchema):
    """Filters of the list of areas."""

    level = parameter(
        "地域の階層",
        "Level of the area",
        choices=("country", "prefecture", "designated_city", "municipality", "designated_ward", "local_area"),
    )
    within = parameter("この地域とその下の地域", "This area and everything below it", pattern="[^,]+")
    q = parameter("名称・よみに含まれる語", "A part of the name or reading", pattern=".{1,200}")


class ServiceListParameters(StrictSchema):
    """Filters of the list of services."""

    smart = parameter("スマートのID、または総合の overall", "Id of a Smart, or overall", pattern=_CODES)
    area = parameter(
        "全国地方公共団体コード。その地域、それを含む地域、その一部で提供されるもの",
        "Local-government code: what is offered in the area, in one around it or in a part of it",
        pattern=_CODES,
    )
    step = parameter("展開のSTEP", "STEP of roll-out", choices=("1", "2", "3"))
    phase = parameter("段階", "Phase", choices=("concept", "pilot", "implemented", "rolled_out", "citywide", "ended"))


class ObservationParameters(StrictSchema):
    """The query grammar, for the observations of one indicator."""

    area = parameter(
        "全国地方公共団体コード。5桁の標準地域コードや先頭の0が失われたコードも読み、meta.repairs に示す",
        "Local-government codes; five-digit codes and lost zeros are read and reported in meta.repairs",
        pattern=_CODES,
    )
    definition = parameter("定義のID", "Ids of definitions", pattern=_CODES)
    time = parameter(
        "期間。`2021`、`2019:2021`、`2019:`、`:2021`、`latest`、`latest:3`、`FY2023`、`2024-Q1:2024-Q4`、日付",
        "Periods: `2021`, `2019:2021`, `2019:`, `:2021`, `latest`, `latest:3`, `FY2023`, `2024-Q1:2024-Q4` or a date",
        pattern=_TIME,
    )
    version = parameter(
        "版。`1.4.2`、`1.4.*`、`1.*`、`latest`",
        "Version: `1.4.2`, `1.4.*`, `1.*` or `latest`",
        pattern=VERSION,
    )
    as_of = parameter(
        "その時点で公開されていた版。時差がなければ日本時間、日付だけならその日の終わり",
        "What was known then; Japan time without an offset, the end of the day for a date alone",
        pattern=_MOMENT,
    )
    dataset = parameter(
        "データセット名。省略時は指標の主データセット",
        "Name of the dataset; by default the indicator's primary one",
        pattern="[a-z0-9][a-z0-9_-]{0,79}",
    )
    fields_ = parameter("返す列、その順に", "Columns of the answer, in order", pattern=_COLUMNS, name="fields")
    sort = parameter("並べ替える列。- を付けると降順", "Columns to sort by; - for descending", pattern=_SORT)
    limit = fields.Integer(
        validate=validate.Range(1, MOST_ROWS),
        metadata={
            "description": str(
                Text(
                    "行数。JSONの既定は1000行、CSVは省略すると全行",
                    "Rows; JSON has 1000 by default, CSV without it has all rows",
                )
            ),
        },
    )
    cursor = parameter(
        "続きの位置。links.next が示す", "Where the page begins; see links.next", pattern="[A-Za-z0-9_-]{1,4000}"
    )
    format = parameter(
        "応答の形式。Accept より優先する",
        "Representation; wins over Accept. csv-excel has a byte order mark and Japanese names",
        choices=FORMATS,
    )
    labels = parameter(
        "both なら、コードの列の隣に名称の列を加える",
        "both adds a column of names beside each column of codes",
        choices=("code", "both"),
    )
    lang = parameter("名称とエラーの言語", "Language of names and errors", choices=LANGUAGES)


class _Breakdowns(StrictSchema):
    sex = parameter(*BREAKDOWNS["sex"], pattern=_CODES)
    age = parameter(*BREAKDOWNS["age"], pattern=_CODES)
    ministry = parameter(*BREAKDOWNS["ministry"], pattern=_CODES)
    procedure_kind = parameter(*BREAKDOWNS["procedure_kind"], pattern=_CODES)
    recipient = parameter(*BREAKDOWNS["recipient"], pattern=_CODES)


class IndicatorObservationParameters(_Breakdowns, ObservationParameters):
    """The query grammar, for the observations of one indicator."""


class AllObservationParameters(_Breakdowns, ObservationParameters):
    """The query grammar, for the observations of one or more indicators of one dataset."""

    indicator = parameter(
        "指標のID。複数なら同じデータセットにあるもの",
        "Ids of indicators; several must be in one dataset",
        pattern=_CODES,
    )
