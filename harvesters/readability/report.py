"""The report of a file: results of all rules on all tables, and the score of each level.

A level has 100 points. A rule that a table breaks costs points (:data:`~harvesters.readability.rules.DEDUCTIONS`);
one broken fatal rule forces the level to 0; rules that were not judged count for nothing; a level without any judged
rule has no score. Points are taken for each table, as the sample checker does: the same mistake on two sheets costs
twice.

References
----------
Digital Agency, machine_readability_rule, ``docs/guides/scoring.md`` and ``analysis-output.schema.json``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.errors import Label
from harvesters.readability.layout import Layout
from harvesters.readability.result import Breach, Result
from harvesters.readability.rules import DEDUCTIONS, LEVELS, RULES, Severity
from harvesters.readability.sheet import Area
from harvesters.readability.tables import Other

#: breaches of a rule above which the report groups them
_GROUPED_ABOVE = 20
#: what is said of a file that is longer than what is judged
CUT = Label("大きいため先頭の部分だけを点検", "Large: only its beginning was judged")
#: what is said of rules that are about sheets and text
NOT_APPLIED = Label("この形式には当てはまらない規則（採点外）", "Rules that cannot apply to this format (not scored)")
#: examples of a rule in the lines for people
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class LevelScore:
    """The score of one level."""

    #: 1, 2 or 3
    level: int
    #: 0 to 100
    score: int
    #: judged rules that were kept, and all judged rules, over all tables
    passed: int
    total: int
    #: broken rules with what each counts as
    failed: tuple[tuple[str, Severity], ...]

    @property
    def forced(self) -> bool:
        """Whether a fatal rule forces it to 0."""
        return any(severity is Severity.FATAL for _, severity in self.failed)

    def to_dict(self) -> dict[str, Any]:
        """Return it with the keys of the sample checker."""
        failed = [{"ルールID": rule, "重大度": str(severity)} for rule, severity in self.failed]
        return {
            "スコア": self.score,
            "合格": self.passed,
            "合計": self.total,
            "強制0点": self.forced,
            "強制0点ルール": [one for one in failed if one["重大度"] == "fatal"],
            "失敗ルール": failed,
        }


@dataclass(frozen=True, slots=True)
class TableReport:
    """What the rules said about one table."""

    area: Area
    confidence: float
    layout: Layout
    #: in the order of the rules
    results: tuple[Result, ...]
    #: names of its columns
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetReport:
    """What the rules said about one sheet."""

    name: str
    #: its size
    rows: int
    columns: int
    hidden: bool
    tables: tuple[TableReport, ...]
    others: tuple[Other, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadabilityReport:
    """What the machine-readability rule says about one file."""

    #: what people call the file
    name: str
    #: its size
    bytes: int
    #: ``xlsx``, ``csv``, ``tsv``, ``ods``, or what it is instead
    format: str
    sheets: tuple[SheetReport, ...]
    #: encoding of a text file, with what is known of its byte order mark
    encoding: Label | None = None
    #: the rule that the file as a whole breaks, if it cannot be read as a table
    refused: Result | None = None
    #: whether values of cells may be shown; if not, places alone are
    values: bool = True
    #: whether only the beginning of the file was judged
    cut: bool = False

    @property
    def not_applied(self) -> tuple[str, ...]:
        """Ids of the rules that this format cannot break, in the order of the standard; only Parquet has such a list.

        Rules of workbooks and of text are about other formats by their own words, and are not listed.
        """
        said = {one.rule_id for one in self.results}
        return tuple(one for one in RULES if one not in said) if self.format == "parquet" else ()

    @property
    def results(self) -> Iterator[Result]:
        """All results."""
        if self.refused is not None:
            yield self.refused
        for sheet in self.sheets:
            for table in sheet.tables:
                yield from table.results

    def score(self, level: int) -> LevelScore | None:
        """Return the score of a level; None if nothing could be judged."""
        judged = [one for one in self.results if one.rule.level == level and one.judged]
        if not judged:
            return None
        failed = tuple((one.rule_id, one.counts_as) for one in judged if not one.passed)
        points = 0
        if not any(severity is Severity.FATAL for _, severity in failed):
            points = max(0, 100 - sum(DEDUCTIONS[severity][level - 1] for _, severity in failed))
        return LevelScore(level, points, len(judged) - len(failed), len(judged), failed)

    @property
    def scores(self) -> tuple[int | None, int | None, int | None]:
        """The three scores."""
        one, two, three = (found.score if (found := self.score(level)) else None for level in LEVELS)
        return one, two, three

    @property
    def perfect(self) -> bool:
        """Whether every level has 100 points."""
        return self.scores == (100, 100, 100)

    @property
    def broken(self) -> tuple[str, ...]:
        """Ids of the rules that cost points, in the order of the standard."""
        ids = {one.rule_id for one in self.results if one.judged and not one.passed}
        return tuple(one for one in RULES if one in ids)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns of the first table; empty if it has none."""
        return next((table.columns for sheet in self.sheets for table in sheet.tables if table.columns), ())

    def summary(self) -> dict[str, Any]:
        """Return scores and broken rules, for a report that has many files."""
        return {"name": self.name, "scores": list(self.scores), "failed": list(self.broken)}

    def line(self, lang: str = "ja") -> str:
        """Return the scores on one line."""
        said = " / ".join(
            f"L{level} {'-' if one is None else one}" for level, one in zip(LEVELS, self.scores, strict=True)
        )
        broken = f" ({', '.join(self.broken)})" if self.broken else ""
        head = Label("機械可読性", "machine readability").in_language(lang)
        return f"{self.name}: {head} {said}{broken}"

    def lines(self, lang: str = "ja") -> list[str]:
        """Return the report for people: scores, then each broken rule with its places and what to do."""
        lines = [self.line(lang)]
        if self.encoding:
            lines.append(f"  {self.encoding.in_language(lang)}")
        if self.cut:
            lines.append(f"  {CUT.in_language(lang)}")
        if self.not_applied:
            listed = ", ".join(self.not_applied)
            lines.append(f"  {NOT_APPLIED.in_language(lang)}: {listed}")
        for rule in RULES.values():
            told = [one for one in self.results if one.rule_id == rule.id and one.total]
            total = sum(one.total for one in told)
            if not total:
                continue
            scored = any(one.judged and not one.passed for one in told)
            mark = str(max_severity(told)) if scored else Label("採点外", "not scored").in_language(lang)
            count = f"{total}件" if lang != "en" else f"{total}"
            lines.append(f"  [{rule.id} {mark}] {rule.title.in_language(lang)}: {count}")
            breaches = [breach for one in told for breach in one.breaches]
            lines += [f"    {self.say(one, lang)}" for one in breaches[:_SHOWN]]
            if total > _SHOWN:
                rest = total - min(len(breaches), _SHOWN)
                lines.append(f"    ほか{rest}件" if lang != "en" else f"    and {rest} more")
            lines.append(f"    → {rule.advice.in_language(lang)}")
        return lines

    def show(self, breach: Breach) -> str:
        """Return the value of a breach as it may be shown: shortened, and nothing if values are private."""
        return _short(breach.value) if self.values and breach.value else ""

    def say(self, breach: Breach, lang: str = "ja") -> str:
        """Return a breach on one line: place, matter, value."""
        said = ": ".join(one for one in (breach.where, breach.what.in_language(lang)) if one)
        shown = self.show(breach)
        value = f" 「{shown}」" if shown else ""
        return f"{breach.sheet} {said}{value}" if self.format in ("xlsx", "ods") else f"{said}{value}"

    def to_dict(self) -> dict[str, Any]:
        """Return the report with the keys of the sample checker's JSON output."""
        return {
            "inputファイル名": self.name,
            "ファイルサイズ": self.bytes,
            "フォーマット": self.format,
            "Sheet数": len(self.sheets),
            **({"対象外ルール": list(self.not_applied)} if self.not_applied else {}),
            "レベル別スコア": {str(one): found.to_dict() if (found := self.score(one)) else None for one in LEVELS},
            "sheets": [self._sheet(one) for one in self.sheets],
        }

    def _sheet(self, sheet: SheetReport) -> dict[str, Any]:
        used = str(Area(0, 0, sheet.rows - 1, sheet.columns - 1)) if sheet.rows and sheet.columns else ""
        others = [
            {"row": one.row + 1, "col": one.column + 1, "value": _plain(one.value), "regionType": one.what}
            for one in sheet.others[:_GROUPED_ABOVE]
        ]
        return {
            "シート名": sheet.name,
            "使用範囲": used,
            "非表示": sheet.hidden,
            "評価対象エリア": [self._table(one, sheet.name) for one in sheet.tables],
            **({"others": others} if others and self.values else {}),
        }

    def _table(self, table: TableReport, sheet: str) -> dict[str, Any]:
        header, area = table.layout.header, table.area
        return {
            "範囲": str(area),
            "信頼度": table.confidence,
            "ヘッダー行": [row + 1 for row in header],
            "ヘッダー範囲": str(Area(header[0], area.left, header[-1], area.right)) if header else None,
            "列数": area.width,
            "評価内容": [self._result(one, sheet) for one in table.results],
        }

    def _result(self, result: Result, sheet: str) -> dict[str, Any]:
        grouped = {"違反グループ": _groups(result, sheet)} if result.total > _GROUPED_ABOVE else {}
        return {
            "ルールID": result.rule_id,
            "合否": result.passed,
            "判定対象外": not result.judged,
            "重大度": str(result.counts_as),
            "信頼度": result.confidence,
            "違反": [self._breach(one) for one in result.breaches],
            **grouped,
            "メッセージ": result.rule.title.ja if not result.total else f"{result.total}件: {result.rule.advice.ja}",
        }

    def _breach(self, breach: Breach) -> dict[str, Any]:
        shown = self.show(breach)
        value = f"（値: {shown}）" if shown else ""
        return {
            "シート": breach.sheet,
            "セル範囲": breach.where,
            "説明": breach.what.ja + value,
            "違反重大度": breach.weight,
        }


def max_severity(results: Sequence[Result]) -> Severity:
    """Return the worst of what results count as."""
    order = list(Severity)
    return min((one.counts_as for one in results), key=order.index)


def _groups(result: Result, sheet: str) -> dict[str, Any]:
    weights = Counter(one.weight for one in result.breaches)
    return {
        "合計件数": result.total,
        "グループ": [
            {
                "シート": sheet,
                "重大度": weight,
                "件数": number,
                "代表セル範囲": [one.where for one in result.breaches if one.weight == weight][:3],
            }
            for weight, number in weights.most_common()
        ],
    }


def _short(value: str) -> str:
    return value if len(value) <= 50 else value[:50] + "…"


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
