"""The 30 rules of the government's machine-readability rule, as data: level, severity, file kinds, what to do.

The ids, levels and severities are those of 「行政データにおける機械可読性に関するルール」 (Digital Agency, 2026-03-31);
the titles and the advice are ours. Five rules ask for something that a table alone does not show (a code table beside
it, other years' files). The sample checker of the Digital Agency leaves them out of the score; we look at them as far
as we can and leave them out too.

References
----------
Digital Agency, machine_readability_rule: rules, ``docs/guides/scoring.md`` (Public Data License 1.0, code MIT).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from catalog.errors import Label


class Severity(StrEnum):
    """How bad a broken rule is."""

    #: the level gets no points at all
    FATAL = "fatal"
    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"


class Kind(StrEnum):
    """Which files a rule is about."""

    ANY = "any"
    #: workbooks
    EXCEL = "excel"
    #: delimited text
    CSV = "csv"
    #: typed columns: no sheet, no text
    PARQUET = "parquet"


#: severity -> points that a broken rule costs at level 1, 2 and 3; a fatal one forces the level to 0 instead
DEDUCTIONS: dict[Severity, tuple[int, int, int]] = {
    Severity.CRITICAL: (10, 40, 15),
    Severity.MAJOR: (5, 30, 10),
    Severity.MINOR: (2, 10, 5),
    Severity.INFO: (0, 0, 0),
}


@dataclass(frozen=True, slots=True)
class ReadabilityRule:
    """One rule."""

    #: its id, such as ``L2-01``
    id: str
    #: what breaking it costs
    severity: Severity
    #: the files that it is about
    kind: Kind
    #: what it asks, in few words
    title: Label
    #: what to do where it is broken
    advice: Label
    #: whether it counts in the score
    scored: bool = True

    @property
    def level(self) -> int:
        """1, 2 or 3."""
        return int(self.id[1])


def _rule(
    id: str, severity: Severity, title: Label, advice: Label, *, kind: Kind = Kind.ANY, scored: bool = True
) -> tuple[str, ReadabilityRule]:
    return id, ReadabilityRule(id, severity, kind, title, advice, scored)


_F, _C, _M, _m = Severity.FATAL, Severity.CRITICAL, Severity.MAJOR, Severity.MINOR

#: id -> rule, in the order of the standard
RULES: dict[str, ReadabilityRule] = dict(
    [
        _rule(
            "L1-01",
            _F,
            Label("機械が読める形式（xlsx、CSVなど）である", "The format can be read by machines (xlsx, CSV, ...)"),
            Label("xlsxかCSVで保存し直してください", "Save it as xlsx or CSV"),
        ),
        _rule(
            "L1-02",
            _F,
            Label("1シート（1ファイル）に表は1つ", "One table on a sheet (in a file)"),
            Label("表ごとにシートかファイルを分けてください", "Put each table on a sheet or in a file of its own"),
        ),
        _rule(
            "L1-03",
            _C,
            Label("空白の行や列で表が分かれていない", "No blank rows or columns cut the table"),
            Label("空白の行・列を削除して表をつなげてください", "Delete the blank rows and columns"),
        ),
        _rule(
            "L1-04",
            _M,
            Label("表の外にメモや合計などがない", "Nothing stands outside the table: no notes, totals or titles"),
            Label(
                "題名・注記・出典は説明文書か別のシートに移し、合計の行は区分の列を設けるか削除してください",
                "Move titles, notes and sources to the description; give totals a column or delete them",
            ),
        ),
        _rule(
            "L1-05",
            _C,
            Label("すべての列に意味の分かる項目名がある", "Every column has a meaningful name"),
            Label("項目名のない列に具体的な名前を付けてください", "Give the column a name that says what it holds"),
        ),
        _rule(
            "L1-06",
            _C,
            Label("スペースや改行で体裁を整えていない", "No spaces or line breaks for looks"),
            Label(
                "値の前後の空白、全角スペース、続いた空白、セル内の改行を削除してください",
                "Delete leading, trailing, full-width and repeated spaces and line breaks",
            ),
        ),
        _rule(
            "L1-07",
            _C,
            Label("1セルに1データ", "One value in a cell"),
            Label("値ごとに列か行を分けてください", "Put each value in a column or row of its own"),
        ),
        _rule(
            "L1-08",
            _C,
            Label("機種依存文字を使っていない", "No platform-dependent characters"),
            Label(
                "丸数字・ローマ数字・〜などを、ふつうの数字や文字、「-」に置き換えるか、UTF-8で保存してください",
                "Replace circled and Roman numerals and wave dashes, or save the file as UTF-8",
            ),
        ),
        _rule(
            "L1-09",
            _m,
            Label("空白とゼロを区別している", "Blank and zero are told apart"),
            Label(
                "値がないセルには「-」などの記号を入れ、その意味を説明に書いてください",
                "Mark cells without a value with a symbol such as - and explain it",
            ),
            scored=False,
        ),
        _rule(
            "L1-10",
            _C,
            Label("画像や図形などを使っていない", "No pictures, charts or shapes over the table"),
            Label(
                "図の内容をセルに書き、図は表の外かシートの外に置いてください",
                "Write what they say into cells and move them off the table",
            ),
            kind=Kind.EXCEL,
        ),
        _rule(
            "L1-11",
            _C,
            Label("色や太字だけで意味を表していない", "No meaning by colour or bold alone"),
            Label("色や太字で示した違いを、列を設けて文字で書いてください", "Say it in words in a column of its own"),
            kind=Kind.EXCEL,
        ),
        _rule(
            "L1-12",
            _C,
            Label("セルを結合していない", "No merged cells"),
            Label("結合を解除し、それぞれのセルに同じ値を入れてください", "Unmerge and repeat the value in every cell"),
            kind=Kind.EXCEL,
        ),
        _rule(
            "L1-13",
            _C,
            Label("非表示の行や列がない", "No hidden rows or columns"),
            Label("要らない行・列は削除し、要るものは再表示してください", "Delete what is not needed, unhide the rest"),
            kind=Kind.EXCEL,
        ),
        _rule(
            "L1-14",
            _F,
            Label("CSVの1行が1データ", "One record on one line of the CSV"),
            Label("値の中の改行を取り除いてください", "Take the line breaks out of the values"),
            kind=Kind.CSV,
        ),
        _rule(
            "L1-15",
            _F,
            Label("カンマを含む値を引用符で囲んでいる", "Values with commas are quoted"),
            Label(
                'カンマや「"」を含む値の全体を「"」で囲み、すべての行の列数をそろえてください',
                'Put values that hold commas or quotes in "..." and give every row the same number of columns',
            ),
            kind=Kind.CSV,
        ),
        _rule(
            "L2-01",
            _F,
            Label("数値のセルは数値だけ", "Numbers only in cells of numbers"),
            Label(
                "単位・桁区切り以外の文字・▲・注の記号を取り、単位は項目名へ、注は別の列へ移してください",
                "Take out units, note marks and ▲; units go to the column name, notes to a column of their own",
            ),
        ),
        _rule(
            "L2-02",
            _F,
            Label("同じ値を省略していない", "Repeated values are written out"),
            Label("「〃」「同上」や空白をやめ、すべての行に値を書いてください", "Write the value in every row"),
        ),
        _rule(
            "L2-03",
            _F,
            Label("項目名は1行で一意", "Column names are unique and in one row"),
            Label(
                "見出しの結合を解除し、1行で列ごとに違う名前にしてください",
                "Unmerge the header and give each column a name of its own in one row",
            ),
        ),
        _rule(
            "L2-04",
            _C,
            Label("選択肢の表記がそろっている", "Choices are written in one way"),
            Label("似た表記を1つに統一するか、コードにしてください", "Settle on one way of writing, or use codes"),
        ),
        _rule(
            "L2-05",
            _M,
            Label("「その他」の内容は別の列", "What 'other' means stands in a column of its own"),
            Label(
                "選択肢は「その他」だけにし、内容は別の列に書いてください",
                "Keep the choice 'other' alone and move the details to another column",
            ),
        ),
        _rule(
            "L2-06",
            _M,
            Label("数式を値にしている", "Formulas are replaced by values"),
            Label("コピーして「値の貼り付け」をしてください", "Copy and paste as values"),
            kind=Kind.EXCEL,
        ),
        _rule(
            "L3-01",
            _F,
            Label("1行目が項目名、2行目からデータ", "Row 1 has the names, data begin in row 2"),
            Label(
                "表の上の題名や空白行を消し、見出しを1行にしてください",
                "Delete titles and blank rows above the table; one header row",
            ),
        ),
        _rule(
            "L3-02",
            _C,
            Label("コード表が別添されている", "A code table comes with it"),
            Label(
                "コードの意味を datapackage.json などに書いて一緒に公開してください",
                "Publish the meaning of the codes with it, such as in datapackage.json",
            ),
            scored=False,
        ),
        _rule(
            "L3-03",
            _M,
            Label("特殊記号の意味が明記されている", "Special symbols are explained"),
            Label(
                "「-」「X」などの意味を datapackage.json の missingValues などに書いてください",
                "Explain -, X and the like, such as in missingValues of datapackage.json",
            ),
            scored=False,
        ),
        _rule(
            "L3-04",
            _M,
            Label("数値の列に単位がある", "Columns of numbers have a unit"),
            Label(
                "項目名を「人口（人）」「率（%）」のように単位付きにしてください",
                "Put the unit in the column name, such as 人口（人）",
            ),
        ),
        _rule(
            "L3-05",
            _M,
            Label("時点の表記がそろっている", "Dates and periods are written in one standard way"),
            Label(
                "西暦の 2021-04-01 または 2021年度 のどちらかに列の全体でそろえてください",
                "Use 2021-04-01 or 2021年度 all through the column",
            ),
        ),
        _rule(
            "L3-06",
            _C,
            Label("地域コードか正式な地域名がある", "Area codes or official area names"),
            Label(
                "「千葉」ではなく「千葉県」「千葉市」と書き、団体コードの列を加えてください",
                "Write the official name, and add a column of area codes",
            ),
        ),
        _rule(
            "L3-07",
            _C,
            Label("年によって形が変わっていない", "The same layout year after year"),
            Label(
                "項目名と並びを前の年にそろえるか、変更の履歴を書いてください",
                "Keep names and order of the columns, or write a change log",
            ),
            scored=False,
        ),
        _rule(
            "L3-08",
            _M,
            Label("定義・更新履歴・文字コードの説明がある", "Definitions, history and encoding are described"),
            Label(
                "項目の定義、更新日、文字コードとBOMの有無を datapackage.json などに書いてください",
                "Describe columns, date of change and encoding, such as in datapackage.json",
            ),
            scored=False,
        ),
        _rule(
            "L3-09",
            _M,
            Label("縦持ち形式である", "Long format"),
            Label(
                "年や番号が並ぶ列を「年」「値」の2列にし、行に展開してください",
                "Turn columns of years or numbers into rows with a column for the year",
            ),
        ),
    ]
)

LEVELS = (1, 2, 3)
#: rules about sheets and text, which typed columns with a schema cannot break and cannot keep
NOT_OF_COLUMNS = frozenset({"L1-02", "L1-03", "L1-04", "L1-08", "L2-03", "L3-01"})
