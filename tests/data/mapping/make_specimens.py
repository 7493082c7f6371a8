"""Write the specimens of mapped tables; run it in this folder. All figures are made up."""

from __future__ import annotations

from pathlib import Path

import openpyxl

WARDS = ("中央区", "花見川区", "稲毛区", "若葉区", "緑区", "美浜区")


def write_cards(folder: Path) -> None:
    """Write one CSV a fiscal year as an office exports it: CP932, eras, thousands separators, a withheld figure."""
    folder.mkdir(exist_ok=True)
    for year, base in ((3, 30), (4, 45), (5, 60)):
        lines = ["表章項目,区,年度,性別,交付枚数,人口,交付率,注"]
        for i, ward in enumerate(WARDS):
            for j, sex in enumerate(("計", "男", "女")):
                people = (20_000 + 1_000 * i) * (2 if sex == "計" else 1)
                cards = people * (base + i + j) // 100
                rate = "x" if (year, i, j) == (4, 5, 2) else f"{100 * cards / people:.1f}"
                cells = (f"令和{year}年度", sex, f'"{cards:,}"', f'"{people:,}"', rate, "速報" if year == 5 else "")
                lines.append(",".join(["交付状況", ward, *cells]))
        lines += [f"交付状況,合計,令和{year}年度,計,0,0,,", f"人口,中央区,令和{year}年度,計,0,0,,"]
        (folder / f"令和{year}年度.csv").write_bytes("\r\n".join([*lines, ""]).encode("cp932"))


def write_satisfaction(path: Path) -> None:
    """Write a workbook with one sheet a year, headings in two rows, percent formats, a total and a note."""
    book = openpyxl.Workbook()
    for year, base in ((2, 40), (3, 42), (4, 44)):
        sheet = book.create_sheet(f"令和{year}年度")
        rows = [
            [f"令和{year}年度 満足度"],
            [],
            ["区名", "満足している", None, "満足していない", None],
            [None, "人数", "割合", "人数", "割合"],
            *([ward, base + i, (base + i) / 100, 60 - base + i, (60 - base + i) / 100] for i, ward in enumerate(WARDS)),
            ["合計", 300, 0.5, 300, 0.5],
            ["※割合は回答者数に対するもの"],
        ]
        for row in rows:
            sheet.append(row)
        for one in ("A3:A4", "B3:C3", "D3:E3"):
            sheet.merge_cells(one)
        for number in range(5, 12):
            for letter in "CE":
                sheet[f"{letter}{number}"].number_format = "0.0%"
    del book["Sheet"]
    notes = book.create_sheet("説明")
    for row in (["用語", "説明"], ["満足", "満足・やや満足"], ["割合", "回答者に占める割合"]):
        notes.append(row)
    book.save(path)


if __name__ == "__main__":
    write_cards(Path("cards"))
    write_satisfaction(Path("satisfaction.xlsx"))
