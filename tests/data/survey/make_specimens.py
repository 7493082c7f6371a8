"""Make the specimens in ``cityhall/``: ``python tests/data/survey/make_specimens.py``. All figures are made up.

A small city hall: two waves of answers whose code books ask question 1 in other words, cross tables of an earlier wave,
a company survey and a register of procedures, each with the habits of the real thing.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

HERE = Path(__file__).parent / "cityhall"
WARDS = ("中央区", "花見川区", "稲毛区", "若葉区", "緑区", "美浜区")
AGES = ("18～39歳", "40～64歳", "65歳以上")
SCALE = ("そう思う", "どちらかといえばそう思う", "どちらともいえない", "どちらかといえばそう思わない", "そう思わない")


def chance(*parts: object) -> float:
    """Return a number from 0 to 1 that only depends on the parts."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def write_codebook(name: str, first_question: str) -> None:
    """Write a code book: one row an option."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "コード表"
    sheet.append(["設問番号", "設問文", "回答形式", "選択肢番号", "選択肢", "肯定的回答", "指標No."])
    questions = (
        ("問1", first_question, "単一回答", ("知っている", "聞いたことはある", "知らない"), 2, 1),
        ("問2", "ネットにつながる機器をお持ちですか。（すべて）", "複数回答", ("スマホ", "パソコン", "ない"), 2, 2),
        ("問4", "ネットのサービスを使っていますか。", "単一回答", ("はい", "いいえ"), 1, 4),
        ("問5", "生活が便利になったと感じますか。", "単一回答", SCALE, 2, 5),
        ("問6", "自由意見の分類", "単一回答", ("要望", "苦情"), 0, None),
    )
    for id, wording, form, options, positive, indicator in questions:
        for number, option in enumerate(options, 1):
            head = [id, wording, form] if number == 1 else [None, None, None]
            sheet.append(
                [*head, number, option, "○" if number <= positive else None, indicator if number == 1 else None]
            )
    sheet.append([])
    sheet.append(["※無回答は99（複数回答は9）"])
    book.save(HERE / name)


def write_answers(name: str, year: int, encoding: str, *, weighted: bool) -> None:
    """Write 240 respondents."""
    header = ["回答者番号", "区", "性別", "年代", "回答方法", *(["ウェイト"] if weighted else [])]
    header += ["問1", "問2_1", "問2_2", "問2_3", "問4", "問5", "問6"]
    lines = [",".join(header)]
    for number in range(1, 241):

        def draw(what: str, *, n: int = number) -> float:
            return chance(year, n, what)

        sex = "その他・回答しない" if draw("sex") < 0.05 else "男性" if draw("sex") < 0.5 else "女性"
        row = [f"{year}{number:05d}", WARDS[int(draw("ward") * 6)], sex, AGES[int(draw("age") * 3)]]
        row += ["WEB" if draw("mode") < 0.4 else "郵送", *([f"{0.6 + draw('weight'):.4f}"] if weighted else [])]
        row += ["99" if draw("q1") > 0.97 else str(1 + int(draw("q1") * 3))]
        row += (
            ["9"] * 3
            if draw("q2") > 0.96
            else ["0", "0", "1"]
            if draw("q2") > 0.9
            else ["1", str(int(draw("pc") * 2)), "0"]
        )
        row += ["99" if draw("q4") > 0.97 else "1" if draw("q4") < 0.7 else "2"]
        row += ["99" if draw("q5") > 0.97 else str(1 + int(draw("q5") * 5)), "1"]
        lines.append(",".join(row))
    (HERE / name).write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))


def write_cross_tables() -> None:
    """Write two questions by sex, age and ward, with full-width digits and a withheld group."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "集計表"
    sheet.append(["令和2年度　市民アンケート　集計表（合成データ）"])
    sheet.append(["調査時期：令和2年11月1日～11月30日　　標本数：3,000"])
    sheet.append([])
    groups = ["男性", "女性", "その他・回答しない", *AGES, *WARDS]
    bases = [300, 140, 148, 12, 90, 120, 90, 60, 50, 50, 50, 45, 45]
    for id, wording, options in (
        ("問1", "「スマートシティ」という言葉を知っていますか。", ("知っている", "聞いたことはある", "知らない")),
        ("問4", "ネットのサービスを使っていますか。", ("はい", "いいえ")),
        ("問7", "広報紙を読んでいますか。", ("はい", "いいえ")),
    ):
        write_cross_table(sheet, f"{id} {wording}", groups, bases, options)
    book.save(HERE / "市民アンケート_集計表.xlsx")


def write_cross_table(
    sheet: Worksheet, title: str, groups: list[str], bases: list[int], options: tuple[str, ...]
) -> None:
    """Append one question."""
    sheet.append([title])
    top = sheet.max_row + 1
    sheet.append(["区分", "総数", "性別", None, None, "年代", None, None, "区"])
    sheet.append([None, "（人）", *groups])
    for area in (f"A{top}:A{top + 1}", f"C{top}:E{top}", f"F{top}:H{top}", f"I{top}:N{top}"):
        sheet.merge_cells(area)
    sheet.append(["回答者数(n)", *bases])
    parts = [[chance(title, column, option) for option in options] for column in range(len(bases))]
    for place, option in enumerate(options):
        row: list[object] = [option]
        for column, own in enumerate(parts):
            share = round(97 * own[place] / sum(own), 1)
            wide = f"{share}".translate({ord(one): ord(one) + 0xFEE0 for one in "0123456789."})
            row.append("X" if column == 3 else wide if column == 5 else share)
        sheet.append(row)
    sheet.append(["無回答", *("X" if column == 3 else 3.0 for column in range(len(bases)))])
    sheet.append(["※割合は四捨五入のため合計が100にならないことがある。少人数の区分は秘匿（X）。"])
    sheet.append([])


def write_companies() -> None:
    """Write a company survey with merged industries, withheld groups and a total."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "企業"
    sheet.append(["企業アンケート調査（令和3年度）【合成データ】"])
    sheet.append([])
    sheet.append(["業種", "規模", "回答企業数", "取り組んでいる", None, "予定なし", None])
    sheet.append([None, None, "社", "社", "％", "社", "％"])
    sheet.merge_cells("D3:E3")
    sheet.merge_cells("F3:G3")
    rows = [
        ("製造業", "1～19人", 60, 24),
        ("製造業", "20人以上", 40, 22),
        ("建設業", "1～19人", 8, None),
        ("建設業", "20人以上", 32, 8),
    ]
    for row, (industry, size, n, count) in enumerate(rows, 5):
        shown = ["x"] * 4 if count is None else [count, 100 * count / n, n - count, 100 - 100 * count / n]
        sheet.append([industry if row % 2 else None, size, n, *shown])
        if row % 2:
            sheet.merge_cells(f"A{row}:A{row + 1}")
    sheet.append(["合計", None, "140", "57", 40.7, "83", 59.3])
    sheet.append(["注）回答企業数が10社未満の区分は秘匿（x）した。"])
    book.save(HERE / "企業アンケート.xlsx")


def write_register() -> None:
    """Write a register of procedures as people keep it."""
    lines = [
        "手続名,所管課,年間件数,うちオンライン,オンライン化年月日,備考",
        '転入届,市民課,"12,000件","3,000件",令和元年5月7日,',
        "住民票,市民課,２０００,500,R3.4.1,",
        "印鑑登録,市民課,800,-,未実施,",
        '図書予約,図書館,"9,000","8,100",H31.4.1,',
        "施設予約,図書館,500,,―,",
        '合計,,"24,300","11,600",,',
        "※件数は令和3年度実績",
    ]
    (HERE / "手続_庁内データ.csv").write_bytes("\ufeff".encode() + "\r\n".join([*lines, ""]).encode())


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    write_codebook("R3_コード表.xlsx", "「スマートシティ」という言葉を知っていますか。")
    write_codebook("R4_コード表.xlsx", "「スマートシティ」という言葉を見聞きしたことがありますか。")
    write_answers("市民アンケート_R3_個票.csv", 2021, "cp932", weighted=False)
    write_answers("市民アンケート_R4_個票.csv", 2022, "utf-8-sig", weighted=True)
    write_cross_tables()
    write_companies()
    write_register()
