"""Labels of groups as surveys print them."""

from __future__ import annotations

import pytest

from catalog.reference import load_reference
from harvesters.survey.groups import GroupReader


def reader(role: str, **codes) -> GroupReader:
    return GroupReader.of(role, load_reference(), "121002", {role: codes} if codes else None)


@pytest.mark.parametrize(
    ("role", "label", "code"),
    [
        ("age", "18～29歳", "Y18T29"),
        ("age", "18〜29才", "Y18T29"),
        ("age", "３０代", "Y30T39"),
        ("age", "70歳以上", "Y_GE70"),
        ("age", "20歳未満", "Y_LT20"),
        ("age", "65歳以上75歳未満", "Y65T74"),
        ("sex", "男性", "M"),
        ("sex", "女", "F"),
        ("sex", "その他・回答しない", "_O"),
        ("sex", "無回答", "_U"),
        ("mode", "郵送", "MAIL"),
        ("mode", "ＷＥＢ", "WEB"),
        ("area", "中央区", "121011"),
        ("area", "千葉市緑区", "121053"),
        ("area", "Mihama Ward", "121061"),
        ("area", "121037", "121037"),
        ("industry", "卸売・小売業", "I"),
        ("industry", "医療，福祉", "P"),
        ("size", "1～19人", "E1T19"),
        ("size", "100人以上", "E_GE100"),
        ("size", "300人超", "E_GE301"),
        ("size", "5人未満", "E_LT5"),
    ],
)
def test_a_label_is_read_as_its_code(role, label, code):
    assert reader(role).find(label).code == code


@pytest.mark.parametrize(
    ("role", "label"), [("age", "若者"), ("age", "70～18歳"), ("sex", "山田"), ("area", "市外"), ("size", "大")]
)
def test_a_label_that_is_not_understood_is_not_guessed(role, label):
    assert reader(role).find(label) is None


def test_what_is_declared_wins():
    assert reader("age", **{"70歳以上": "Y_GE75"}).find("70歳以上").code == "Y_GE75"


def test_an_industry_that_is_not_in_the_classification_gets_a_code_that_stays():
    first, second = reader("industry").find("その他サービス業"), reader("industry").find("その他　サービス業")
    assert first.code == second.code
    assert first.code.startswith("X")


def test_the_dimension_has_the_groups_that_were_met_in_the_order_of_what_they_mean():
    ages = reader("age")
    for label in ("無回答", "70歳以上", "18～29歳", "18歳未満", "30～69歳"):
        ages.find(label)
    assert list(ages.dimension().codes) == ["_T", "Y_LT18", "Y18T29", "Y30T69", "Y_GE70", "_U"]


def test_labels_are_those_of_the_code_lists():
    assert reader("age").find("70歳以上").label.en == "70 years and over"
    assert reader("age").find("18～29歳").label.ja == "18-29歳"
