"""The report as a page of its own: one file without anything from elsewhere, Japanese first, English beside it.

Every text of the file is escaped; there is no script. It prints on paper as it stands: colours carry no meaning alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from catalog.errors import Label
from harvesters.readability.report import CUT, NOT_APPLIED, ReadabilityReport, max_severity
from harvesters.readability.result import Breach, Result
from harvesters.readability.rules import LEVELS, RULES, ReadabilityRule

#: places of a rule that the page shows
_SHOWN = 50

_STYLE = """
:root { color-scheme: light dark; --line: #767676; --soft: #f2f2f2; --bad: #b3001b; --good: #006b3d }
@media (prefers-color-scheme: dark) { :root { --soft: #262626; --bad: #ff9aa8; --good: #7fe0b0 } }
* { box-sizing: border-box }
body { font: 1rem/1.7 system-ui, "Hiragino Sans", "Noto Sans JP", "Yu Gothic UI", sans-serif; margin: 0 auto;
  max-width: 64rem; padding: 1.5rem 1rem }
h1, h2, h3 { line-height: 1.4; overflow-wrap: anywhere }
[lang=en] { font-size: .9em; opacity: .85 }
.scores { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0 }
.scores li { border: 2px solid var(--line); border-radius: .5rem; flex: 1 1 9rem; padding: .5rem 1rem }
.scores strong { display: block; font-size: 2rem; line-height: 1.2 }
.full strong { color: var(--good) } .lost strong { color: var(--bad) }
section { border-top: 1px solid var(--line); margin-top: 1.5rem; break-inside: avoid-page }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid var(--line); overflow-wrap: anywhere; padding: .25rem .5rem; text-align: left;
  vertical-align: top }
th { background: var(--soft) }
.do { background: var(--soft); border-left: .3rem solid var(--line); padding: .5rem 1rem }
@media print { body { max-width: none } .scroll { overflow: visible } }
"""

_LEVELS = {
    1: Label("読める", "can be read"),
    2: Label("計算できる", "can be computed with"),
    3: Label("意味が分かる", "can be understood"),
}
_SEVERITIES = {
    "fatal": Label("致命的（そのレベルは0点）", "fatal (the level gets 0)"),
    "critical": Label("重大", "critical"),
    "major": Label("大きい", "major"),
    "minor": Label("小さい", "minor"),
    "info": Label("参考", "note"),
}


def write_page(report: ReadabilityReport) -> str:
    """Return the page of one file."""
    return write_pages([report])


def write_pages(reports: Sequence[ReadabilityReport]) -> str:
    """Return one page for several files."""
    title = "機械可読性の点検結果 Machine-readability report"
    body = "\n".join(line for report in reports for line in _file(report))
    return (
        f'<!DOCTYPE html>\n<html lang="ja">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}: {escape(', '.join(one.name for one in reports))}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{_both(Label(*title.split(' ', 1)))}</h1>\n"
        f"<p>{_both(_BASIS)}</p>\n{body}\n</main>\n</body>\n</html>\n"
    )


_BASIS = Label(
    "「行政データにおける機械可読性に関するルール」（デジタル庁、2026年3月31日）の30項目による点検です。",
    "Judged by the 30 rules of the Digital Agency's machine-readability rule of 2026-03-31.",
)


def _both(label: Label) -> str:
    return f'{escape(label.ja)} <span lang="en">{escape(label.en)}</span>'


def _file(report: ReadabilityReport) -> Iterator[str]:
    yield f"<section><h2>{escape(report.name)}</h2>"
    encoding = f" {_both(report.encoding)}" if report.encoding else ""
    yield f"<p>{escape(report.format)}, {report.bytes:,} bytes.{encoding}</p>"
    if report.cut:
        yield f"<p>{_both(CUT)}</p>"
    if report.not_applied:
        yield f"<p>{_both(NOT_APPLIED)}: {', '.join(report.not_applied)}</p>"
    yield '<ul class="scores">'
    yield from (_score(report, level) for level in LEVELS)
    yield "</ul>"
    told = [rule for rule in RULES.values() if any(one.total for one in _results(report, rule))]
    if not told:
        yield f"<p>{_both(Label('直すところは見つかりませんでした。', 'Nothing to mend was found.'))}</p>"
    for rule in told:
        yield from _rule(report, rule)
    yield "</section>"


def _score(report: ReadabilityReport, level: int) -> str:
    found = report.score(level)
    points = "—" if found is None else str(found.score)
    kind = "full" if found is not None and found.score == 100 else "lost"
    said = Label("未評価", "not judged") if found is None else Label(f"{found.passed}/{found.total} 合格", "kept")
    return f'<li class="{kind}">L{level} {_both(_LEVELS[level])}<strong>{points}</strong>{_both(said)}</li>'


def _results(report: ReadabilityReport, rule: ReadabilityRule) -> list[Result]:
    return [one for one in report.results if one.rule_id == rule.id]


def _rule(report: ReadabilityReport, rule: ReadabilityRule) -> Iterator[str]:
    told = [one for one in _results(report, rule) if one.total]
    scored = [one for one in told if one.judged and not one.passed]
    cost = _SEVERITIES[str(max_severity(scored))] if scored else Label("採点しない参考情報", "not scored")
    breaches = [breach for one in told for breach in one.breaches]
    total = sum(one.total for one in told)
    yield f"<section><h3>{rule.id} {_both(rule.title)}</h3>"
    yield f"<p>{_both(cost)} — {_both(Label(f'{total}か所', f'{total} places'))}</p>"
    yield f'<p class="do">→ {_both(rule.advice)}</p>'
    label = escape(f"{report.name} {rule.id} の箇所")
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
    yield (
        "<thead><tr>"
        + "".join(f'<th scope="col">{_both(one)}</th>' for one in _columns(report))
        + "</tr></thead><tbody>"
    )
    yield from (_row(report, one) for one in breaches[:_SHOWN])
    yield "</tbody></table></div>"
    if total > _SHOWN:
        rest = total - min(_SHOWN, len(breaches))
        yield f"<p>{_both(Label(f'ほか{rest}か所', f'and {rest} more'))}</p>"
    yield "</section>"


def _columns(report: ReadabilityReport) -> list[Label]:
    columns = [Label("シート", "Sheet"), Label("場所", "Cell"), Label("内容", "What")]
    return [*columns, Label("値", "Value")] if report.values else columns


def _row(report: ReadabilityReport, breach: Breach) -> str:
    cells = [escape(breach.sheet), escape(breach.where), _both(breach.what)]
    cells += [escape(report.show(breach))] if report.values else []
    return "<tr>" + "".join(f"<td>{one}</td>" for one in cells) + "</tr>"
