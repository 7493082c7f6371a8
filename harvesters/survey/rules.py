"""What goes wrong in surveys, cross tables and registers, and what a person can do about it: data, one table."""

from __future__ import annotations

from catalog.errors import Label
from harvesters.findings import Level, Rule

_NOTHING = Label("対応は要りません", "Nothing needs to be done")
_CODES = Label(
    "表記を直すか、options の codes で意味を指定してください", "Correct it, or say what it means in the option codes"
)
_CODE_BOOK = Label("コード表を直してください", "Correct the code book")
_CELL = Label("このセルの値を直してください", "Correct the value of this cell")
_ASK = Label("資料の作成者に確かめてください", "Ask who made the file")


def _rule(id: str, level: Level, ja: str, en: str, next_step: Label = _NOTHING) -> tuple[str, Rule]:
    return id, Rule(id, level, Label(ja, en), next_step)


#: respondent-level answers and their code book
SURVEY: dict[str, Rule] = dict(
    [
        _rule("row-width", Level.REJECTED, "列の数が見出しと違う行", "Rows with another number of cells", _CELL),
        _rule("row-total", Level.NOTICE, "合計の行（使わない）", "Rows of totals (not used)"),
        _rule("row-empty", Level.NOTICE, "回答が一つもない行（使わない）", "Rows without any answer (not used)"),
        _rule(
            "respondent-twice",
            Level.REJECTED,
            "同じ回答者番号の2つ目の行",
            "Second row of the same respondent",
            Label("重複した行を消してください", "Delete the repeated row"),
        ),
        _rule("weight-invalid", Level.REJECTED, "ウェイトが正の数でない行", "Rows whose weight is not above 0", _CELL),
        _rule(
            "answer-unknown",
            Level.PARTLY,
            "選択肢にない回答（その設問の計算から除外）",
            "Answers that are no option of the question (left out of that question)",
            Label(
                "回答を直すか、コード表に選択肢を加えてください",
                "Correct the answer, or add the option to the code book",
            ),
        ),
        _rule(
            "answer-mixed",
            Level.PARTLY,
            "複数回答の一部の列だけが無回答（その設問の計算から除外）",
            "Multiple answers with no-answer in some columns only (left out of that question)",
            _CELL,
        ),
        _rule(
            "answer-nothing-chosen",
            Level.NOTICE,
            "複数回答で何も選ばれていない（無回答とした）",
            "Multiple answers with nothing chosen (taken for no answer)",
        ),
        _rule(
            "answer-repaired",
            Level.REPAIRED,
            "書き方を直した回答（全角、小数）",
            "Answers whose writing was repaired (full width, decimals)",
        ),
        _rule(
            "group-unknown",
            Level.PARTLY,
            "読めない区・年代・性別など（その内訳からだけ除外）",
            "Wards, ages, sexes... that are not understood (left out of that breakdown only)",
            _CODES,
        ),
        _rule(
            "column-missing",
            Level.WARNING,
            "コード表にあって回答の列がない設問（計算しない）",
            "Questions of the code book without a column of answers (not computed)",
            Label("設問の列名をコード表に合わせてください", "Name the columns as the code book names the questions"),
        ),
        _rule(
            "column-unknown",
            Level.NOTICE,
            "使わない列",
            "Columns that are not used",
            Label(
                "使うべき列なら options の columns で指定してください",
                "If it should be used, name it in the option columns",
            ),
        ),
        _rule(
            "question-without-positive",
            Level.WARNING,
            "肯定的回答の決まっていない設問（計算しない）",
            "Questions without a positive answer (not computed)",
            _CODE_BOOK,
        ),
        _rule(
            "positive-unknown",
            Level.WARNING,
            "肯定的回答の欄にあって選択肢にない値（使わない）",
            "What stands for positive answers and is no option (not used)",
            Label(
                "選択肢の番号か名前にしてください（表計算ソフトは 1-2 を日付に変えるので、文字列にするか 1,2 と書く）",
                "Write codes or labels of options; spreadsheets make a date of 1-2, so store it as text or write 1,2",
            ),
        ),
        _rule(
            "indicator-unknown",
            Level.WARNING,
            "指標の一覧にない指標番号（計算しない）",
            "Indicator numbers that are not in the set (not computed)",
            _CODE_BOOK,
        ),
        _rule(
            "period-unknown",
            Level.REJECTED,
            "調査の時点が読めない行",
            "Rows whose wave is not understood",
            Label(
                "表記を直すか、options の codes の period で指定してください（例: {period: {第1回: FY2022}}）",
                "Correct it, or say what it means under period in the option codes, such as {period: {第1回: FY2022}}",
            ),
        ),
        _rule(
            "indicator-twice",
            Level.WARNING,
            "ほかの設問と同じ指標を指す設問（先の設問だけを計算する）",
            "Questions that name the indicator of another question (only the first one is computed)",
            _CODE_BOOK,
        ),
        _rule(
            "table-unused",
            Level.NOTICE,
            "設問の列がない表（使わない）",
            "Tables without a column of a question (not used)",
        ),
        _rule(
            "wave-in-parts",
            Level.WARNING,
            "同じ時点の回答が複数のファイルにある（あわせて集計する）",
            "Answers of the same period in several files (taken together)",
            Label(
                "別の回なら options の periods で時点を分けてください",
                "If they are different waves, tell them apart in the option periods",
            ),
        ),
        _rule(
            "wording-changed",
            Level.WARNING,
            "前回から設問文か選択肢が変わった（系列の断絶 B とする）",
            "Question or options changed since the wave before (marked as a break, B)",
            Label("比べられない変更か確かめてください", "Check that the change matters"),
        ),
        _rule(
            "withheld",
            Level.NOTICE,
            "少人数のため、または逆算を防ぐために秘匿した区分の数",
            "Groups withheld, as they are small or would give a small one away",
        ),
        _rule(
            "base-small",
            Level.NOTICE,
            "回答者が30人に満たない区分の数（状態 U）",
            "Groups of fewer than 30 respondents (status U)",
        ),
        _rule("raked", Level.NOTICE, "ウェイトを母集団に合わせて計算した", "Weights were raked to the population"),
        _rule(
            "raking-open",
            Level.WARNING,
            "ウェイトの計算が収束しなかった（ウェイトなしで集計した）",
            "Raking did not converge (computed without weights)",
            Label(
                "母集団の表どうしが矛盾していないか確かめてください",
                "Check whether the population tables contradict each other",
            ),
        ),
    ]
)

#: tables of figures that somebody else computed
TABLES: dict[str, Rule] = dict(
    [
        _rule(
            "table-unused",
            Level.NOTICE,
            "指標に当たらない表",
            "Tables that belong to no indicator",
            Label(
                "使うべき表なら options の questions で指定してください",
                "If it should be used, name it in the option questions",
            ),
        ),
        _rule(
            "wording-differs", Level.WARNING, "設問文がコード表と違う", "Wording that differs from the code book", _ASK
        ),
        _rule(
            "option-missing",
            Level.REJECTED,
            "肯定的回答の行がない表",
            "Tables without the rows of the positive answers",
            Label(
                "選択肢の名前をコード表に合わせるか、options の questions で指定してください",
                "Name the options as the code book does, or give them in the option questions",
            ),
        ),
        _rule(
            "group-unknown",
            Level.PARTLY,
            "読めない区分（その列・行を使わない）",
            "Groups that are not understood (not used)",
            _CODES,
        ),
        _rule(
            "group-twice",
            Level.WARNING,
            "同じ区分の2つ目の、違う値（先の値を採る）",
            "Second, different value of the same group (the first one is taken)",
            _ASK,
        ),
        _rule(
            "sum-differs",
            Level.WARNING,
            "構成比の合計が100%から丸めの範囲を超えて離れている",
            "Percentages that add up to other than 100 by more than rounding",
            _ASK,
        ),
        _rule(
            "multiple-answers",
            Level.REJECTED,
            "複数回答の表は肯定的回答を足せない",
            "Percentages of multiple answers cannot be added up",
            Label("個票から集計してください", "Compute it from the answers"),
        ),
        _rule(
            "rate-differs",
            Level.WARNING,
            "割合が件数から計算した値と丸めの範囲を超えて違う（割合を採る）",
            "Percentages that differ from their counts by more than rounding (the percentage is taken)",
            _ASK,
        ),
        _rule(
            "total-differs",
            Level.WARNING,
            "合計の行が明細の和と違う",
            "Totals that differ from the sum of the rows",
            _ASK,
        ),
        _rule(
            "withheld-alone",
            Level.WARNING,
            "一つだけ秘匿された区分（合計から逆算できる）",
            "A group that is withheld alone (it follows from the total)",
            Label(
                "もう一つの区分も秘匿するよう作成者に知らせてください",
                "Tell who made the table to withhold another one, too",
            ),
        ),
        _rule(
            "differs-from-answers",
            Level.WARNING,
            "同じ回の個票から計算した値と丸めの範囲を超えて違う",
            "Figures that differ from those of the answers of the same wave by more than rounding",
            _ASK,
        ),
        _rule("base-small", Level.NOTICE, "回答者が30人に満たない区分（状態 U）", "Groups of fewer than 30 (status U)"),
        _rule(
            "label-filled",
            Level.REPAIRED,
            "空欄の区分を上の行の区分で補った",
            "Empty labels of groups, filled from the row above",
            Label("区分をすべての行に書いてください", "Write the group in every row"),
        ),
    ]
)

#: registers of the administration
REGISTER: dict[str, Rule] = dict(
    [
        _rule(
            "label-filled",
            Level.REPAIRED,
            "空欄の区分を上の行の区分で補った",
            "Empty labels of groups, filled from the row above",
            Label("区分をすべての行に書いてください", "Write the group in every row"),
        ),
        _rule(
            "table-unused",
            Level.NOTICE,
            "手続名と件数の列がない表（使わない）",
            "Tables without names of procedures and cases (not used)",
            Label(
                "使うべき表なら見出しを直すか options の columns で指定してください",
                "If it should be used, correct its headings or name them in the option columns",
            ),
        ),
        _rule("row-total", Level.NOTICE, "小計の行（使わない）", "Rows of subtotals (not used)"),
        _rule(
            "period-unknown", Level.REJECTED, "年度・年月が読めない行", "Rows whose year or month cannot be read", _CELL
        ),
        _rule("name-missing", Level.REJECTED, "手続名のない行", "Rows without a name", _CELL),
        _rule("name-twice", Level.REJECTED, "同じ手続の2つ目の行", "Second row of the same procedure", _CELL),
        _rule(
            "cases-missing",
            Level.PARTLY,
            "年間件数のない手続（件数の割合から除外）",
            "Procedures without cases (left out of the share of cases)",
            _CELL,
        ),
        _rule(
            "online-missing",
            Level.PARTLY,
            "オンラインで行えるのにオンライン件数が空欄の手続（件数の割合から除外）",
            "Procedures that are online and whose online cases are blank (left out of the share of cases)",
            Label("0件なら0と書いてください", "Write 0 if there were none"),
        ),
        _rule(
            "online-blank",
            Level.NOTICE,
            "オンライン化されておらずオンライン件数が空欄の手続（0件とした）",
            "Procedures that are not online and whose online cases are blank (taken for 0)",
        ),
        _rule(
            "online-exceeds-cases",
            Level.PARTLY,
            "オンライン件数が年間件数を超える手続（件数の割合から除外）",
            "Procedures with more online cases than cases (left out of the share of cases)",
            _CELL,
        ),
        _rule(
            "online-before-start",
            Level.WARNING,
            "オンライン化されていないのにオンライン件数がある手続（件数は使う）",
            "Procedures that are not online and have online cases (the cases are used)",
            _CELL,
        ),
        _rule(
            "total-differs",
            Level.WARNING,
            "合計の行が明細の和と違う（明細を採る）",
            "Totals that differ from the sum of the rows (the rows are taken)",
            _ASK,
        ),
    ]
)
