"""The vision's tree: counted, verbatim where labels are official, in our own words everywhere else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.errors import UnknownCode
from catalog.model.indicator import OVERALL
from catalog.model.vision import Vision
from catalog.reference import Reference

#: our texts share no run of characters of this length with the document
LONGEST_COMMON_RUN = 15
#: keys whose texts are official and carry over as they are
OFFICIAL = {"label", "title"}
FILES = ["vision.yml", "indicators.yml"]

_KANA_OR_KANJI = re.compile(r"[ぁ-んァ-ヶ一-龠]")


def _one_line(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def _labels(node: Any, key: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield (key, Japanese, English) of every label in a document."""
    if isinstance(node, dict) and set(node) == {"ja", "en"}:
        yield key, node["ja"], node["en"]
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from _labels(value, name)
    elif isinstance(node, list):
        for value in node:
            yield from _labels(value, key)


# ---- counts


def test_the_five_smarts_have_six_three_four_six_three_target_states(reference: Reference) -> None:
    counts = {smart.id: len(smart.target_states) for smart in reference.vision.smarts}

    assert counts == {"living": 6, "working": 3, "learning": 4, "town": 6, "cityhall": 3}
    assert len(reference.vision.target_states) == 22


@pytest.mark.parametrize(("page", "count"), [(17, 6), (18, 3), (19, 4), (20, 6)])
def test_the_document_has_as_many_pairs_of_target_state_and_direction(
    reference: Reference, shared: Path, page: int, count: int
) -> None:
    [path] = (shared / "vision").glob("*.txt")
    text = unicodedata.normalize("NFKC", path.read_text("utf-8"))
    section = text.split(f"【原案{page}ページ修正案】")[1].split("【")[0]
    _, *paragraphs = re.split(r"\n\s*\n", section.strip())
    [smart] = [one for one in reference.vision.smarts if one.page == page]

    assert len(paragraphs) == 2 * count == 2 * len(smart.target_states)


def test_there_are_ten_themes_three_tracks_four_horizons_three_steps(reference: Reference) -> None:
    vision = reference.vision

    assert len(vision.themes) == 10
    assert [one.id for one in vision.roadmap.tracks] == ["technology-use", "technology-trials", "data-linkage"]
    assert [one.years for one in vision.roadmap.horizons] == [0, 5, 10, 20]
    assert [one.number for one in vision.steps] == [1, 2, 3]


def test_the_roadmap_has_as_many_items_as_the_document_has_bullets(reference: Reference, document: str) -> None:
    page = document.split("【原案26ページ】")[1].split("※1市民生活に")[0]
    roadmap = reference.vision.roadmap

    assert sum(len(one.items) for one in roadmap.tracks) == page.count("○")
    assert len(roadmap.shared) == page.count("・デジタルツイン") + page.count("・AI技術") + page.count("Society5.0")


# ---- labels are official


def test_the_labels_of_the_smarts_are_verbatim_and_in_the_order_of_the_document(
    reference: Reference, document: str
) -> None:
    for number, smart in enumerate(reference.vision.smarts, 1):
        label = _one_line(smart.label.ja)
        assert f"「{label}」" in document
        assert f"【原案{smart.page}ページ修正案】5取組みの方向性(その{number}){label}" in document


def test_the_labels_of_themes_groups_tracks_horizons_and_steps_are_verbatim(
    reference: Reference, document: str
) -> None:
    vision = reference.vision
    nodes = [*vision.themes, *vision.groups, *vision.roadmap.tracks, *vision.roadmap.horizons, *vision.steps]
    labels = [one.label.ja for one in nodes] + [row.label.ja for step in vision.steps for row in step.rows]

    assert [label for label in labels if _one_line(label) not in document] == []


def test_every_pointer_leads_to_a_page_of_the_document(reference: Reference, document: str) -> None:
    vision = reference.vision
    nodes: list[Any] = [
        *vision.smarts,
        *vision.target_states,
        *vision.themes,
        *vision.roadmap.tracks,
        *vision.steps,
    ]

    assert {one.page for one in nodes} == {16, 17, 18, 19, 20, 21, 25, 26}
    assert all(f"【原案{one.page}ページ" in document for one in nodes)


def test_a_pointer_is_cited_in_both_languages(reference: Reference) -> None:
    cited = reference.vision.source.cite(17)

    assert cited.ja.endswith("原案17ページ")
    assert cited.en.endswith("page 17 of the draft vision")


# ---- everything else is in our own words


def _repeated(texts: list[str], document: str) -> list[str]:
    length = LONGEST_COMMON_RUN
    lines = [_one_line(text) for text in texts]
    runs = {line[at : at + length] for line in lines for at in range(len(line) - length + 1)}
    return sorted(run for run in runs if run in document)


@pytest.mark.parametrize("file", FILES)
def test_no_text_of_ours_repeats_the_document(root: Path, document: str, file: str) -> None:
    raw = yaml.safe_load((root / "catalog/reference" / file).read_text("utf-8"))
    ours = [text for key, text, _ in _labels(raw) if key not in OFFICIAL]

    assert len(ours) > 50
    assert _repeated(ours, document) == []


def test_a_sentence_of_the_document_would_be_noticed(document: str) -> None:
    copied = document[2000 : 2000 + LONGEST_COMMON_RUN]

    assert _repeated([f"私たちの文 {copied} の続き"], document) == [copied]


@pytest.mark.parametrize("file", FILES)
def test_every_text_is_in_japanese_and_in_english(root: Path, file: str) -> None:
    raw = yaml.safe_load((root / "catalog/reference" / file).read_text("utf-8"))

    assert [ja for key, ja, _ in _labels(raw) if key not in OFFICIAL and not _KANA_OR_KANJI.search(ja)] == []
    assert [en for _, _, en in _labels(raw) if _KANA_OR_KANJI.search(en)] == []


# ---- the tree


def test_a_reader_goes_from_a_smart_to_its_target_states_to_its_indicators_and_back(reference: Reference) -> None:
    state = reference.vision.get_smart("town").target_states[3]

    assert state.id == "town-4"
    assert state.indicators == ("kpi-11",)
    assert reference.vision.target_states_of("kpi-11") == (state,)
    assert state.smart == "town"
    assert reference.indicator_set.on_target_state("town-4")[0].id == "kpi-11"


def test_both_sides_of_the_tree_agree(reference: Reference) -> None:
    for indicator in reference.indicator_set.indicators:
        states = reference.vision.target_states_of(indicator.id)
        assert sorted(one.id for one in states) == sorted(indicator.target_states)
        assert {one.smart for one in states} <= {indicator.smart}


def test_every_indicator_of_a_smart_hangs_on_a_target_state(reference: Reference) -> None:
    hanging = [bool(one.target_states) for one in reference.indicator_set.indicators if one.smart != OVERALL]

    assert hanging == [True] * 11


def test_overall_is_a_group_of_indicators_and_no_smart(reference: Reference) -> None:
    group = reference.vision.get_group(OVERALL)

    assert group.label.ja == "総合"
    assert group.smart is None
    assert [one.target_states for one in reference.indicator_set.in_group(OVERALL)] == [(), (), ()]
    with pytest.raises(UnknownCode):
        reference.vision.get_smart(OVERALL)


def test_every_other_group_is_a_smart(reference: Reference) -> None:
    smarts = [one.smart for one in reference.vision.groups if one.id != OVERALL]

    assert smarts == [one.id for one in reference.vision.smarts]


def test_target_states_that_no_indicator_tells_of_are_named(reference: Reference) -> None:
    bare = {one.id for one in reference.vision.target_states_without_indicators()}
    told = {state for one in reference.indicator_set.indicators for state in one.target_states}

    assert bare
    assert bare | told == {one.id for one in reference.vision.target_states}
    assert bare & told == set()


def test_every_step_has_the_five_rows(reference: Reference) -> None:
    rows = ["services", "organisation", "users", "administration", "data_platform"]

    assert [[row.id for row in step.rows] for step in reference.vision.steps] == [rows] * 3


def test_the_city_leads_in_step_one_and_is_an_equal_afterwards(reference: Reference) -> None:
    roles = [reference.vision.get_step(number).get_row("administration").summary.en for number in (1, 2, 3)]

    assert roles[0].startswith("Leads")
    assert roles[1] == roles[2]
    assert "equal" in roles[1]


def test_each_track_has_items_now_in_five_and_in_ten_years_and_shares_the_twentieth(reference: Reference) -> None:
    roadmap = reference.vision.roadmap

    for track in roadmap.tracks:
        assert all(track.items_at(horizon) for horizon in ("now", "5", "10"))
        assert track.items_at("20") == ()
    assert {one.horizon for one in roadmap.shared} == {"20"}


@pytest.mark.parametrize(
    ("look_up", "id"),
    [("get_smart", "livin"), ("get_target_state", "living-7"), ("get_group", "overal"), ("get_step", 4)],
)
def test_a_look_up_never_guesses(reference: Reference, look_up: str, id: str | int) -> None:
    with pytest.raises(UnknownCode) as caught:
        getattr(reference.vision, look_up)(id)

    assert caught.value.context["allowed"]


def test_an_unknown_row_of_a_step_is_refused(reference: Reference) -> None:
    with pytest.raises(UnknownCode):
        reference.vision.get_step(1).get_row("service")


def test_the_vision_survives_json(reference: Reference) -> None:
    assert Vision.from_dict(reference.vision.to_dict()) == reference.vision
