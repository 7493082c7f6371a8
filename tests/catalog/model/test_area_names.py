"""What names mean: by the area that a source is about and by time, never by guess."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.errors import UnknownCode
from catalog.model.area import LOCAL, Area, area_key
from catalog.model.area_names import describe_candidates, distinct_names, existing, names_anywhere, names_below
from catalog.reference import load_reference

AREAS = load_reference().areas


def _local(code: str, name: str, parent: str) -> Area:
    return Area(code=code, name_ja=name, name_en=None, kana=None, district=None, level=LOCAL, parent=parent)


@pytest.mark.parametrize("name", ["中央区", "大阪市中央区", "Chuo Ward", "chuo ward", "271284", "27128"])
def test_a_ward_is_found_under_all_its_names_below_its_city(name: str) -> None:
    assert [one.code for one in names_below(AREAS, "271004")[area_key(name)]] == ["271284"]


@pytest.mark.parametrize(
    ("city", "code"), [("011002", "011011"), ("121002", "121011"), ("281000", "281107"), ("401307", "401331")]
)
def test_the_same_name_means_the_ward_of_the_city(city: str, code: str) -> None:
    assert [one.code for one in names_below(AREAS, city)["中央区"]] == [code]


def test_below_a_prefecture_a_name_of_several_wards_means_all_of_them() -> None:
    found = names_below(AREAS, "140007")["西区"]
    assert [one.code for one in found] == ["141038"]
    assert [one.code for one in names_below(AREAS, "140007")["緑区"]] == ["141135", "141518"]


def test_what_is_directly_below_wins_over_what_is_further_down() -> None:
    areas = AREAS.with_areas([_local("12100-aa", "中央", "121002"), _local("12101-aa", "中央", "121011")])

    assert [one.code for one in names_below(areas, "121002")["中央"]] == ["12100-aa"]
    assert [one.code for one in names_below(areas, "121011")["中央"]] == ["12101-aa"]


def test_everything_below_an_area_can_be_named() -> None:
    areas = AREAS.with_areas([_local("12101-aa", "東部", "121011"), _local("12101-aa-1", "東部一", "12101-aa")])

    names = names_below(areas, "121002")
    assert [one.code for one in (*names["東部"], *names["東部一"])] == ["12101-aa", "12101-aa-1"]
    assert "12101" in names
    assert names["12101"][0].code == "121011"


def test_names_below_an_area_that_does_not_exist_raise() -> None:
    with pytest.raises(UnknownCode):
        names_below(AREAS, "999999")


def test_anywhere_a_name_means_one_area_with_its_prefecture_and_perhaps_several_without() -> None:
    names = names_anywhere(AREAS)

    assert [one.code for one in names["広島県府中市"]] == ["342084"]
    assert [one.code for one in names["府中市"]] == ["132063", "342084"]
    assert [one.code for one in names["沖縄県八重山郡与那国町"]] == ["473821"]
    assert len(names["中央区"]) == 11
    assert [one.code for one in names["都島区"]] == ["271021"]


def test_areas_of_another_time_are_not_meant() -> None:
    both = names_below(AREAS, "221309")["天竜区"]

    assert [one.code for one in both] == ["221376", "221406"]
    assert [one.code for one in existing(both, date(2023, 4, 1), date(2023, 12, 31))] == ["221376"]
    assert [one.code for one in existing(both, date(2024, 1, 1), date(2024, 3, 31))] == ["221406"]
    assert existing(both, date(2023, 4, 1), date(2024, 3, 31)) == both
    assert existing(both, date(2006, 1, 1), date(2007, 3, 31)) == ()


def test_candidates_are_described_with_the_day_on_which_they_ended() -> None:
    told = describe_candidates(names_below(AREAS, "221309")["天竜区"])

    assert told.ja == "221376 浜松市天竜区（2023-12-31 まで）、221406 浜松市天竜区"
    assert told.en == "221376 浜松市天竜区 (until 2023-12-31), 221406 浜松市天竜区"


def test_an_area_of_the_national_list_is_not_replaced_by_one_that_is_added() -> None:
    pretender = _local("121011", "偽の区", "121002")

    assert AREAS.with_areas([pretender]) is AREAS


def test_areas_that_are_shown_together_are_told_apart_by_what_is_above_them_or_by_their_last_day() -> None:
    wards = [AREAS.get(code) for code in ("271276", "271462", "271021", "221376", "221406")]

    names = distinct_names(wards, AREAS)
    assert [one.ja for one in names.values()] == [
        "大阪市北区",
        "堺市北区",
        "大阪市都島区",
        "浜松市天竜区（2023-12-31 まで）",
        "浜松市天竜区",
    ]
    assert [one.en for one in names.values()] == [
        "Kita Ward, Osaka City",
        "Kita Ward, Sakai City",
        "Miyakojima Ward",
        "Tenryu Ward, Hamamatsu City (until 2023-12-31)",
        "Tenryu Ward, Hamamatsu City",
    ]
