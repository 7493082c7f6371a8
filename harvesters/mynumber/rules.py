"""What MIC's card statistics do wrong, and what a person can do about it: data for :mod:`~harvesters.mynumber`."""

from __future__ import annotations

from catalog.errors import Label
from harvesters.findings import Level, Rule

_TELL = Label(
    "提供元（codeforjapan/mynumbercard_statistics）に知らせてください", "Tell codeforjapan/mynumbercard_statistics"
)
_NOTHING = Label("対応は要りません", "Nothing needs to be done")


def _rule(id: str, level: Level, ja: str, en: str, next_step: Label = _NOTHING) -> tuple[str, Rule]:
    return id, Rule(id, level, Label(ja, en), next_step)


RULES: dict[str, Rule] = dict(
    [
        _rule("row-width", Level.REJECTED, "列の数が見出しと違う行", "Rows with another number of cells", _TELL),
        _rule("row-twice", Level.REJECTED, "同じ団体・年齢の2つ目の行", "Second row of the same area or age", _TELL),
        _rule(
            "release-date-mixed",
            Level.REJECTED,
            "算出基準日がファイルの他の行と違う行",
            "Rows whose reference date is not that of the file",
            _TELL,
        ),
        _rule("date-invalid", Level.REJECTED, "日付として読めない値", "Values that are no date", _TELL),
        _rule("number-invalid", Level.REJECTED, "数として読めない値", "Values that are no number", _TELL),
        _rule("population-zero", Level.REJECTED, "人口が0の行", "Rows with a population of 0", _TELL),
        _rule(
            "cards-exceed-people",
            Level.REJECTED,
            "交付枚数が人口より多い行",
            "Rows with more cards than people",
            Label(
                "桁の読み違いでなければ、docs/harvesting.md の手順で率の上限を見直してください",
                "Unless digits were misread, reconsider the limit as docs/harvesting.md says",
            ),
        ),
        _rule("area-unknown", Level.REJECTED, "一覧にない団体", "Areas that are not in the list", _TELL),
        _rule("area-code-invalid", Level.REJECTED, "団体コードとして読めない値", "Values that are no area code", _TELL),
        _rule("age-unknown", Level.REJECTED, "一覧にない年齢階級", "Age groups that are not in the list", _TELL),
        _rule(
            "rate-differs",
            Level.WARNING,
            "公表された率が分子÷分母と四捨五入の範囲を超えて違う（公表値を採り、状態を U とする）",
            "Published rates that differ from the quotient by more than rounding (kept, with status U)",
            Label("元のPDFで確かめ、提供元に知らせてください", "Look it up in MIC's PDF and tell the provider"),
        ),
        _rule(
            "sexes-differ",
            Level.WARNING,
            "男女の和が計と合わない行（値はそのまま）",
            "Rows where men and women do not add up to the total (kept as they are)",
            Label("元のPDFで確かめ、提供元に知らせてください", "Look it up in MIC's PDF and tell the provider"),
        ),
        _rule(
            "area-contradicts",
            Level.REJECTED,
            "団体コードと名称が別の団体を指す行",
            "Rows whose code and name are those of two areas",
            _TELL,
        ),
        _rule(
            "area-name-unknown",
            Level.WARNING,
            "一覧にない市区町村名（都道府県は合うので団体コードを採る）",
            "Names that are not in the list (the prefecture fits, so the code is taken)",
            Label(
                "改称なら地域の一覧（catalog/reference/areas.csv）を直してください",
                "If it was renamed, correct the list of areas (catalog/reference/areas.csv)",
            ),
        ),
        _rule(
            "areas-gone",
            Level.WARNING,
            "前の公表にあって、この公表にない団体",
            "Areas of the publication before that this one lacks",
            Label("合併か、抽出の漏れか確かめてください", "Check whether they merged or were missed"),
        ),
        _rule(
            "areas-new",
            Level.NOTICE,
            "前の公表になくて、この公表にある団体",
            "Areas that the publication before lacks",
            Label("新設か、前回の漏れか確かめてください", "Check whether they are new or were missed before"),
        ),
        _rule(
            "folder-date-differs",
            Level.WARNING,
            "フォルダ名の日付が算出基準日と違う（算出基準日を採る）",
            "Folders named by another date than the reference date (the latter is taken)",
            _TELL,
        ),
        _rule("column-unknown", Level.WARNING, "見慣れない列（使わない）", "Unknown columns (not used)", _TELL),
        _rule(
            "area-code-missing",
            Level.REPAIRED,
            "団体コードがない行（名称から補った）",
            "Rows without an area code (found by name)",
            _TELL,
        ),
        _rule(
            "area-code-repaired",
            Level.REPAIRED,
            "書き方を直した団体コード",
            "Area codes whose writing was repaired",
        ),
        _rule(
            "age-repaired",
            Level.REPAIRED,
            "書き方を直した年齢階級（全角の波線、「歳」の有無）",
            "Age groups whose writing was repaired (full-width tilde, missing 歳)",
        ),
        _rule(
            "folder-without-date",
            Level.NOTICE,
            "日付を名前に持たないフォルダ（算出基準日で並べる）",
            "Folders that are not named by a date (ordered by their reference date)",
        ),
        _rule("byte-order-mark", Level.NOTICE, "BOMのついたUTF-8", "UTF-8 with a byte order mark"),
        _rule("encoding", Level.NOTICE, "UTF-8でない文字コード", "Another encoding than UTF-8"),
        _rule(
            "denominator-date-moves",
            Level.NOTICE,
            "人口の基準日が変わった（率が動く。系列の断絶とはしない）",
            "The reference date of the population moves (so does the rate; no break of the series)",
        ),
        _rule("release-day-moves", Level.NOTICE, "公表の基準日が月の別の日になった", "The day of the month moves"),
        _rule(
            "ages-gone",
            Level.NOTICE,
            "前の公表にあって、この公表にない年齢階級",
            "Age groups of the publication before that this one lacks",
        ),
        _rule(
            "ages-new", Level.NOTICE, "前の公表になくて、この公表にある年齢階級", "Age groups that the one before lacks"
        ),
        _rule(
            "file-missing",
            Level.NOTICE,
            "男女年齢別の表がない公表",
            "Publications without the table by age and sex",
        ),
        _rule(
            "ages-below-total",
            Level.NOTICE,
            "年齢階級の和が総数より少ない（差は年齢の分からない人）",
            "Age groups that add up to less than the total (the rest is of unknown age)",
        ),
        _rule(
            "ages-exceed-total",
            Level.WARNING,
            "年齢階級の和が総数より多い（値はそのまま）",
            "Age groups that add up to more than the total (kept as they are)",
            Label("元のPDFで確かめ、提供元に知らせてください", "Look it up in MIC's PDF and tell the provider"),
        ),
    ]
)
