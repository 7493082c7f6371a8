"""Tables on a sheet as people lay them out."""

from __future__ import annotations

import pytest

from catalog.errors import InputError
from harvesters.readers.tables import Layout, find_tables


def only(found):
    [table] = found.tables
    return table


def test_titles_header_rows_totals_and_notes_are_told_apart(grid):
    table = only(
        find_tables(
            grid(
                ["令和5年度の集計"],
                [],
                ["区", "人"],
                ["中央区", 3],
                ["緑区", 4],
                ["合　計", 7],
                ["※速報値"],
                ["注）10人未満は秘匿"],
            )
        )
    )
    assert table.title == "令和5年度の集計"
    assert [one.name for one in table.columns] == ["区", "人"]
    assert (list(table.iter_data()), list(table.iter_totals())) == ([3, 4], [5])
    assert [text for _, text in table.notes] == ["※速報値", "注）10人未満は秘匿"]


def test_merged_headers_of_two_rows_become_paths(grid):
    found = find_tables(
        grid(
            ["業種", "回答数", "実施", None],
            [None, "社", "社", "％"],
            ["製造業", 3, 1, 33.3],
            merged=[(0, 2, 0, 3), (0, 0, 1, 0)],
        )
    )
    assert [one.name for one in only(found).columns] == ["業種", "回答数 / 社", "実施 / 社", "実施 / ％"]
    [header] = found.detected
    assert (header.value, header.evidence.ja) == ("1-2", "結合セルがあり、3行目から値が始まる")


def test_headers_of_three_rows_are_found(grid):
    table = only(
        find_tables(
            grid(
                ["区", "回答", None, None],
                [None, "性別", None, "計"],
                [None, "男", "女", "人"],
                ["中央区", 1, 2, 3],
                merged=[(0, 0, 2, 0), (0, 1, 0, 3), (1, 1, 1, 2)],
            )
        )
    )
    assert [one.path for one in table.columns] == [
        ("区",),
        ("回答", "性別", "男"),
        ("回答", "性別", "女"),
        ("回答", "計", "人"),
    ]


def test_headings_that_nobody_merged_are_filled_from_the_left_and_reported(grid):
    found = find_tables(grid(["区", "性別", None], [None, "男", "女"], ["中央区", 1, 2]))
    assert [one.name for one in only(found).columns] == ["区", "性別 / 男", "性別 / 女"]
    [filled] = found.findings
    assert (filled.rule.id, filled.place.cell, filled.value) == ("header-filled", "C1", "B1「性別」")


def test_several_tables_on_a_sheet_are_several_tables(grid):
    found = find_tables(grid(["問1"], ["区", "人"], ["中央区", 3], ["※注"], [], ["問2"], ["区", "人"], ["中央区", 5]))
    assert [(one.title, one.value(next(one.iter_data()), one.columns[1])) for one in found.tables] == [
        ("問1", 3),
        ("問2", 5),
    ]


def test_a_blank_row_inside_a_table_is_bridged_and_reported(grid):
    found = find_tables(grid(["区", "人"], ["中央区", 3], [], ["緑区", 4]))
    assert list(only(found).iter_data()) == [1, 3]
    assert [(one.rule.id, one.place.cell) for one in found.findings] == [("table-split", "row 4")]


def test_merged_labels_of_rows_are_read_in_every_row(grid):
    table = only(find_tables(grid(["業種", "規模", "社"], ["製造業", "小", 1], [None, "大", 2], merged=[(1, 0, 2, 0)])))
    assert [table.text(row, table.columns[0]) for row in table.iter_data()] == ["製造業", "製造業"]


def test_years_as_headings_are_a_header(grid):
    table = only(find_tables(grid(["区", 2021, 2022], ["中央区", 3, 4])))
    assert [one.name for one in table.columns] == ["区", "2021", "2022"]


def test_a_table_of_words_has_one_header_row(grid):
    table = only(find_tables(grid(["設問", "選択肢"], ["問1", "はい"], ["問1", "いいえ"])))
    assert (table.header, list(table.iter_data())) == (range(0, 1), [1, 2])


def test_a_table_without_header_has_columns_by_letter_and_says_so(grid):
    found = find_tables(grid(["中央区", 3], ["緑区", 4]))
    assert [one.name for one in only(found).columns] == ["A", "B"]
    assert (found.detected[0].value, found.detected[0].evidence.ja) == ("0", "最初の行から数値がある")


def test_a_declared_header_is_taken_and_nothing_is_told(grid):
    found = find_tables(grid(["題"], ["x", "y"], ["区", "人"], ["中央区", 3]), Layout(header_rows=1, first_row=3))
    assert [one.name for one in only(found).columns] == ["区", "人"]
    assert only(found).titles == ((0, "題"), (1, "x y"))
    assert found.detected == []


def test_a_declared_header_longer_than_the_table_is_refused(grid):
    with pytest.raises(InputError, match="declared to have 5 rows"):
        find_tables(grid(["区", "人"], ["中央区", 3]), Layout(header_rows=5))


def test_hidden_rows_are_left_out_only_if_that_is_declared(grid):
    sheet = grid(["区", "人"], ["中央区", 3], ["緑区", 4], ["美浜区", 5], hidden_rows=frozenset({2}))
    assert list(only(find_tables(sheet)).iter_data()) == [1, 2, 3]
    assert list(only(find_tables(sheet, Layout(skip_hidden=True))).iter_data()) == [1, 3]


@pytest.mark.parametrize("name", ["実施 / ％", "％", "実施／％", "実 施 / ％", "実施 / %"])
def test_a_column_is_found_by_its_headings_whatever_the_width(grid, name):
    table = only(find_tables(grid(["業種", "社", "実施"], [None, "社", "％"], ["a", 1, 2.5])))
    assert table.get_column(name).index == 2


def test_a_column_that_is_not_there_is_an_error_that_names_the_nearest(grid):
    table = only(find_tables(grid(["手続名", "年間件数"], ["a", 1])))
    with pytest.raises(InputError, match="Did you mean '年間件数'") as caught:
        table.get_column("年問件数")
    assert caught.value.context["allowed"] == ["手続名", "年間件数"]


def test_two_columns_of_one_name_are_not_guessed_between(grid):
    table = only(find_tables(grid(["a", "a"], [1, 2])))
    with pytest.raises(InputError, match="not exactly one"):
        table.get_column("a")


def test_an_empty_sheet_has_no_table(grid):
    assert find_tables(grid()).tables == []
    assert find_tables(grid([], [None, "　"])).tables == []


def test_every_full_cell_is_in_a_table_a_title_or_a_note(shared_data):
    from harvesters.readers.source_file import read_file

    for path in sorted((shared_data / "cityhall").glob("*.[xc]*")):
        for sheet in read_file(path, name=path.name, largest=10_000_000).grids:
            found = find_tables(sheet).tables
            rows = {row for one in found for row in (*one.header, *one.rows)}
            texts = {row for one in found for row, _ in (*one.titles, *one.notes)}
            assert rows | texts == {row for row in range(sheet.height) if not sheet.is_blank(row)}
