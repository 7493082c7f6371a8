"""The table of messages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import api.portal
from api.portal import language
from api.portal.language import Translator, load_messages
from catalog.errors import Label, ReferenceDataError

FOLDER = Path(api.portal.__file__).parent
SOURCES = [path for pattern in ("**/*.py", "**/*.html") for path in FOLDER.glob(pattern)]
TEXT = "\n".join(path.read_text("utf-8") for path in SOURCES)

KEYS = set(re.findall(r"""(?:\bt|\.t)\(\s*["']([a-z_0-9.]+)["']""", TEXT))
KEYS |= set(re.findall(r'"((?:nav|date)\.[a-z_]+)"', TEXT))
FAMILIES = set(re.findall(r"""\bt\.(?:choice|find)\(\s*["']([a-z_]+)["']""", TEXT))


def in_family(key: str) -> bool:
    return key.rpartition(".")[0] in FAMILIES


@pytest.mark.parametrize("key", sorted(KEYS))
def test_every_message_that_is_used_exists(key: str) -> None:
    assert key in load_messages()


@pytest.mark.parametrize("key", sorted(load_messages()))
def test_every_message_is_used(key: str) -> None:
    assert key in KEYS or in_family(key)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_that_is_used_has_messages(family: str) -> None:
    assert any(key.startswith(f"{family}.") for key in load_messages())


@pytest.mark.parametrize("key", sorted(load_messages()))
def test_both_languages_fill_in_the_same_values(key: str) -> None:
    label = load_messages()[key]
    names = [set(re.findall(r"\{(\w+)\}", text)) for text in (label.ja, label.en)]
    if not key.startswith("date."):
        assert names[0] == names[1]


def test_both_languages_stand_side_by_side_and_differ() -> None:
    same = {key for key, label in load_messages().items() if label.ja == label.en}
    assert same == {"nav.api", "unit_sign.PT", "indicator.ratio", "download.json"}


@pytest.mark.parametrize(
    "text",
    ["a: {ja: 片方}", "a: {ja: '', en: x}", "a: plain", "a: {}", "a: {ja: 一, en: one, fr: un}", "a: {ja: 1, en: 1}"],
)
def test_a_message_that_lacks_a_language_is_an_error(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "messages.yml").write_text(text, "utf-8")
    monkeypatch.setattr(language.resources, "files", lambda package: tmp_path)
    with pytest.raises(ReferenceDataError, match="'a'"):
        load_messages.__wrapped__()


def test_an_unknown_message_is_an_error() -> None:
    with pytest.raises(KeyError):
        Translator("ja")("no.such.message")


def test_a_family_without_the_code_is_an_error_or_none() -> None:
    with pytest.raises(KeyError):
        Translator("ja").choice("sort", "colour")
    assert Translator("ja").find("unit_sign", "PS") is None


def test_a_label_is_shown_in_the_language() -> None:
    label = Label("日", "day")
    assert [Translator(lang).label(label) for lang in ("ja", "en")] == ["日", "day"]
