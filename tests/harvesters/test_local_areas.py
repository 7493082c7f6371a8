"""Areas that a harvest file declares: what is read, and what is refused with which words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from catalog.errors import ConfigurationError, InputError
from catalog.model.area import LOCAL, LOCAL_CODE, Area
from catalog.reference import load_reference
from catalog.settings import Settings
from harvesters import load_sources
from harvesters.local_areas import areas_used, read_described_areas, read_local_areas

EAST = {"code": "12101-east", "name_ja": "東部地区", "name_en": "East", "parent": "121011"}
HEAD = "code,name_ja,name_en,parent,valid_from,valid_to\n"


@pytest.fixture
def read(tmp_path: Path) -> Callable[[Any], tuple[Area, ...]]:
    """Return a function that reads what stands under ``areas`` of a harvest file."""
    return lambda raw: read_local_areas(raw, tmp_path / "harvest.yml", load_reference().areas)


def test_a_list_in_the_harvest_file_is_read(read: Callable[[Any], tuple[Area, ...]]) -> None:
    [area] = read([{**EAST, "valid_from": date(2020, 4, 1), "valid_to": "2025-03-31"}])

    assert (area.code, area.name.ja, area.name.en, area.parent) == ("12101-east", "東部地区", "East", "121011")
    assert (area.level, area.standard_code) == (LOCAL, "12101")
    assert (area.valid_from, area.valid_to) == (date(2020, 4, 1), date(2025, 3, 31))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_csv_beside_the_harvest_file_is_read(
    read: Callable[[Any], tuple[Area, ...]], tmp_path: Path, encoding: str
) -> None:
    text = f"{HEAD}12101001002,中央一丁目,,121011,2020/4/01,\n\n12101001, 中央 ,Chuo,121011,,\n".replace("4/", "04/")
    (tmp_path / "areas.csv").write_bytes(text.encode(encoding))

    first, second = read("areas.csv")
    assert (first.code, first.name_ja, first.name_en, first.valid_from) == (
        "12101001002",
        "中央一丁目",
        None,
        date(2020, 4, 1),
    )
    assert (second.name_ja, second.valid_from) == ("中央", None)


def test_no_areas_are_no_areas(read: Callable[[Any], tuple[Area, ...]]) -> None:
    assert read(None) == ()


def test_an_area_may_lie_in_another_one_that_is_declared_after_it(read: Callable[[Any], tuple[Area, ...]]) -> None:
    part = {"code": "12100-a-1", "name_ja": "一", "parent": "12100-a"}
    whole = {"code": "12100-a", "name_ja": "全", "parent": "121002"}

    areas = load_reference().areas.with_areas(read([part, whole]))
    assert [one.code for one in areas.above("12100-a-1")] == ["12100-a", "121002", "120006", "000000"]


@pytest.mark.parametrize(
    ("change", "where", "said"),
    [
        ({"code": "121011"}, "areas[0].code", "千葉市中央区"),
        ({"code": "12101"}, "areas[0].code", "12101-higashi"),
        ({"code": "121019"}, "areas[0].code", "12101-higashi"),
        ({"code": "east"}, "areas[0].code", "12101-higashi"),
        ({"code": "12101-東"}, "areas[0].code", "12101-higashi"),
        ({"code": "12101-../x"}, "areas[0].code", "12101-higashi"),
        ({"code": "12101-" + "x" * 40}, "areas[0].code", "12101-higashi"),
        ({"code": "27101-east"}, "areas[0].code", "12101、12100、12000"),
        ({"code": True}, "areas[0].code", "12101-higashi"),
        ({"name_ja": ""}, "areas[0].name_ja", "100字まで"),
        ({"name_ja": "東\n部"}, "areas[0].name_ja", "100字まで"),
        ({"name_ja": "東" * 101}, "areas[0].name_ja", "100字まで"),
        ({"name_ja": None}, "areas[0]", "name_ja"),
        ({"parent": "121012"}, "areas[0].parent", "121011 のことでは"),
        ({"parent": "000000"}, "areas[0].parent", "都道府県・市区町村・区"),
        ({"parent": "12101-east"}, "areas[0].parent", "都道府県・市区町村・区"),
        ({"valid_from": "2020-04-31"}, "areas[0].valid_from", "2025-04-01 のような日付"),
        ({"valid_from": "2020-04-01", "valid_to": "2020-03-31"}, "areas[0].valid_to", "valid_from 以後"),
        ({"namae": "東部"}, "areas[0]", "name_ja"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_its_place_and_what_to_do(
    read: Callable[[Any], tuple[Area, ...]], change: dict[str, Any], where: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read([{**EAST, **change}])

    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.cell) == ("harvest.yml", where)
    assert said in caught.value.message("ja")
    assert caught.value.next_step is not None


def test_a_code_that_repeats_is_refused_with_both_places(
    read: Callable[[Any], tuple[Area, ...]], tmp_path: Path
) -> None:
    (tmp_path / "areas.csv").write_text(f"{HEAD}12101-a,東,,121011,,\n12101-b,西,,121011,,\n12101-a,南,,121011,,\n")

    with pytest.raises(ConfigurationError) as caught:
        read("areas.csv")
    assert str(caught.value.place) == "areas.csv / row 4.code"
    assert "row 2 にもあります" in caught.value.message("ja")


def test_areas_that_contain_each_other_are_refused(read: Callable[[Any], tuple[Area, ...]]) -> None:
    ring = [{"code": f"12101-{a}", "name_ja": a, "parent": f"12101-{b}"} for a, b in (("aa", "bb"), ("bb", "aa"))]

    with pytest.raises(ConfigurationError, match="12101-bb"):
        read(ring)


@pytest.mark.parametrize(
    ("raw", "content", "said"),
    [
        ("none.csv", None, "読めるファイル"),
        ("areas.csv", "code,name,parent\n", "name_ja"),
        ("areas.csv", f"{HEAD}12101-a,東,,121011,,,,\n", "6列"),
        ("../areas.csv", None, "定義ファイルのフォルダ"),
        ({"code": "12101-a"}, None, "地域の並び"),
        (["12101-a"], None, "name_ja"),
        (7, None, "地域の並び"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(
    read: Callable[[Any], tuple[Area, ...]], tmp_path: Path, raw: Any, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / raw).write_text(content, "utf-8")

    with pytest.raises(ConfigurationError) as caught:
        read(raw)
    assert said in caught.value.message("ja")


def test_a_table_in_an_unknown_encoding_is_refused(read: Callable[[Any], tuple[Area, ...]], tmp_path: Path) -> None:
    (tmp_path / "areas.csv").write_bytes(b"\xff\xfe\x00\x81")

    with pytest.raises(ConfigurationError, match="UTF-8"):
        read("areas.csv")


def test_too_many_areas_are_refused(read: Callable[[Any], tuple[Area, ...]], tmp_path: Path) -> None:
    rows = "".join(f"12101-{one:05d},町{one},,121011,,\n" for one in range(20_001))
    (tmp_path / "areas.csv").write_text(HEAD + rows, "utf-8")

    with pytest.raises(ConfigurationError, match="20000"):
        read("areas.csv")


def test_all_sources_of_a_harvest_file_know_its_areas(tmp_path: Path, settings: Settings) -> None:
    source = "{{name: {0}, kind: mynumber, title: {{ja: 札, en: Cards}}, path: {0}}}"
    path = tmp_path / "harvest.yml"
    path.write_text(
        "version: 1\nareas:\n  - {code: 12101-east, name_ja: 東部, parent: '121011'}\n"
        f"sources: [{source.format('one')}, {source.format('two')}]\n",
        "utf-8",
    )

    found = load_sources(path, settings)
    assert [[area.code for area in one.areas] for one in found] == [["12101-east"], ["12101-east"]]


def test_a_dataset_carries_the_areas_that_its_figures_are_of_and_those_above(
    read: Callable[[Any], tuple[Area, ...]],
) -> None:
    areas = read([EAST, {"code": "12101-e-1", "name_ja": "一", "parent": "12101-east"}, {**EAST, "code": "12101-west"}])
    table = pa.table({"area_code": ["121002", "12101-e-1", None]})

    assert [one.code for one in areas_used(areas, table, ())] == ["12101-e-1", "12101-east"]
    assert [one.code for one in areas_used(areas, table, ("12101-west",))] == ["12101-e-1", "12101-east", "12101-west"]
    assert areas_used((), table, ()) == ()


def test_no_code_of_the_national_list_has_the_form_of_a_local_one() -> None:
    assert [one.code for one in load_reference().areas if LOCAL_CODE.fullmatch(one.code)] == []


def test_areas_that_somebody_elses_release_names_are_held_to_the_same_rules() -> None:
    national = load_reference().areas
    [area] = load_reference().areas.with_areas([_east()]).within("12101-east")

    assert read_described_areas([area.to_dict()], "datapackage.json", national) == (area,)
    for broken in ({"code": "121011"}, {"parent": "999999"}, {"name": {"ja": "", "en": None}}, {"name": "東部"}):
        with pytest.raises(InputError) as caught:
            read_described_areas([{**area.to_dict(), **broken}], "datapackage.json", national)
        assert caught.value.next_step is not None
        assert "提供元" in caught.value.next_step.ja
    assert read_described_areas(None, "datapackage.json", national) == ()


def _east() -> Area:
    given = {"kana": None, "district": None, "level": LOCAL}
    return Area(**EAST, **given)
