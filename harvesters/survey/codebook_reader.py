"""Read the code book of a survey from its tables.

One row an option; the question's own cells stand in its first row and hold for the rows below. Columns are found by
their headings, or as the option ``codebook_columns`` names them::

    設問番号 | 設問文 | 回答形式 | 選択肢番号 | 選択肢 | 肯定的回答 | 指標No.

The positive answers are marked row by row (○), or listed once a question (``1,2``, ``1-2``, ``はい、まあはい``). All
options of a question may also stand in one cell (``1:はい 2:いいえ``). How "no answer" is coded stands in a note
(``※無回答は99（複数回答は9）``), in a row of its own (``99 無回答``) or in the options. Which indicator a
question feeds and which answers are positive may be declared by the option ``questions`` instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog.errors import InputError, Label, Place
from catalog.model import Period
from catalog.model.indicator import IndicatorSet
from harvesters.findings import Findings
from harvesters.readers.detected import Detected
from harvesters.readers.eras import find_times
from harvesters.readers.grid import show
from harvesters.readers.tables import Column, FoundTable, fold
from harvesters.survey.codebook import NO_ANSWER_LABELS, AnswerOption, CodeBook, DeclaredQuestion, Question, plain_code
from harvesters.survey.rules import SURVEY

#: role of a column -> headings that it is found by
HEADINGS = {
    "question": (
        "設問番号",
        "設問No.",
        "設問No",
        "問番号",
        "設問",
        "問",
        "質問番号",
        "質問No.",
        "質問No",
        "設問ID",
        "Q",
    ),
    "wording": ("設問文", "質問文", "設問内容", "質問内容", "設問文言", "質問"),
    "form": ("回答形式", "回答方法", "形式", "種別", "回答タイプ", "設問タイプ", "SA/MA"),
    "option": ("選択肢番号", "選択肢No.", "選択肢No", "選択肢コード", "回答コード", "コード", "番号", "回答番号", "値"),
    "label": ("選択肢", "選択肢名", "選択肢内容", "回答", "回答内容", "カテゴリ", "ラベル"),
    "positive": ("肯定的回答", "肯定", "肯定回答", "肯定的選択肢", "肯定フラグ", "集計対象", "正"),
    "indicator": ("指標No.", "指標No", "指標番号", "指標", "指標ID", "対応指標", "KPI", "KPI番号", "KPINo."),
}
_YES = frozenset(
    {"○", "〇", "◯", "●", "◎", "1", "true", "y", "yes", "はい", "有", "レ", "✓", "肯定", "肯定的", "該当", "対象"}
)
_NO = frozenset(
    {"", "0", "×", "x", "-", "ー", "―", "false", "n", "no", "否", "否定", "否定的", "中立", "非該当", "対象外", "無"}
)
_CODE = r"[\s「『\"'：:＝=は]{0,3}(\d+)"
_NO_ANSWER = re.compile(rf"無回答{_CODE}(?:.*?複数回答{_CODE})?")
_NO_ANSWER_AFTER = re.compile(r"(\d+)[\s」』\"']?(?:[:=]|は|が|…|\.{2,})\s*無回答")
_MULTIPLE = re.compile(r"複数|MA\b|LA\b|すべて|いくつでも|全て", re.IGNORECASE)
#: the beginning of an option in a cell that lists them: ``1:`` ``2．`` ``3=`` ``4)`` ``(5)``
_LISTED = re.compile(r"(?:^|[\s、,;/|])\(?(\d{1,3})\s*[:.=)]\s*")
#: what stands between several codes or labels, the surest first
_SEVERAL = tuple(re.compile(one) for one in (r"[,、;\n]+", r"[,、;/\s]+", r"[,、;/・\s]+|と"))
_SPAN = re.compile(r"(\d+)\s*[-~〜～–]\s*(\d+)")
_INDICATOR = re.compile(r"(?:kpi|指標|no\.?|#)*[-_.:]*0*(\d{1,2})")


def read_codebook(
    tables: Sequence[FoundTable],
    indicators: IndicatorSet,
    options: Mapping[str, Any],
    findings: Findings,
    *,
    sheet: str | None = None,
    period: Period | None = None,
) -> CodeBook:
    """Read the code book from the tables of its file.

    Parameters
    ----------
    tables
        The tables of the file; those with the columns of a code book are read.
    indicators
        The indicators that exist.
    options
        Of the source: ``codebook_columns``, ``questions``, ``no_answer``, ``no_answer_multiple``.
    findings
        Takes what was detected and what cannot be used.
    sheet
        The sheet to read; None for all, or for the one that is named after the period.
    period
        Of the wave that it is read for; None if that is not known yet, which any sheet will do for.

    Raises
    ------
    InputError
        If no table has the columns, the table has no question, or two sheets explain the same question.
    """
    declared: Mapping[str, DeclaredQuestion] = options.get("questions") or {}
    chosen = _tables(tables, options["codebook_columns"] or {}, declared, sheet, period)
    questions: dict[str, tuple[Question, Place]] = {}
    for table, columns in chosen:
        for one in _questions(table, columns, indicators, findings):
            place = table.grid.place(table.header.start)
            if fold(one.id) in questions and period is not None:
                raise _twice(one.id, questions[fold(one.id)][1], place)
            questions.setdefault(fold(one.id), (one, place))
    found = _declared(tuple(one for one, _ in questions.values()), declared, indicators, chosen[0][0].grid.place())
    if not found:
        raise InputError(
            "コード表に設問がありません",
            "The code book has no question",
            next_step=Label("設問番号の列を確かめてください", "Check the column of question numbers"),
            place=chosen[0][0].grid.place(chosen[0][0].header.start),
        )
    _tell_no_answer(found, chosen[0][0], findings)
    single, multiple, said = _no_answer(chosen[0][0], options, findings)
    return CodeBook(
        file=chosen[0][0].grid.file,
        questions=_without_repeated_indicators(found, chosen[0][0], findings),
        no_answer=single,
        no_answer_multiple=multiple,
        declared_no_answer=said,
    )


def _twice(id: str, first: Place, second: Place) -> InputError:
    return InputError(
        f"コード表に「{id}」が2度あります（{first}）",
        f"The code book explains {id} twice (first at {first})",
        next_step=Label(
            "シートごとに回が違うなら、options の codebooks で「ファイル名#シート名」と指定してください",
            "If each sheet is about another wave, name it in the option codebooks as file#sheet",
        ),
        place=second,
        value=id,
    )


def _tables(
    tables: Sequence[FoundTable],
    declared: Mapping[str, str],
    questions: Mapping[str, Any],
    sheet: str | None,
    period: Period | None,
) -> list[tuple[FoundTable, dict[str, Column]]]:
    """Return the tables that explain questions, each with its columns: of the sheet, else of the wave, else all."""
    usable = []
    for table in tables if sheet is None else [one for one in tables if one.grid.sheet == sheet]:
        columns = {role: found for role in HEADINGS if (found := _column(table, role, declared))}
        if all(role in columns for role in _required(questions)):
            usable.append((table, columns))
    if not usable:
        raise _lacking(tables, declared, questions, sheet)
    own = [one for one in usable if period is not None and _is_about(one[0].grid.sheet, period)]
    return own or usable


def _is_about(sheet: str | None, period: Period) -> bool:
    return period in {time.period for _, time in find_times(sheet or "", bare="fiscal_year")}


def _required(questions: Mapping[str, Any]) -> tuple[str, ...]:
    return ("question", "label", *(() if questions else ("positive", "indicator")))


def _lacking(
    tables: Sequence[FoundTable], declared: Mapping[str, str], questions: Mapping[str, Any], sheet: str | None
) -> InputError:
    def lacks(table: FoundTable) -> list[str]:
        return [role for role in _required(questions) if _column(table, role, declared) is None]

    own = [one for one in tables if sheet is None or one.grid.sheet == sheet] or tables
    first = min(own, key=lambda one: len(lacks(one)))
    missing = lacks(first)
    wanted = "、".join(declared.get(role) or HEADINGS[role][0] for role in missing)
    now = "、".join(one.name for one in first.columns)
    return InputError(
        f"コード表に必要な列がありません: {wanted}" if missing else f"コード表にシート「{sheet}」がありません",
        f"The code book lacks columns: {', '.join(missing)} ({wanted})" if missing else f"No sheet {sheet!r}",
        next_step=Label(
            f"見出しを直すか、options の codebook_columns で指定してください（今の見出し: {now}）。"
            "肯定的回答と指標の列がなければ questions で設問ごとに指定できます",
            f"Correct the headings, or name them in the option codebook_columns (now: {now}). "
            "Instead of columns of positive answers and indicators, questions may be declared in the option questions",
        ),
        place=first.grid.place(first.header.start),
        missing=missing,
    )


def _column(table: FoundTable, role: str, declared: Mapping[str, str]) -> Column | None:
    if role in declared:
        return table.find_column(declared[role])
    return next((found for name in HEADINGS[role] if (found := table.find_column(name))), None)


def _questions(
    table: FoundTable, columns: Mapping[str, Column], indicators: IndicatorSet, findings: Findings
) -> list[Question]:
    groups: list[tuple[str, list[int]]] = []
    for row in table.iter_data():
        own = show(table.grid.own_value(row, columns["question"].index))
        if not groups or (own and own != groups[-1][0]):
            groups.append((own, []))
        groups[-1][1].append(row)
    return [_question(table, columns, rows, indicators, findings) for id, rows in groups if id]


def _question(
    table: FoundTable, columns: Mapping[str, Column], rows: Sequence[int], indicators: IndicatorSet, findings: Findings
) -> Question:
    def text(role: str, row: int) -> str:
        return table.text(row, columns[role]) if role in columns else ""

    first = rows[0]
    listed = {row: _options_of(text("option", row), text("label", row), numbered="option" in columns) for row in rows}
    labels = {code: label for options in listed.values() for code, label in options}
    positive, unread = _marked({row: text("positive", row) for row in rows}, listed, labels)
    for row, said in unread:
        findings.add(SURVEY["positive-unknown"], table.grid.place(row, columns["positive"].index), said)
    wording = text("wording", first)
    missing = frozenset(code for code, label in labels.items() if fold(label) in NO_ANSWER_LABELS)
    question = Question(
        id=text("question", first),
        wording=wording,
        multiple=bool(_MULTIPLE.search(text("form", first)))
        or ("form" not in columns and bool(_MULTIPLE.search(wording))),
        options=tuple(
            AnswerOption(code, label, code in positive) for code, label in labels.items() if code not in missing
        ),
        indicator=_indicator(table, columns, first, indicators, findings) if "indicator" in columns else None,
        no_answer=missing,
    )
    if question.indicator and not question.positive:
        place = table.grid.place(first, columns["positive"].index if "positive" in columns else None)
        findings.add(SURVEY["question-without-positive"], place, question.id)
    return question


def _options_of(code: str, label: str, *, numbered: bool) -> list[tuple[str, str]]:
    """Return the options of a row with their codes: one, or those that the cell lists (``1:はい 2:いいえ``)."""
    if code:
        return [(plain_code(code), label)]
    if not numbered and not _LISTED.search(unicodedata.normalize("NFKC", label)):
        return [(plain_code(label), label)] if label else []
    narrow = unicodedata.normalize("NFKC", label)
    found = list(_LISTED.finditer(narrow))
    ends = [*(one.start() for one in found[1:]), len(narrow)]
    return [
        (plain_code(one[1]), narrow[one.end() : end].strip(" \n\t,、;/|")) for one, end in zip(found, ends, strict=True)
    ]


def _marked(
    marks: Mapping[int, str], options: Mapping[int, Sequence[tuple[str, str]]], labels: Mapping[str, str]
) -> tuple[set[str], list[tuple[int, str]]]:
    """Return the codes that are positive, of rows with a mark or else as cells list them, and what is no option."""
    plain = {row: fold(mark) for row, mark in marks.items()}
    listed = any(len(one) > 1 for one in options.values()) or not all(mark in _YES | _NO for mark in plain.values())
    if not listed:
        return {code for row, mark in plain.items() if mark in _YES for code, _ in options[row]}, []
    codes = {row: codes_of(mark, labels) for row, mark in marks.items() if mark}
    unread = [(row, marks[row]) for row, found in codes.items() if not found or not set(found) <= set(labels)]
    return {code for found in codes.values() for code in found if code in labels}, unread


def codes_of(text: str, labels: Mapping[str, str]) -> list[str]:
    """Return the codes that a text names by number, span of numbers or label: ``1,2``, ``1-2``, ``はい、まあはい``.

    What is none of the labels' codes is among them, as it is written, if there is no other way to read the text.
    """
    by_label = {fold(label): code for code, label in labels.items()}
    narrow = unicodedata.normalize("NFKC", text).strip()
    if fold(narrow) in by_label:
        return [by_label[fold(narrow)]]
    cut = [[one.strip() for one in form.split(narrow) if one.strip()] for form in _SEVERAL]
    read = [[code for part in parts for code in _codes_of_part(part, by_label)] for parts in cut]
    whole = (codes for codes in read if codes and set(codes) <= set(labels))
    return next(whole, read[0])


def _codes_of_part(part: str, by_label: Mapping[str, str]) -> list[str]:
    span = _SPAN.fullmatch(part)
    if span:
        return [str(one) for one in range(int(span[1]), int(span[2]) + 1)]
    leading = re.match(r"(\d+)\s*[:.]", part)
    return [by_label.get(fold(part)) or (leading[1] if leading else plain_code(part))]


def _indicator(
    table: FoundTable, columns: Mapping[str, Column], row: int, indicators: IndicatorSet, findings: Findings
) -> str | None:
    text = fold(table.text(row, columns["indicator"]))
    if not text or text in _NO:
        return None
    found = find_indicator(text, indicators)
    if found is None:
        findings.add(SURVEY["indicator-unknown"], table.grid.place(row, columns["indicator"].index), text)
    return found


def find_indicator(text: str, indicators: IndicatorSet) -> str | None:
    """Return the id of an indicator that is named by id, number (``指標1``, ``KPI-01``) or title, or None."""
    folded = fold(text)
    match = _INDICATOR.fullmatch(plain_code(folded))
    number = int(match[1]) if match else None
    return next(
        (
            one.id
            for one in indicators.indicators
            if folded in {one.id, fold(one.label.ja), fold(one.label.en)} or one.number == number
        ),
        None,
    )


def _declared(
    questions: Sequence[Question], declared: Mapping[str, DeclaredQuestion], indicators: IndicatorSet, place: Place
) -> tuple[Question, ...]:
    """Return the questions with what the option ``questions`` says of them."""
    known = {fold(one.id): one for one in questions}
    for id, said in declared.items():
        question = known.get(fold(id))
        if question is None:
            raise _not_there(id, [one.id for one in questions], place)
        labels = {one.code: one.label for one in question.options}
        positive = [code for text in said.positive for code in codes_of(text, labels)]
        indicator = find_indicator(said.indicator, indicators)
        if not set(positive) <= set(labels) or indicator is None:
            allowed = [f"{code} {label}" for code, label in labels.items()]
            raise _not_usable(id, said, allowed if indicator else [one.id for one in indicators.indicators], place)
        options = tuple(AnswerOption(one.code, one.label, one.code in positive) for one in question.options)
        known[fold(id)] = replace(question, options=options, indicator=indicator)
    return tuple(known[fold(one.id)] for one in questions)


def _not_there(id: str, ids: Sequence[str], place: Place) -> InputError:
    return InputError(
        f"options の questions の「{id}」がコード表にありません",
        f"{id} of the option questions is not in the code book",
        next_step=Label(f"コード表の設問: {'、'.join(ids)}", f"Questions of the code book: {', '.join(ids)}"),
        place=place,
        value=id,
    )


def _not_usable(id: str, said: DeclaredQuestion, allowed: Sequence[str], place: Place) -> InputError:
    return InputError(
        f"options の questions の「{id}」の肯定的回答か指標がコード表・指標の一覧にありません",
        f"Positive answers or indicator of {id} in the option questions are not known",
        next_step=Label(f"次のどれかを書いてください: {'、'.join(allowed)}", f"One of: {', '.join(allowed)}"),
        place=place,
        value=f"{said.indicator}: {'、'.join(said.positive)}",
    )


def _without_repeated_indicators(
    questions: Sequence[Question], table: FoundTable, findings: Findings
) -> tuple[Question, ...]:
    """Return the questions of which no two feed the same indicator; the later ones are reported and feed none."""
    seen: set[str] = set()
    kept = []
    for one in questions:
        if one.indicator in seen:
            place = table.grid.place(table.header.start)
            findings.add(SURVEY["indicator-twice"], place, f"{one.id}: {one.indicator}")
            kept.append(replace(one, indicator=None))
            continue
        seen |= {one.indicator} if one.indicator else set()
        kept.append(one)
    return tuple(kept)


def _tell_no_answer(questions: Sequence[Question], table: FoundTable, findings: Findings) -> None:
    codes = sorted({code for one in questions for code in one.no_answer})
    if codes:
        evidence = Label("コード表の選択肢に「無回答」などとある", "Options of the code book that say no answer")
        place = table.grid.place(table.header.start)
        findings.extend([Detected(what="no-answer", value="、".join(codes), evidence=evidence, place=place).finding])


def _no_answer(
    table: FoundTable, options: Mapping[str, Any], findings: Findings
) -> tuple[frozenset[str], frozenset[str], bool]:
    """Return the codes of no answer to single and in multiple answers, and whether they are declared."""
    single, multiple = options["no_answer"], options["no_answer_multiple"]
    said = bool(single or multiple)
    for row, note in (*table.titles, *table.notes):
        narrow = unicodedata.normalize("NFKC", note)
        match = _NO_ANSWER.search(narrow) or _NO_ANSWER_AFTER.search(narrow)
        if match and single is None:
            single = (match[1],)
            second = match[2] if match.re is _NO_ANSWER else None
            multiple = multiple or ((second,) if second else None)
            found = Detected(
                what="no-answer",
                value="、".join(one for one in (match[1], second) if one),
                evidence=Label(f"コード表の注「{note}」", f"Note of the code book: {note}"),
                place=table.grid.place(row),
            )
            findings.extend([found.finding])
    codes, own = (frozenset(plain_code(one) for one in found or ()) for found in (single, multiple or single))
    return codes, own, said
