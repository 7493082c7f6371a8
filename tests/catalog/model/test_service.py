"""Records of services: read, written back, refused with the place of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import InputError, Label
from catalog.model.data_map import data_map, overlap
from catalog.model.service import Service, parse_service

LEAST: dict[str, Any] = {
    "id": "ideabox",
    "name": {"ja": "ちばしアイデアボックス", "en": "Chiba City Idea Box"},
    "description": {"ja": "意見を交わす場です。", "en": "A place to exchange views."},
    "publisher": {"name": "chiba-city", "label": {"ja": "千葉市", "en": "Chiba City"}},
    "phase": "implemented",
}
FULL: dict[str, Any] = {
    **LEAST,
    "phase_history": [{"phase": "pilot", "start": "2013-M07", "end": "2013-M12"}, {"phase": "implemented"}],
    "smarts": ["cityhall"],
    "target_states": ["cityhall-1"],
    "step": 1,
    "areas": ["121002"],
    "sub_area": {"ja": "幕張新都心", "en": None},
    "users": {"scope": "all", "who": {"ja": "市民", "en": "Citizens"}},
    "governance": {
        "architect": {"ja": "設計太郎事務所", "en": None},
        "team": [{"name": {"ja": "千葉大学", "en": "Chiba University"}, "role": "academia"}],
        "area_bodies": [],
        "city_role": "lead",
    },
    "owner": {"ja": "課", "en": None},
    "data": {
        "inputs": [{"name": {"ja": "住民基本台帳", "en": None}, "personal": True, "basis": "law"}],
        "internal": [],
        "outputs": [
            {"name": {"ja": "投稿", "en": "Posts"}, "dataset": "posts", "method": "csv", "recipients": ["foryou"]}
        ],
    },
    "city_os": {"stage": "spec", "broker": "orion"},
    "interfaces": [{"endpoint": "https://example.jp/api", "openapi": None, "about": None, "datasets": ["posts"]}],
    "kpis": [
        {
            "kind": "outcome",
            "name": {"ja": "登録者数", "en": None},
            "measurements": [{"period": "FY2023", "value": 12.5, "approximate": True}],
        }
    ],
    "channels": [{"kind": "web", "url": "https://example.jp/"}],
    "contact": {"email": "a@example.jp"},
    "evaluation": {"productionised": False, "period": "2014"},
    "spread": {"places": [{"ja": "芦屋市", "en": "Ashiya"}]},
    "sources": [{"url": "https://example.jp/news"}],
    "note": {"ja": "分類は編集者による", "en": "Our classification"},
}


def measured(value: Any) -> dict[str, Any]:
    """Return a KPI with one figure."""
    return {"kind": "output", "name": "x", "measurements": [{"period": "2024", "value": value}]}


def refusal(**changes: Any) -> InputError:
    """Return what is said of a record with these members."""
    with pytest.raises(InputError) as caught:
        parse_service({**LEAST, **changes})
    return caught.value


@pytest.mark.parametrize("raw", [LEAST, FULL])
def test_what_is_written_reads_back_as_the_same_record(raw: dict[str, Any]) -> None:
    service = parse_service(raw)
    assert parse_service(service.to_dict()) == service
    assert parse_service(service.to_dict(compact=True)) == service
    assert service.to_dict() == parse_service(service.to_dict()).to_dict()


def test_nothing_of_a_full_record_is_lost() -> None:
    def told(raw: Any) -> Any:
        if isinstance(raw, dict):
            return {key: told(value) for key, value in raw.items() if value is not None and value != []}
        return [told(one) for one in raw] if isinstance(raw, list) else raw

    written = parse_service(FULL).to_dict(compact=True)
    assert told(FULL) == told(written) | {"publisher": told(FULL["publisher"])}


def test_members_that_are_not_declared_are_kept_at_every_depth() -> None:
    raw = {**FULL, "budget": {"2024": [1, None]}, "governance": {**FULL["governance"], "chair": "x"}}
    service = parse_service(raw)
    assert dict(service.iter_others()) == {"/budget": {"2024": [1, None]}, "/governance/chair": "x"}
    assert service.to_dict()["budget"] == {"2024": [1, None]}
    assert service.to_dict()["governance"]["chair"] == "x"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("xyz_", min_size=1, max_size=8), json_values, max_size=4))
def test_any_unknown_members_come_back(others: dict[str, Any]) -> None:
    service = parse_service({**LEAST, **others})
    assert service.to_dict() | others == service.to_dict()
    assert parse_service(service.to_dict()) == service


def test_the_digest_is_that_of_what_is_said_not_of_how_it_is_written() -> None:
    null_or_missing = parse_service({**LEAST, "owner": None, "kpis": []})
    reordered = parse_service(dict(reversed(LEAST.items())))
    assert parse_service(LEAST).digest == null_or_missing.digest == reordered.digest
    assert parse_service({**LEAST, "step": 2}).digest != parse_service(LEAST).digest


def test_a_name_without_english_falls_back_to_japanese() -> None:
    owner = parse_service({**LEAST, "owner": "広報広聴課"}).owner
    assert owner is not None
    assert owner.en is None
    assert owner.label == Label("広報広聴課", "広報広聴課")


@pytest.mark.parametrize("name", ["id", "name", "description", "publisher", "phase"])
def test_a_record_without_a_member_that_is_needed_names_it(name: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_service({key: value for key, value in LEAST.items() if key != name})
    assert caught.value.context["pointer"] == f"/{name}"


@pytest.mark.parametrize(
    ("pointer", "changes"),
    [
        ("/id", {"id": "../etc"}),
        ("/id", {"id": "A"}),
        ("/name", {"name": "日本語だけ"}),
        ("/name/en", {"name": {"ja": "名", "en": " "}}),
        ("/step", {"step": 4}),
        ("/step", {"step": True}),
        ("/step", {"step": "1"}),
        ("/start", {"start": "2024-13-01"}),
        ("/start", {"start": "令和6年"}),
        ("/url", {"url": "javascript:alert(1)"}),
        ("/url", {"url": "https://"}),
        ("/url", {"url": "https://[::1"}),
        ("/url", {"url": "https://example.jp/a b"}),
        ("/areas", {"areas": "121002"}),
        ("/smarts/1", {"smarts": ["cityhall", ["x"]]}),
        ("/smarts", {"smarts": ["cityhall"] * 1001}),
        ("/kpis/0/measurements/0/value", {"kpis": [measured("多数")]}),
        ("/kpis/0/measurements/0/value", {"kpis": [measured(float("inf"))]}),
        ("/kpis/0/measurements/0/value", {"kpis": [measured(True)]}),
        ("/governance/team/0/role", {"governance": {"team": [{"name": "x"}]}}),
        ("/data/inputs/0", {"data": {"inputs": ["住民基本台帳"]}}),
        ("/data/inputs/0/personal", {"data": {"inputs": [{"name": "x", "personal": "yes"}]}}),
        ("/contact/email", {"contact": {"email": "a b@c"}}),
        ("/description/ja", {"description": {"ja": "a\x00", "en": "a"}}),
        ("/description/ja", {"description": {"ja": "あ" * 10_001, "en": "a"}}),
        ("/publisher", {"publisher": {"name": "chiba-city"}}),
        ("/publisher", {"publisher": {**LEAST["publisher"], "role": "x"}}),
        ("/publisher/name", {"publisher": {**LEAST["publisher"], "name": "千葉市"}}),
        ("/publisher/url", {"publisher": {**LEAST["publisher"], "url": "file:///etc/passwd"}}),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_refused_with_its_place(pointer: str, changes: dict[str, Any]) -> None:
    error = refusal(**changes)
    assert error.context["pointer"] in {pointer, f"{pointer}/role"}
    assert error.next_step is not None
    assert len(str(error.context["value"])) <= 81


@pytest.mark.parametrize("raw", [None, [], "x", 3])
def test_what_is_no_mapping_is_refused(raw: Any) -> None:
    with pytest.raises(InputError):
        parse_service(raw)


@pytest.mark.parametrize("value", [float("nan"), "\ud800", {1, 2}, object()])
def test_an_unknown_member_that_json_cannot_carry_is_refused(value: Any) -> None:
    assert refusal(extra=value).code == "input-unreadable"


def test_an_unknown_member_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert refusal(extra=endless).code == "input-unreadable"


# ---- the data map


def service(id: str, **data: list[Any]) -> Service:
    """Return a service with these data."""
    return parse_service({**LEAST, "id": id, "data": data})


def test_the_dataset_side_says_who_gives_and_who_takes() -> None:
    posts = {"name": "投稿データ", "owner": "広聴課", "location": "投稿システム", "recipients": ["map-app"]}
    [use] = data_map([service("a", outputs=[posts]), service("b", inputs=[{"name": "投稿 データ"}])])
    assert (use.providers, use.keepers, use.takers) == (("a",), (), ("b", "map-app"))
    assert (use.name.ja, use.location) == ("投稿データ", "投稿システム")
    assert use.owner is not None
    assert use.owner.ja == "広聴課"


def test_the_same_dataset_of_the_catalogue_is_one_line_under_whatever_name() -> None:
    uses = data_map(
        [
            service("a", outputs=[{"name": "交付率", "dataset": "mynumber-municipalities"}]),
            service(
                "b",
                inputs=[{"name": "カードの統計", "dataset": "mynumber-municipalities"}],
                internal=[{"name": "交付率"}],
            ),
        ]
    )
    assert [(one.name.ja, one.dataset, one.providers, one.takers, one.keepers) for one in uses] == [
        ("交付率", "mynumber-municipalities", ("a",), ("b",), ()),
        ("交付率", None, (), (), ("b",)),
    ]


def test_the_lines_come_in_the_order_of_the_names_and_none_is_lost() -> None:
    uses = data_map([service("a", inputs=[{"name": "い"}, {"name": "あ"}]), service("b", internal=[{"name": "う"}])])
    assert [one.name.ja for one in uses] == ["あ", "い", "う"]


def test_data_that_are_both_internal_and_for_others_are_found() -> None:
    both = service("a", internal=[{"name": "ＧＰＳ位置"}, {"name": "写真"}], outputs=[{"name": "GPS位置"}])
    assert overlap(both) == ("ＧＰＳ位置",)
