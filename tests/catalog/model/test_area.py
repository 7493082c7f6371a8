"""Area codes are read as people write them, or refused with what to do; areas are found by code and by name."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from catalog.errors import InvalidAreaCode, UnknownCode
from catalog.model.area import REPAIRS, Area, AreaList, ParsedAreaCode, check_digit, parse_area_code

CHIBA_CITY = "121002"

prefectures = st.integers(1, 47)
locals_ = st.one_of(st.just(0), st.integers(100, 999))


@st.composite
def codes(draw: st.DrawFn, prefectures: st.SearchStrategy[int] = prefectures) -> str:
    first = f"{draw(prefectures):02d}{draw(locals_):03d}"
    return first + check_digit(first)


def _area(code: str, name: str, level: str, parent: str | None, **given: str | None) -> Area:
    facts = {"name_en": None, "kana": None, "district": None, **given}
    return Area(code=code, name_ja=name, level=level, parent=parent, **facts)  # type: ignore[arg-type]


@pytest.fixture
def areas() -> AreaList:
    return AreaList(
        (
            _area("000000", "日本", "country", None, name_en="Japan"),
            _area("012106", "岩見沢市", "municipality", "010006"),
            _area("010006", "北海道", "prefecture", "000000"),
            _area("120006", "千葉県", "prefecture", "000000"),
            _area(CHIBA_CITY, "千葉市", "designated_city", "120006", name_en="Chiba City"),
            _area("121061", "千葉市美浜区", "designated_ward", CHIBA_CITY),
            _area("122246", "鎌ケ谷市", "municipality", "120006"),
            _area("123226", "酒々井町", "municipality", "120006", district="印旛郡"),
        )
    )


# ---- check digit


@pytest.mark.parametrize(
    ("first", "last"),
    [("12100", "2"), ("12101", "1"), ("12102", "9"), ("09201", "1"), ("13381", "7"), ("13401", "5"), ("00000", "1")],
)
def test_the_check_digit_is_that_of_the_official_list(first: str, last: str) -> None:
    assert check_digit(first) == last


def test_the_check_digits_of_the_published_figures_are_right(shared_data: Path) -> None:
    with (shared_data / "figures/areas.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 7
    for row in rows:
        assert row["areaCode"] + check_digit(row["areaCode"]) == row["localGovernmentCode"]


@pytest.mark.parametrize("digits", ["1210", "121002", "1210a", "１２１００", ""])
def test_a_check_digit_of_anything_but_five_digits_is_refused(digits: str) -> None:
    with pytest.raises(InvalidAreaCode) as caught:
        check_digit(digits)

    assert caught.value.context["value"] == digits


@given(codes(), st.integers(0, 4), st.integers(1, 9))
def test_one_wrong_digit_goes_unnoticed_only_where_the_rule_maps_two_remainders_to_one(
    code: str, place: int, shift: int
) -> None:
    wrong = code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :]

    assert check_digit(wrong[:5]) != code[5] or code[5] == "1"


@given(codes(), st.integers(1, 9))
def test_a_wrong_last_digit_is_always_noticed(code: str, shift: int) -> None:
    wrong = code[:5] + str((int(code[5]) + shift) % 10)

    with pytest.raises(InvalidAreaCode):
        parse_area_code(wrong)


@given(codes(), st.integers(0, 3))
def test_two_digits_swapped_go_unnoticed_only_where_the_rule_maps_two_remainders_to_one(code: str, at: int) -> None:
    assume(code[at] != code[at + 1])
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]

    assert check_digit(swapped[:5]) != code[5] or code[5] == "1"


# ---- reading a code


@given(codes())
def test_a_code_with_a_right_check_digit_is_read_unrepaired(code: str) -> None:
    assert parse_area_code(code) == ParsedAreaCode(code)


@given(codes(st.integers(1, 9)))
def test_a_lost_leading_zero_is_put_back(code: str) -> None:
    assert parse_area_code(code[1:], five_digits="lost_zero") == ParsedAreaCode(code, "lost_zero")


@given(codes())
def test_a_standard_area_code_gets_its_check_digit(code: str) -> None:
    assert parse_area_code(code[:5], five_digits="standard") == ParsedAreaCode(code, "standard")


@given(codes())
def test_without_a_hint_five_digits_are_read_right_or_refused(code: str) -> None:
    try:
        found = parse_area_code(code[:5]).code
    except InvalidAreaCode as error:
        assert code in error.context["allowed"]  # noqa: PT017
    else:
        assert found == code


@given(st.text(max_size=12))
def test_any_text_is_read_as_a_real_code_or_refused_with_its_value(text: str) -> None:
    try:
        code = parse_area_code(text).code
    except InvalidAreaCode as error:
        assert error.context["value"] == text  # noqa: PT017
        assert error.next_step is not None  # noqa: PT017
    else:
        assert code == "000000" or code == code[:5] + check_digit(code[:5])


@pytest.mark.parametrize(
    ("text", "code", "repaired"),
    [
        ("92011", "092011", "lost_zero"),
        ("11002", "011002", "lost_zero"),
        ("12100", "121002", "standard"),
        ("01100", "011002", "standard"),
        ("1202", "012025", "lost_zero+standard"),
        ("１２１００２", "121002", "full_width"),
        ("121002.0", "121002", "decimal"),
        ("11002.0", "011002", "decimal+lost_zero"),
        (" 121002\u3000", "121002", "spaces"),
        (" １２１００．０", "121002", "spaces+full_width+decimal+standard"),
        ("00000", "000000", "standard"),
        ("000000", "000000", None),
    ],
)
def test_codes_are_repaired_and_say_so(text: str, code: str, repaired: str | None) -> None:
    assert parse_area_code(text) == ParsedAreaCode(code, repaired)


def test_a_repair_is_told_in_both_languages() -> None:
    note = parse_area_code("11002.0").note

    assert note is not None
    assert note.ja == f"{REPAIRS['decimal'].ja}、{REPAIRS['lost_zero'].ja}"
    assert note.en == "the '.0' of a spreadsheet removed, the lost leading zero put back"


def test_an_untouched_code_has_no_note() -> None:
    assert parse_area_code(CHIBA_CITY).note is None


def test_a_wrong_check_digit_is_refused_with_the_expected_one() -> None:
    with pytest.raises(InvalidAreaCode) as caught:
        parse_area_code("121003")

    assert caught.value.context == {"value": "121003", "expected": "121002"}
    assert "正しければ 2" in caught.value.message("ja")
    assert "expected 2" in caught.value.message("en")


def test_a_wrong_check_digit_is_noticed_behind_a_lost_zero_too() -> None:
    with pytest.raises(InvalidAreaCode) as caught:
        parse_area_code("11003", five_digits="lost_zero")

    assert caught.value.context == {"value": "11003", "expected": "011002"}


@pytest.mark.parametrize("text", ["", "千葉市", "12-100", "121002.5", "1", "12", "121", "1210020", "482005", "001007"])
def test_what_is_no_code_is_refused_with_examples_of_codes(text: str) -> None:
    with pytest.raises(InvalidAreaCode) as caught:
        parse_area_code(text)

    assert caught.value.context["value"] == text
    assert "121002" in caught.value.message("ja")


def test_five_digits_that_can_be_two_codes_are_not_guessed() -> None:
    with pytest.raises(InvalidAreaCode) as caught:
        parse_area_code("12106")

    assert caught.value.context["allowed"] == ["012106", "121061"]
    assert "6桁" in caught.value.message("ja")


def test_of_two_readings_the_one_that_exists_is_taken() -> None:
    assert parse_area_code("12106", known={"121061"}).code == "121061"


def test_two_readings_that_both_exist_stay_refused(areas: AreaList) -> None:
    with pytest.raises(InvalidAreaCode):
        areas.parse_code("12106")


def test_a_column_that_says_what_its_five_digits_are_is_believed(areas: AreaList) -> None:
    assert areas.parse_code("12106", five_digits="lost_zero").code == "012106"
    assert areas.parse_code("12106", five_digits="standard").code == "121061"


# ---- areas


def test_an_area_is_found_by_its_exact_code_only(areas: AreaList) -> None:
    assert areas.get(CHIBA_CITY).name_ja == "千葉市"
    assert areas.find("12100") is None
    assert CHIBA_CITY in areas
    assert "12100" not in areas


def test_an_unknown_area_names_the_nearest_code(areas: AreaList) -> None:
    with pytest.raises(UnknownCode) as caught:
        areas.get("121003")

    assert caught.value.context["nearest"] == CHIBA_CITY


def test_children_are_one_level_below_and_within_is_everything(areas: AreaList) -> None:
    assert [one.code for one in areas.children("120006")] == [CHIBA_CITY, "122246", "123226"]
    assert [one.code for one in areas.within("120006")] == ["120006", CHIBA_CITY, "121061", "122246", "123226"]
    assert areas.children("121061") == ()


def test_children_of_an_unknown_area_raise(areas: AreaList) -> None:
    with pytest.raises(UnknownCode):
        areas.children("131016")


@pytest.mark.parametrize("name", ["酒々井町", "印旛郡酒々井町", "印旛郡 酒々井町"])
def test_a_municipality_is_found_with_and_without_its_district(areas: AreaList, name: str) -> None:
    found = areas.find_municipality("千葉県", name)

    assert found is not None
    assert found.code == "123226"


@pytest.mark.parametrize("name", ["鎌ケ谷市", "鎌ヶ谷市", "鎌ｹ谷市"])
def test_the_two_ways_to_write_ke_are_one_name(areas: AreaList, name: str) -> None:
    found = areas.find_municipality("千葉県", name)

    assert found is not None
    assert found.code == "122246"


def test_a_municipality_of_another_prefecture_is_not_found(areas: AreaList) -> None:
    assert areas.find_municipality("北海道", "千葉市") is None
    assert areas.find_municipality("千葉県", "酒々井") is None


def test_a_prefecture_is_found_by_its_full_name(areas: AreaList) -> None:
    found = areas.find_prefecture("千葉県")

    assert found is not None
    assert found.code == "120006"
    assert areas.find_prefecture("千葉") is None


def test_an_english_name_that_is_not_recorded_falls_back_and_shows_it(areas: AreaList) -> None:
    town = areas.get("123226")

    assert town.name.en == "酒々井町"
    assert town.name_en is None
    assert town.to_dict()["name"] == {"ja": "酒々井町", "en": None}


def test_an_area_survives_json() -> None:
    area = Area(
        code="122394",
        name_ja="大網白里市",
        name_en="Oamishirasato City",
        kana="オオアミシラサトシ",
        district=None,
        level="municipality",
        parent="120006",
        valid_from=date(2013, 1, 1),
    )

    assert Area.from_dict(area.to_dict()) == area
    assert area.to_dict()["valid_from"] == "2013-01-01"
    assert area.to_dict()["standard_code"] == "12239"


def test_an_empty_list_of_areas_answers(areas: AreaList) -> None:
    empty = AreaList(())

    assert len(empty) == 0
    assert empty.find_municipality("千葉県", "千葉市") is None
