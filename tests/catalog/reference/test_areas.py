"""The list of areas: complete, consistent, and equal to what MIC's files name."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from catalog.model.area import MUNICIPAL_LEVELS, PARENT_LEVELS, check_digit, parse_area_code
from catalog.reference import Reference

CHIBA = "120006"
CHIBA_CITY = "121002"


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_there_are_47_prefectures_1741_municipalities_and_171_wards_in_force(reference: Reference) -> None:
    levels = Counter(one.level for one in reference.areas if one.valid_to is None)

    assert levels["country"] == 1
    assert levels["prefecture"] == 47
    assert levels["designated_city"] == 20
    assert levels["designated_ward"] == 171
    assert sum(levels[level] for level in MUNICIPAL_LEVELS) == 1741


def test_the_municipalities_are_792_cities_743_towns_183_villages_23_special_wards(reference: Reference) -> None:
    kinds = Counter(one.name_ja[-1] for one in reference.areas if one.is_municipality)

    assert kinds == {"市": 792, "町": 743, "村": 183, "区": 23}


def test_chiba_prefecture_has_37_cities_16_towns_and_one_village(reference: Reference) -> None:
    names = [one.name_ja for one in reference.areas.children(CHIBA)]

    assert len(names) == 54
    assert Counter(name[-1] for name in names) == {"市": 37, "町": 16, "村": 1}


def test_chiba_city_has_its_six_wards_as_published(reference: Reference, shared_data: Path) -> None:
    published = {row["localGovernmentCode"]: row for row in _rows(shared_data / "figures/areas.csv")}

    ours = reference.areas.within(CHIBA_CITY)
    assert [one.code for one in ours] == list(published)
    for one in ours:
        row = published[one.code]
        assert (one.standard_code, one.name_ja, one.name_en) == (row["areaCode"], row["name"], row["nameEn"])
        assert (one.level, one.parent) == (row["level"], row["parent"])
        assert one.kana == unicodedata.normalize("NFKC", row["nameKana"])


def test_every_code_but_the_countrys_has_its_check_digit(reference: Reference) -> None:
    wrong = [one.code for one in reference.areas if check_digit(one.code[:5]) != one.code[5]]

    assert wrong == ["000000"]


def test_every_area_stands_below_an_area_of_the_level_above(reference: Reference) -> None:
    for one in reference.areas:
        above = reference.areas.get(one.parent).level if one.parent else None
        assert above in (PARENT_LEVELS[one.level] or (None,))


def test_a_municipality_stands_below_the_prefecture_of_its_code(reference: Reference) -> None:
    for one in reference.areas:
        if one.is_municipality:
            assert one.parent is not None
            assert one.parent[:2] == one.code[:2]


def test_the_whole_country_is_everything(reference: Reference) -> None:
    assert len(reference.areas.within("000000")) == len(reference.areas) == 1967


def test_the_prefectures_are_in_the_order_of_their_codes(reference: Reference) -> None:
    prefectures = reference.areas.at_level("prefecture")

    assert [int(one.code[:2]) for one in prefectures] == list(range(1, 48))
    assert (prefectures[0].name_ja, prefectures[12].name_en, prefectures[46].kana) == (
        "北海道",
        "Tokyo",
        "オキナワケン",
    )


def test_chiba_and_all_prefectures_are_named_in_japanese_english_and_kana(reference: Reference) -> None:
    named = [*reference.areas.at_level("country", "prefecture"), *reference.areas.within(CHIBA)]

    assert len(named) == 1 + 47 + 1 + 54 + 6
    assert [one.code for one in named if not (one.name_en and one.kana)] == []


def test_other_municipalities_have_a_reading_and_no_english_name(reference: Reference) -> None:
    hakodate = reference.areas.get("012025")

    assert (hakodate.name_en, hakodate.kana, hakodate.name.en) == (None, "ハコダテシ", "函館市")


def test_designated_cities_special_wards_and_wards_are_named_in_english_and_kana(reference: Reference) -> None:
    special = [one for one in reference.areas.children("130001") if one.name_ja.endswith("区")]
    named = [*reference.areas.at_level("designated_city", "designated_ward"), *special]

    assert len(named) == 20 + 178 + 23
    for one in named:
        assert one.name_en
        assert one.kana
        assert one.name_en.endswith(" City" if one.level == "designated_city" else " Ward")
        assert one.kana.endswith("シ" if one.level == "designated_city" else "ク")


#: number of wards of each designated city that are in force, in the order of the codes
WARDS = {
    "札幌市": 10,
    "仙台市": 5,
    "さいたま市": 10,
    "千葉市": 6,
    "横浜市": 18,
    "川崎市": 7,
    "相模原市": 3,
    "新潟市": 8,
    "静岡市": 3,
    "浜松市": 3,
    "名古屋市": 16,
    "京都市": 11,
    "大阪市": 24,
    "堺市": 7,
    "神戸市": 9,
    "岡山市": 4,
    "広島市": 8,
    "北九州市": 7,
    "福岡市": 7,
    "熊本市": 5,
}


def test_every_designated_city_has_its_wards(reference: Reference) -> None:
    found = {}
    for city in reference.areas.at_level("designated_city"):
        wards = [one for one in reference.areas.children(city.code) if one.valid_to is None]
        found[city.name_ja] = len(wards)
        for one in wards:
            assert one.name_ja.startswith(city.name_ja)
            assert one.kana is not None
            assert city.kana is not None
            assert one.kana.startswith(city.kana)
            assert one.code[:3] == city.code[:3]

    assert found == WARDS


@pytest.mark.parametrize(
    ("code", "name", "english", "first"),
    [
        ("011011", "札幌市中央区", "Chuo Ward", "1972-04-01"),
        ("141038", "横浜市西区", "Nishi Ward", None),
        ("141305", "川崎市", "Kawasaki City", "1972-04-01"),
        ("141518", "相模原市緑区", "Midori Ward", "2010-04-01"),
        ("151041", "新潟市江南区", "Konan Ward", "2007-04-01"),
        ("231169", "名古屋市天白区", "Tempaku Ward", "1975-02-01"),
        ("271217", "大阪市東住吉区", "Higashisumiyoshi Ward", None),
        ("271276", "大阪市北区", "Kita Ward", "1989-02-13"),
        ("271471", "堺市美原区", "Mihara Ward", "2006-04-01"),
        ("331015", "岡山市北区", "Kita Ward", "2009-04-01"),
        ("401064", "北九州市小倉北区", "Kokurakita Ward", "1974-04-01"),
        ("431010", "熊本市中央区", "Chuo Ward", "2012-04-01"),
    ],
)
def test_wards_and_their_cities_are_as_mic_lists_them(
    reference: Reference, code: str, name: str, english: str, first: str | None
) -> None:
    area = reference.areas.get(code)

    assert (area.name_ja, area.name_en, area.valid_from and str(area.valid_from)) == (name, english, first)


def test_the_wards_of_hamamatsu_before_and_after_2024_are_told_apart_by_their_days(reference: Reference) -> None:
    wards = reference.areas.children("221309")
    old = {one.code: one.name_ja.removeprefix("浜松市") for one in wards if one.valid_to is not None}
    new = {one.code: one.name_ja.removeprefix("浜松市") for one in wards if one.valid_to is None}

    assert list(old) == ["221317", "221325", "221333", "221341", "221350", "221368", "221376"]
    assert list(old.values()) == ["中区", "東区", "西区", "南区", "北区", "浜北区", "天竜区"]
    assert new == {"221384": "中央区", "221392": "浜名区", "221406": "天竜区"}
    assert {str(one.valid_to) for one in wards if one.valid_to} == {"2023-12-31"}
    assert {str(one.valid_from) for one in wards if not one.valid_to} == {"2024-01-01"}


def test_of_two_wards_of_one_name_the_one_in_force_is_found(reference: Reference) -> None:
    found = reference.areas.find_municipality("静岡県", "浜松市天竜区")

    assert found is not None
    assert found.code == "221406"


@pytest.mark.parametrize(
    ("code", "ja", "en", "kana"),
    [
        ("122033", "市川市", "Ichikawa City", "イチカワシ"),
        ("122220", "我孫子市", "Abiko City", "アビコシ"),
        ("122351", "匝瑳市", "Sosa City", "ソウサシ"),
        ("122394", "大網白里市", "Oamishirasato City", "オオアミシラサトシ"),
        ("123226", "酒々井町", "Shisui Town", "シスイマチ"),
        ("124036", "九十九里町", "Kujukuri Town", "クジュウクリマチ"),
        ("124214", "一宮町", "Ichinomiya Town", "イチノミヤマチ"),
        ("124231", "長生村", "Chosei Village", "チョウセイムラ"),
        ("124630", "鋸南町", "Kyonan Town", "キョナンマチ"),
    ],
)
def test_municipalities_of_chiba_are_read_right(reference: Reference, code: str, ja: str, en: str, kana: str) -> None:
    area = reference.areas.get(code)

    assert (area.name_ja, area.name_en, area.kana) == (ja, en, kana)


def test_english_names_and_readings_agree_on_the_kind_of_municipality(reference: Reference) -> None:
    kinds = {"市": ("City", "シ"), "町": ("Town", "マチ"), "村": ("Village", "ムラ")}

    for one in reference.areas.children(CHIBA):
        english, kana = kinds[one.name_ja[-1]]
        assert one.name_en is not None
        assert one.kana is not None
        assert one.name_en.endswith(f" {english}")
        assert one.kana.endswith(kana)


def test_every_code_and_name_of_mics_municipal_files_is_in_the_list(reference: Reference, shared_data: Path) -> None:
    files = sorted((shared_data / "mynumber").glob("*/all_localgovs.csv"))
    seen = {(row["都道府県名"], row["市区町村名"], row["団体コード"]) for path in files for row in _rows(path)}

    assert len(files) == 35
    found = set()
    for prefecture, name, text in seen:
        area = reference.areas.find_municipality(prefecture, name)
        assert area is not None
        if text != "<NA>":
            assert parse_area_code(text, five_digits="lost_zero").code == area.code
        found.add(area.code)
    assert found == {one.code for one in reference.areas if one.is_municipality}


def test_mics_codes_can_be_read_without_a_hint_except_where_two_areas_can_be_meant(
    reference: Reference, shared_data: Path
) -> None:
    texts = {row["団体コード"] for row in _rows(shared_data / "mynumber/latest/all_localgovs.csv")} - {"<NA>"}
    both = {
        text
        for text in texts
        if len(text) == 5 and {f"0{text}", text + check_digit(text)} <= {one.code for one in reference.areas}
    }

    assert "12106" in both
    for text in texts - both:
        assert reference.areas.parse_code(text).code == text.zfill(6)


def test_every_prefecture_of_mics_files_is_in_the_list(reference: Reference, shared_data: Path) -> None:
    names = {row["都道府県名"] for row in _rows(shared_data / "mynumber/latest/all_prefectures.csv")}

    assert len(names) == 47
    assert all(reference.areas.find_prefecture(name) for name in names)


@pytest.mark.parametrize(
    ("name", "code"),
    [("三宅村", "133817"), ("三宅島三宅村", "133817"), ("八丈町", "134015"), ("八丈島八丈町", "134015")],
)
def test_the_two_municipalities_that_mic_gave_without_code_are_found_by_name(
    reference: Reference, name: str, code: str
) -> None:
    area = reference.areas.find_municipality("東京都", name)

    assert area is not None
    assert area.code == code
    assert code == code[:5] + check_digit(code[:5])


def test_names_are_told_apart_by_their_prefecture(reference: Reference) -> None:
    codes = []
    for prefecture in ("東京都", "広島県"):
        area = reference.areas.find_municipality(prefecture, "府中市")
        assert area is not None
        codes.append(area.code)

    assert codes == ["132063", "342084"]


def test_a_city_whose_name_contains_the_word_district_keeps_its_name(reference: Reference) -> None:
    names = {one.name_ja for one in reference.areas if "郡" in one.name_ja}

    assert names == {"郡山市", "郡上市", "蒲郡市", "上郡町", "大和郡山市", "小郡市"}
    assert all(re.fullmatch(r".+(郡|島)", one.district) for one in reference.areas if one.district)


def test_the_day_from_which_a_code_is_valid_is_kept_where_it_is_known(reference: Reference) -> None:
    assert str(reference.areas.get("121011").valid_from) == "1992-04-01"
    assert reference.areas.get("122033").valid_from is None
