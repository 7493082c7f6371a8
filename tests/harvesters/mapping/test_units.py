"""Units behind numbers in mapped tables: what contradicts the column is refused, read by rows or by columns."""

from __future__ import annotations

from typing import Any

import openpyxl
import pytest

HEAD = "団体コード,年度,率\n"
PERSONS = {"column": "率", "unit": "PS"}


@pytest.fixture(params=[False, True], ids=["rows", "columns"])
def read(request, write, map_file):
    """Return a function that maps a text in either way."""

    def run(text: str, mapping: dict[str, Any], **options: Any) -> Any:
        return map_file(write(text), mapping, bulk=request.param, **options)

    return run


def rows(*cells: str) -> str:
    """Return a table with one value a year."""
    return HEAD + "".join(f'121002,R{year},"{cell}"\n' for year, cell in enumerate(cells, 1))


def told(found: Any) -> list[tuple[str, str, str, str]]:
    """Return cell, value and both details of what was refused for its unit."""
    return [
        (str(one.place), one.value, one.detail.ja, one.detail.en)
        for one in found.context.findings.examples.get("unit-contradicts", ())
    ]


class TestDeclared:
    """A column of values, whose unit the mapping says."""

    @pytest.mark.parametrize(
        ("unit", "cell", "said", "shown"),
        [
            ("PT", "12人", "人", "%"),
            ("PT", "12pt", "pt", "%"),
            ("PT", "3ポイント", "ポイント", "%"),
            ("PS", "1,234件", "件", "人"),
            ("PS", "50.2%", "%", "人"),
            ("PS", "50.2％", "%", "人"),
            ("PS", "3.5千人", "千人", "人"),
            ("PS", "12万円", "万円", "人"),
            ("PS", "12万", "万", "人"),
            ("PP", "1.2%", "%", "ポイント"),
        ],
    )
    def test_another_unit_is_refused_with_cell_value_and_both_units(self, read, cards, unit, cell, said, shown):
        found = read(rows("7", cell), {**cards, "value": {"column": "率", "unit": unit}})
        ja = f"セルの単位は「{said}」、列の単位は「{shown}」（設定）"
        en = f"the cell says {said}, the column is in {shown} (as configured)"
        assert told(found) == [("表.csv / C3", cell, ja, en)]
        assert list(found.values.values()) == [7.0]
        assert "cell-number-repaired" not in found.counts
        assert found.context.tally.rejected == 1

    def test_what_to_do_is_said_in_both_languages(self, read, cards):
        rule = read(rows("7", "12人"), cards).context.findings.rules["unit-contradicts"]
        assert rule.next_step.ja.startswith("値を確かめ、列の単位で数字だけを書いてください。")
        assert rule.next_step.en.startswith("Check the value and write a plain number in the unit of the column;")

    @pytest.mark.parametrize(
        ("unit", "cell", "value"),
        [
            ("PS", "12人", 12.0),
            ("PS", "12名", 12.0),
            ("PT", "12.3％", 12.3),
            ("PT", "12.3 ％", 12.3),
            ("PT", "12パーセント", 12.0),
            ("PP", "1.2ポイント", 1.2),
            ("PP", "1.2pt", 1.2),
            ("CASE", "1,234件", 1234.0),
            ("CARD", "３枚", 3.0),
        ],
    )
    def test_a_unit_that_agrees_stays_a_repair(self, read, cards, unit, cell, value):
        found = read(rows("7", cell), {**cards, "value": {"column": "率", "unit": unit, "percent": "points"}})
        assert list(found.values.values()) == [7.0, value]
        assert found.counts == {"cell-number-repaired": 1}

    def test_a_declared_scale_multiplies_the_cells_that_name_it(self, read, cards):
        found = read(rows("3.5千人", "4"), {**cards, "value": {**PERSONS, "multiply": 1000}})
        assert list(found.values.values()) == [3500.0, 4000.0]

    def test_a_cell_without_the_declared_scale_is_refused(self, read, cards):
        found = read(rows("3.5千人", "12人", "4万人"), {**cards, "value": {**PERSONS, "multiply": 1000}})
        assert [one[1] for one in told(found)] == ["12人", "4万人"]
        assert told(found)[0][2] == "セルの単位は「人」、列の単位は「人×1,000」（設定）"

    def test_units_that_differ_by_row_are_held_row_by_row(self, read, cards):
        text = "団体コード,年度,率,単位\n121002,R1,12人,人\n121002,R2,12人,％\n121002,R3,50%,％\n121002,R4,50%,人\n"
        unit = {"column": "単位", "codes": {"％": "PT", "人": "PS"}}
        found = read(text, {**cards, "value": {"column": "率", "unit": unit, "percent": "points"}})
        assert [(row["value"], row["unit"]) for row in found.rows] == [(12.0, "PS"), (50.0, "PT")]
        assert [one[:2] for one in told(found)] == [("表.csv / C3", "12人"), ("表.csv / C5", "50%")]

    def test_the_columns_of_a_wide_table_have_each_their_unit(self, read, cards):
        text = "団体コード,年度,率,保有\n121002,R1,12人,12人\n"
        mapping = {
            **{key: cards[key] for key in ("area", "period")},
            "value": {"unit": "PT", "percent": "points"},
            "columns_as": [
                {"column": "率", "indicator": "kpi-12", "definition": "kpi-12.issued"},
                {"column": "保有", "indicator": "kpi-02", "unit": "PS"},
            ],
        }
        found = read(text, mapping)
        assert [(row["indicator_id"], row["value"]) for row in found.rows] == [("kpi-02", 12.0)]
        assert [one[0] for one in told(found)] == ["表.csv / C2"]


class TestCounts:
    """Numerators, denominators and people, whose unit nobody declares."""

    def table(self, *rows: tuple[str, str], heading: str = "分母") -> str:
        """Return a table of counts."""
        lines = [f'121002,R{year},"{one}","{other}"' for year, (one, other) in enumerate(rows, 1)]
        return "\n".join([f"団体コード,年度,分子,{heading}", *lines]) + "\n"

    def mapping(self, cards: dict[str, Any], denominator: str = "分母") -> dict[str, Any]:
        """Return the mapping of a computed rate."""
        parts = {"numerator": {"column": "分子"}, "denominator": {"column": denominator}}
        return {**cards, **parts, "value": {"unit": "PT"}}

    def test_a_percentage_among_counts_is_refused(self, read, cards):
        found = read(self.table(("1人", "4人"), ("50.2%", "4")), self.mapping(cards))
        assert told(found) == [
            (
                "表.csv / C3",
                "50.2%",
                "セルの単位は「%」、列の単位は「件・人などの数」（人数・件数の列）",
                "the cell says %, the column is in 件・人などの数 (a column of counts)",
            )
        ]
        assert list(found.values.values()) == [25.0]

    def test_the_unit_of_most_cells_is_that_of_the_column(self, read, cards):
        found = read(self.table(("1件", "4"), ("12人", "20"), ("2件", "4"), ("3", "4")), self.mapping(cards))
        assert told(found) == [
            (
                "表.csv / C3",
                "12人",
                "セルの単位は「人」、列の単位は「件」（同じ列の2個のセルが「件」）",
                "the cell says 人, the column is in 件 (2 cells of the column say 件)",
            )
        ]
        assert list(found.values.values()) == [25.0, 50.0, 75.0]

    def test_a_scale_that_nobody_declared_is_refused(self, read, cards):
        found = read(self.table(("1千人", "4千人"), ("1人", "4人")), self.mapping(cards))
        assert [one[:2] for one in told(found)] == [("表.csv / C2", "1千人"), ("表.csv / D2", "4千人")]

    def test_a_heading_with_a_unit_says_what_the_column_is_in(self, read, cards):
        found = read(self.table(("1", "4人"), ("1", "4件"), heading="分母（人）"), self.mapping(cards, "分母（人）"))
        assert told(found) == [
            (
                "表.csv / D3",
                "4件",
                "セルの単位は「件」、列の単位は「人」（見出し「分母（人）」）",
                "the cell says 件, the column is in 人 (its heading 分母（人）)",
            )
        ]


def test_a_heading_of_another_unit_than_the_mapping_is_told(read, cards):
    text = "団体コード,年度,率（千人）\n121002,R1,12\n"
    found = read(text, {**cards, "value": {"column": "率（千人）", "unit": "PS"}})
    [one] = found.context.findings.examples["unit-of-heading"]
    assert (str(one.place), one.value) == ("表.csv / C1", "率（千人）")
    assert one.detail.ja == "見出しの単位は「人×1,000」、列の単位は「人」（設定）"
    assert one.detail.en == "the heading says 人×1,000, the column is in 人 (as configured)"


def test_a_heading_of_the_declared_unit_says_nothing(read, cards):
    text = "団体コード,年度,率（千人）\n121002,R1,12\n"
    found = read(text, {**cards, "value": {"column": "率（千人）", "unit": "PS", "multiply": 1000}})
    assert "unit-of-heading" not in found.counts


def test_a_fraction_that_a_sheet_shows_as_percent_is_refused_among_persons(tmp_path, map_file, cards):
    path = tmp_path / "表.xlsx"
    book = openpyxl.Workbook()
    for row in (["団体コード", "年度", "率"], ["121002", "R1", 12], ["121002", "R2", 0.502]):
        book.active.append(row)
    book.active["C3"].number_format = "0.0%"
    book.save(path)
    found = map_file(path, {**cards, "value": PERSONS})
    assert [one[0] for one in told(found)] == ["表.xlsx / Sheet / C3"]


def test_a_row_that_a_comma_makes_wider_is_refused_and_not_read_as_another_number(write, map_file, cards):
    text = HEAD + "121002,R1,12\n121002,R2,1,234\n121002,R3,13,\n121002,R4,14\n"
    found = map_file(write(text), {**cards, "value": PERSONS})
    assert found.values == {("121002", "FY2019"): 12.0, ("121002", "FY2021"): 13.0, ("121002", "FY2022"): 14.0}
    [one] = found.context.findings.examples["row-wide"]
    assert (str(one.place), one.value) == ("表.csv / D3", "234")
    assert one.detail.ja == "見出しは3列、この行は4列目にも値がある"
    assert one.detail.en == "the header has 3 columns, this row has a value in column 4"
    assert found.context.tally.rejected == 1


def test_a_wide_row_of_a_large_file_is_found_as_well(write, map_file, cards):
    text = HEAD + "".join(f"121002,{year},{year}\n" for year in range(1900, 2000)) + "121002,2001,1,234\n"
    found = map_file(write(text), {**cards, "value": PERSONS}, bulk=True)
    assert len(found.values) == 100
    assert [str(one.place) for one in found.context.findings.examples["row-wide"]] == ["表.csv / D102"]
