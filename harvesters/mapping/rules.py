"""What goes wrong in mapped tables, and what a person can do about it: data, one table."""

from __future__ import annotations

from catalog.errors import Label
from harvesters.findings import Level, Rule
from harvesters.readers import cells

_NOTHING = Label("対応は要りません", "Nothing needs to be done")
_CELL = Label("このセルの値を直してください", "Correct the value of this cell")


def _rule(id: str, level: Level, ja: str, en: str, next_step: Label = _NOTHING) -> tuple[str, Rule]:
    return id, Rule(id, level, Label(ja, en), next_step)


#: id -> rule of mapped tables
MAPPED: dict[str, Rule] = dict(
    [
        _rule(
            "row-not-wanted",
            Level.NOTICE,
            "only の条件に合わない行（読み飛ばした）",
            "Rows that do not fulfil only (skipped)",
        ),
        _rule(
            "row-total",
            Level.NOTICE,
            "合計の行（読み飛ばした）",
            "Rows of totals (skipped)",
            Label(
                "観測値として要るなら、mapping の codes で「合計」などの語をコードに対応させてください",
                "If they are wanted as observations, map their word to a code in the codes of the mapping",
            ),
        ),
        _rule(
            "table-unused",
            Level.WARNING,
            "mapping の列がなく使わなかった表",
            "Tables that lack the columns of the mapping (not used)",
            Label(
                "要る表なら見出しか mapping を直し、要らない表なら options の sheet で読むシートを指定してください",
                "If it is wanted, correct its headings or the mapping; if not, name the sheet to read as sheet",
            ),
        ),
        _rule(
            "member-unused",
            Level.NOTICE,
            "圧縮ファイルの中の、表でないファイル（読まない）",
            "Files in an archive that are no tables (not read)",
        ),
        _rule(
            "field-blank",
            Level.REJECTED,
            "必要なセルが空欄の行",
            "Rows with an empty cell where a value is needed",
            Label("値を書いてください", "Write a value"),
        ),
        _rule(
            "row-wide",
            Level.REJECTED,
            "見出しより列が多い行（区切りの,が値の中にある）",
            "Rows with more cells than the header (a separator inside a value)",
            Label(
                '1,234 のような値は桁区切りを消すか、"1,234" のように引用符で囲んでください（L1-15）',
                'Write values like 1,234 without separator, or in quotes as "1,234" (L1-15)',
            ),
        ),
        _rule(
            "area-invalid",
            Level.REJECTED,
            "団体コードとしても地域名としても読めない値",
            "Values that are neither an area code nor the name of an area",
            Label(
                "6桁の団体コードか正式な名称にするか、mapping の area.codes で指定してください",
                "Write a six-digit code or the official name, or say what it is in area.codes of the mapping",
            ),
        ),
        _rule(
            "area-code-repaired",
            Level.REPAIRED,
            "書き方を直した団体コード",
            "Area codes whose writing was repaired",
        ),
        _rule("area-by-name", Level.REPAIRED, "名称から団体コードを補った地域", "Areas whose code was found by name"),
        _rule(
            "period-invalid",
            Level.REJECTED,
            "時点・期間として読めない値",
            "Values that are no period",
            Label("書き方を直すか、mapping の period.as を直してください", "Correct it, or period.as of the mapping"),
        ),
        _rule(
            "code-not-mapped",
            Level.REJECTED,
            "どのコードか分からない値",
            "Values whose code is not known",
            Label(
                "表記を直すか、mapping の codes にその値とコードを加えてください",
                "Correct it, or add the value with its code to codes in the mapping",
            ),
        ),
        _rule(
            "value-blank",
            Level.NOTICE,
            "値が空欄（欠測 O として載せる）",
            "Empty values (published as missing, O)",
            Label(
                "欠測でなければ値を書いてください。載せないなら mapping の value に blank: skip と書いてください",
                "Write the value if there is one; with blank: skip in value of the mapping they are left out",
            ),
        ),
        _rule(
            "value-skipped",
            Level.NOTICE,
            "値が空欄（blank: skip により載せない）",
            "Empty values (left out because of blank: skip)",
        ),
        _rule(
            "text-invalid",
            Level.REPAIRED,
            "改行や前後の空白を除いた文",
            "Texts whose line breaks and outer spaces were removed",
        ),
        _rule(
            "characters-repaired",
            Level.REPAIRED,
            "見えない文字・似た文字を直した値",
            "Values with invisible or look-alike characters, put right",
        ),
        _rule(
            "percent-detected",
            Level.NOTICE,
            "割合の列の書き方（自動判定）",
            "How a column of percentages is written (detected)",
            Label(
                "違う場合は mapping の percent（points は 50.2、fraction は 0.502）で指定してください",
                "If it is wrong, give percent in the mapping: points (50.2) or fraction (0.502)",
            ),
        ),
        _rule(
            "unit-of-heading",
            Level.WARNING,
            "見出しの単位が設定と違う列",
            "Columns whose heading names another unit than the configuration",
            Label(
                "見出しか、mapping の unit と multiply を直してください（千人の列は unit: PS、multiply: 1000）",
                "Correct the heading, or unit and multiply in the mapping (unit: PS, multiply: 1000 for thousands)",
            ),
        ),
        _rule(
            "percent-out-of-range",
            Level.REJECTED,
            "0から100の間にない割合",
            "Percentages that are not within 0 to 100",
            Label(
                "値を直すか、mapping の percent（points・fraction）と multiply を確かめてください",
                "Correct the value, or check percent (points or fraction) and multiply in the mapping",
            ),
        ),
        _rule(
            "count-negative",
            Level.REJECTED,
            "負の分子・分母・人数",
            "Negative numerators, denominators or numbers of people",
            _CELL,
        ),
        _rule(
            "part-exceeds-whole",
            Level.REJECTED,
            "分子が分母より大きい割合",
            "Percentages whose numerator is larger than their denominator",
            _CELL,
        ),
        _rule(
            "period-future",
            Level.WARNING,
            "まだ始まっていない時点・期間",
            "Periods that have not begun",
            Label("書き誤りなら直してください。予測なら対応は要りません", "Correct it, unless it is a forecast"),
        ),
        _rule(
            "rate-hundredfold",
            Level.REJECTED,
            "分子÷分母の100倍か100分の1の割合",
            "Percentages that are a hundred times their numerator over denominator, or a hundredth",
            Label(
                "割合か人数を直してください（0.5 は 50% のことではありませんか）",
                "Correct the percentage or the counts; is 0.5 meant to be 50 percent?",
            ),
        ),
        _rule(
            "rate-differs",
            Level.WARNING,
            "分子÷分母と丸めの範囲を超えて違う割合（割合を採る）",
            "Percentages that differ from numerator over denominator by more than rounding (the percentage is taken)",
            Label(
                "割合か人数のどちらが正しいか確かめてください",
                "Find out whether percentage or counts are right",
            ),
        ),
        _rule(
            "total-differs",
            Level.WARNING,
            "合計の行が明細の和と違う（明細を採る）",
            "Totals that differ from the sum of the rows (the rows are taken)",
            Label("合計か明細のどちらが正しいか確かめてください", "Find out whether the total or the rows are right"),
        ),
        _rule(
            "rate-without-whole",
            Level.NOTICE,
            "分母が0のため割合がない（M として載せる）",
            "Percentages of nothing (published as M)",
        ),
        _rule(
            "rate-over-zero",
            Level.REJECTED,
            "分母が0なのに値のある割合",
            "Percentages with a value and a denominator of 0",
            _CELL,
        ),
        _rule(
            "value-outside-interval",
            Level.REJECTED,
            "信頼区間の外にある値",
            "Values outside their interval",
            _CELL,
        ),
        _rule(
            "status-contradicts",
            Level.REJECTED,
            "値があるのに状態が欠測、または空欄なのに理由のない状態",
            "Values with a status that says they are missing",
            Label(
                "値か状態のどちらかを直すか、mapping の status.codes を直してください",
                "Correct either the value or the status, or status.codes of the mapping",
            ),
        ),
        _rule(
            "number-not-whole",
            Level.REJECTED,
            "整数でない回答者数",
            "Numbers of respondents that are not whole",
            _CELL,
        ),
        _rule(
            "observation-twice",
            Level.REJECTED,
            "同じ指標・地域・時点・区分の2つ目の値（先のものを使う）",
            "Second value of the same indicator, area, period and groups (the first one is used)",
            Label(
                "重複した行を消すか、行を分けている列を breakdowns か only で指定してください",
                "Delete the repeated row, or name the column that tells the rows apart in breakdowns or only",
            ),
        ),
    ]
)
#: rules of every kind whose figures are mapped by declaration
MAPPING_RULES = (*MAPPED.values(), *cells.RULES)
