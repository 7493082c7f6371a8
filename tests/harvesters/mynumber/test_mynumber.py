"""My Number card statistics: what is read from files that are right, wrong and odd."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from catalog.database import HarvestObject
from catalog.errors import CheckFailed, InputError
from harvesters import Context, Contribution, Fetched, HarvestSource
from harvesters.mynumber.harvester import MyNumber, parse_age, parse_day
from harvesters.mynumber.rules import RULES

MakeSource = Callable[..., HarvestSource]
MakeContext = Callable[[HarvestSource], Context]
Read = Callable[..., tuple[Contribution, Context]]


@pytest.fixture
def read(make_source: MakeSource, make_context: MakeContext) -> Read:
    """Return a function that transforms one file."""

    def transform(path: Path, name: str, **options: Any) -> tuple[Contribution, Context]:
        context = make_context(make_source(path=path.parent, **options))
        fetched = Fetched(HarvestObject(name=name, location=name), path)
        [contribution] = MyNumber().transform(context, fetched)
        return contribution, context

    return transform


@pytest.fixture
def read_all(make_source: MakeSource, make_context: MakeContext) -> Callable[..., tuple[list[Contribution], Context]]:
    """Return a function that gathers, fetches and transforms a folder; contributions in the order of time."""

    def run(folder: Path, **options: Any) -> tuple[list[Contribution], Context]:
        context = make_context(make_source(path=folder, **options))
        harvester = MyNumber()
        found = [
            contribution
            for wanted in harvester.gather(context)
            for contribution in harvester.transform(context, harvester.fetch(context, wanted, None))
        ]
        return sorted(found, key=lambda one: one.issued), context

    return run


def _rows(contribution: Contribution, **wanted: str) -> list[dict[str, Any]]:
    rows = contribution.table.to_pylist()
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def test_chiba_city_on_2021_04_01_has_rate_counts_and_both_dates(read: Read, samples: Path) -> None:
    file = samples / "mynumber" / "20210401" / "all_localgovs.csv"
    contribution, _ = read(file, "20210401/all_localgovs.csv")
    [row] = _rows(contribution, area_code="121002")
    assert row == {
        "indicator_id": "kpi-12",
        "definition_id": "kpi-12.issued",
        "area_code": "121002",
        "period": "2021-04-01",
        "value": 32.8,
        "unit": "PT",
        "numerator": 318610.0,
        "denominator": 972516.0,
        "numerator_date": date(2021, 4, 1),
        "denominator_date": date(2020, 1, 1),
        "n": None,
        "n_eff": None,
        "ci_lower": None,
        "ci_upper": None,
        "ci_method": None,
        "obs_status": "A",
        "note": None,
    }


def test_a_release_is_issued_at_the_start_of_its_reference_day(read: Read, samples: Path) -> None:
    contribution, _ = read(samples / "mynumber" / "latest" / "all_prefectures.csv", "latest/all_prefectures.csv")
    assert contribution.issued == "2022-04-01T00:00:00+09:00"


def test_the_period_comes_from_the_data_and_never_from_the_folder(read: Read, samples: Path) -> None:
    file = samples / "mynumber" / "20210401" / "all_prefectures.csv"
    contribution, context = read(file, "20991231/all_prefectures.csv")
    assert contribution.table["period"].unique().to_pylist() == ["2021-04-01"]
    [found] = context.findings.examples["folder-date-differs"]
    assert found.value == "20991231 → 2021-04-01"


def test_a_lost_leading_zero_is_put_back_and_reported(read: Read, samples: Path) -> None:
    file = samples / "mynumber" / "20210401" / "all_localgovs.csv"
    contribution, context = read(file, "20210401/all_localgovs.csv")
    assert _rows(contribution, area_code="011002")
    [found] = context.findings.examples["area-code-repaired"]
    assert (found.place.cell, found.value) == ("row 2, column 団体コード", "11002 → 011002")


def test_areas_without_a_code_are_found_by_their_name_and_reported(read: Read, samples: Path) -> None:
    file = samples / "mynumber" / "20210801" / "all_localgovs.csv"
    contribution, context = read(file, "20210801/all_localgovs.csv")
    assert _rows(contribution, area_code="133817")
    assert _rows(contribution, area_code="134015")
    assert [one.value for one in context.findings.examples["area-code-missing"]] == [
        "<NA> → 133817 三宅村",
        "<NA> → 134015 八丈町",
    ]


#: rule -> (row number, column, value) in the specimen
BROKEN = {
    "number-invalid": [(4, "交付枚数", "16O000"), (13, "人口に対する交付枚数率", "n/a")],
    "population-zero": [(5, "総数（人口）", "0")],
    "cards-exceed-people": [(6, "交付枚数", "46000 > 45000")],
    "area-unknown": [(7, "団体コード", "<NA> どこにもない町"), (14, "団体コード", "120006")],
    "area-code-invalid": [(8, "団体コード", "122065")],
    "row-twice": [(9, None, "121002")],
    "row-width": [(10, None, "9")],
    "release-date-mixed": [(11, "算出基準日", "2021/05/01")],
    "date-invalid": [(12, "人口算出基準日", "R2.1.1")],
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_row_that_cannot_be_used_is_left_out_and_reported_with_its_place(
    read: Read, specimens: Path, rule: str
) -> None:
    _, context = read(specimens / "mynumber" / "broken_rows.csv", "20210401/all_localgovs.csv", max_rejected=1.0)
    found = [
        (int(str(one.place.cell).split(",")[0].removeprefix("row ")), _column(one.place.cell), one.value)
        for one in context.findings.examples[rule]
    ]
    assert found == BROKEN[rule]
    assert context.findings.counts[rule] == len(BROKEN[rule])


def _column(cell: str | None) -> str | None:
    return str(cell).partition(", column ")[2] or None


def test_the_rows_between_broken_ones_are_used_and_all_are_counted(read: Read, specimens: Path) -> None:
    contribution, context = read(
        specimens / "mynumber" / "broken_rows.csv", "20210401/all_localgovs.csv", max_rejected=1.0
    )
    assert contribution.table["area_code"].to_pylist() == ["121002", "122025", "122131"]
    assert (context.tally.read, context.tally.accepted, context.tally.rejected) == (14, 3, 11)


def test_a_file_with_too_many_broken_rows_is_refused_as_a_whole(read: Read, specimens: Path) -> None:
    with pytest.raises(CheckFailed, match="Only 3 of 14"):
        read(specimens / "mynumber" / "broken_rows.csv", "20210401/all_localgovs.csv")


def test_odd_ways_of_writing_a_code_are_repaired_or_explained(read: Read, specimens: Path) -> None:
    contribution, context = read(
        specimens / "mynumber" / "odd_writing.csv", "20210401/all_localgovs.csv", max_rejected=1.0
    )
    codes = set(contribution.table["area_code"].to_pylist())
    assert codes == {"121002", "012025", "133817", "122025", "122041"}
    assert context.findings.counts["area-code-repaired"] == 3
    assert [one.value for one in context.findings.examples["area-name-unknown"]] == ["別の名前 ≠ 銚子市"]


def test_a_code_and_a_name_of_two_areas_are_not_guessed_about(read: Read, specimens: Path) -> None:
    _, context = read(specimens / "mynumber" / "odd_writing.csv", "20210401/all_localgovs.csv", max_rejected=1.0)
    assert [one.value for one in context.findings.examples["area-contradicts"]] == ["12203 = 士別市 ≠ 千葉県市川市"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("全体", "_T"),
        ("0～4歳", "Y0T4"),
        ("5～9", "Y5T9"),
        ("5〜9", "Y5T9"),
        ("10-14", "Y10T14"),
        ("１５～１９", "Y15T19"),
        ("90歳以上", "Y_GE90"),
        ("100歳以上", "Y_GE100"),
        ("50代", None),
        ("", None),
    ],
)
def test_every_way_of_writing_an_age_group_has_its_code(text: str, code: str | None) -> None:
    assert parse_age(text) == code


def test_an_age_group_gives_three_observations_with_their_counts(read: Read, samples: Path) -> None:
    file = samples / "mynumber" / "20210401" / "demographics.csv"
    contribution, _ = read(file, "20210401/demographics.csv")
    rows = {row["sex"]: row for row in _rows(contribution, age="Y0T4")}
    assert {sex: (row["value"], row["numerator"], row["denominator"]) for sex, row in rows.items()} == {
        "M": (16.9, 413155, 2451534),
        "F": (17.0, 397028, 2331996),
        "_T": (16.9, 810183, 4783530),
    }
    assert contribution.table.num_rows == 22 * 3


def test_a_rate_that_is_not_the_quotient_is_kept_marked_and_reported(read: Read, samples: Path) -> None:
    file = samples / "mynumber" / "20190916" / "demographics.csv"
    contribution, context = read(file, "20190916/demographics.csv")
    [row] = _rows(contribution, age="Y30T34", sex="M")
    assert (row["value"], row["obs_status"]) == (13.3, "U")
    assert "12.97" in row["note"]
    assert context.findings.counts["rate-differs"] == 2
    assert sum(one["obs_status"] == "U" for one in contribution.table.to_pylist()) == 2


def test_a_rate_within_half_its_last_digit_is_not_reported(read: Read, samples: Path) -> None:
    file = samples / "mynumber" / "20210401" / "all_localgovs.csv"
    _, context = read(file, "20210401/all_localgovs.csv")
    assert "rate-differs" not in context.findings.counts


def test_sexes_and_ages_that_do_not_add_up_are_reported(read: Read, specimens: Path) -> None:
    _, context = read(specimens / "mynumber" / "age_labels.csv", "20210401/demographics.csv", max_rejected=1.0)
    assert [one.value for one in context.findings.examples["sexes-differ"]] == ["1000 + 1000 ≠ 1990"]
    assert "numerator, sex M: 2000 ≠ 2100" in [one.value for one in context.findings.examples["ages-below-total"]]
    assert [one.value for one in context.findings.examples["age-unknown"]] == ["50代"]
    assert context.findings.counts["age-repaired"] == 5


def test_ages_that_exceed_the_total_are_reported(read: Read, samples: Path) -> None:
    _, context = read(samples / "mynumber" / "20190916" / "demographics.csv", "20190916/demographics.csv")
    assert context.findings.counts["ages-exceed-total"] == 2


def test_a_byte_order_mark_is_noticed_and_not_part_of_the_first_column(read: Read, samples: Path) -> None:
    _, context = read(samples / "mynumber" / "20210401" / "all_prefectures.csv", "20210401/all_prefectures.csv")
    assert context.findings.counts["byte-order-mark"] == 1


def test_cp932_is_read_and_noticed(read: Read, specimens: Path, tmp_path: Path) -> None:
    text = (specimens / "mynumber" / "odd_writing.csv").read_text("utf-8")
    file = tmp_path / "all_localgovs.csv"
    file.write_bytes(text.encode("cp932"))
    contribution, context = read(file, "20210401/all_localgovs.csv", max_rejected=1.0)
    assert contribution.table.num_rows == 5
    assert context.findings.examples["encoding"][0].value == "cp932"


def test_a_new_column_is_reported_and_does_not_disturb(read: Read, samples: Path, tmp_path: Path) -> None:
    lines = (samples / "mynumber" / "20210401" / "all_prefectures.csv").read_text("utf-8-sig").splitlines()
    file = tmp_path / "all_prefectures.csv"
    file.write_text("\n".join([f'{lines[0]},"保有枚数"', *(f"{line},1" for line in lines[1:])]), "utf-8")
    contribution, context = read(file, "20210401/all_prefectures.csv")
    assert contribution.table.num_rows == 47
    assert context.findings.examples["column-unknown"][0].value == "保有枚数"


def test_a_renamed_column_is_an_error_that_names_it_and_the_similar_one(
    read: Read, samples: Path, tmp_path: Path
) -> None:
    text = (samples / "mynumber" / "20210401" / "all_prefectures.csv").read_text("utf-8-sig")
    file = tmp_path / "all_prefectures.csv"
    file.write_text(text.replace("交付枚数算出基準日", "交付枚数の算出基準日"), "utf-8")
    with pytest.raises(InputError, match="交付枚数算出基準日 ← 交付枚数の算出基準日"):
        read(file, "20210401/all_prefectures.csv")


def test_a_file_without_rows_is_an_error(read: Read, samples: Path, tmp_path: Path) -> None:
    text = (samples / "mynumber" / "20210401" / "all_prefectures.csv").read_text("utf-8-sig")
    file = tmp_path / "all_prefectures.csv"
    file.write_text(text.splitlines()[0], "utf-8")
    with pytest.raises(InputError, match="算出基準日"):
        read(file, "20210401/all_prefectures.csv")


def test_a_date_is_a_day_that_exists() -> None:
    assert parse_day("2021/04/01") == date(2021, 4, 1)
    with pytest.raises(ValueError, match="day is out of range"):
        parse_day("2021/02/30")


def test_objects_are_the_files_of_all_folders(
    make_source: MakeSource, make_context: MakeContext, samples: Path
) -> None:
    context = make_context(make_source(path=samples / "mynumber"))
    names = [one.name for one in MyNumber().gather(context)]
    assert len(names) == 35
    assert names[0] == "20170308/all_localgovs.csv"
    assert names[-1] == "latest/demographics.csv"


def test_the_option_datasets_narrows_what_is_gathered(
    make_source: MakeSource, make_context: MakeContext, samples: Path
) -> None:
    context = make_context(make_source(path=samples / "mynumber", datasets=("prefectures",)))
    harvester = MyNumber()
    assert {one.name.split("/")[1] for one in harvester.gather(context)} == {"all_prefectures.csv"}
    assert [one.name for one in harvester.datasets(context)] == ["mynumber-prefectures"]


def test_a_url_is_gathered_by_the_option_folders(make_source: MakeSource, make_context: MakeContext) -> None:
    source = make_source(url="https://example.jp/data/", folders=("20210401", "latest"), datasets=("prefectures",))
    objects = MyNumber().gather(make_context(source))
    assert [one.location for one in objects] == [
        "https://example.jp/data/20210401/all_prefectures.csv",
        "https://example.jp/data/latest/all_prefectures.csv",
    ]


def test_a_file_that_was_never_published_is_not_asked_for(make_source: MakeSource, make_context: MakeContext) -> None:
    source = make_source(url="https://example.jp", folders=("20170308", "20170515"), datasets=("age-sex",))
    objects = MyNumber().gather(make_context(source))
    assert [one.name for one in objects] == ["20170515/demographics.csv"]


def test_what_moves_between_publications_is_reported(read_all: Any, samples: Path) -> None:
    contributions, context = read_all(samples / "mynumber", datasets=("prefectures",))
    MyNumber().review(context, contributions)
    moves = [one.value for one in context.findings.examples["denominator-date-moves"]]
    assert moves == [
        "2016-01-01 → 2017-01-01",
        "2017-01-01 → 2018-01-01",
        "2018-01-01 → 2019-01-01",
        "2019-01-01 → 2020-01-01",
        "2020-01-01 → 2021-01-01",
    ]
    assert context.findings.examples["release-day-moves"][0].value == "2017-03-08 → 2017-05-15"


def test_new_age_groups_and_a_missing_table_are_reported(read_all: Any, samples: Path) -> None:
    contributions, context = read_all(samples / "mynumber", datasets=("age-sex",))
    MyNumber().review(context, contributions)
    assert context.findings.examples["ages-new"][0].value == "Y_GE90"
    assert context.findings.examples["ages-gone"][0].value == "Y90T94, Y95T99, Y_GE100"
    assert [one.place.file for one in context.findings.examples["file-missing"]] == ["20170308/demographics.csv"]


def test_an_area_that_disappears_is_reported(read_all: Any, samples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for publication in ("20210401", "20210801"):
        (folder / publication).mkdir(parents=True)
        shutil.copy(samples / "mynumber" / publication / "all_prefectures.csv", folder / publication)
    file = folder / "20210801" / "all_prefectures.csv"
    file.write_text("".join(file.read_text("utf-8-sig").splitlines(keepends=True)[:-1]), "utf-8")
    contributions, context = read_all(folder, datasets=("prefectures",))
    MyNumber().review(context, contributions)
    assert context.findings.examples["areas-gone"][0].value == "470007"


def test_the_sample_option_shows_in_title_and_description(make_source: MakeSource, make_context: MakeContext) -> None:
    [dataset, *_] = MyNumber().datasets(make_context(make_source(sample=True)))
    assert dataset.title.ja.endswith("（見本）")
    assert dataset.description.en.startswith("[Sample]")


def test_every_rule_says_what_to_do_in_both_languages() -> None:
    assert all(rule.next_step.ja and rule.next_step.en and rule.title.en != rule.title.ja for rule in RULES.values())
