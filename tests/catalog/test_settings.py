"""Settings: secrets are checked and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import SettingError
from catalog.settings import Settings, parse_token

TOKENS = ("SHIHYO_CATALOG_TOKEN", "SHIHYO_COPY_FROM_TOKEN", "SHIHYO_COPY_TO_TOKEN")


@pytest.mark.parametrize("given", ["abc.def-1", "  abc.def-1\n", "abc.def-1\r\n"])
def test_white_space_around_a_token_is_no_part_of_it(given: str) -> None:
    assert Settings.from_environ({"SHIHYO_CATALOG_TOKEN": given}).catalog_token == "abc.def-1"


@pytest.mark.parametrize("variable", TOKENS)
@pytest.mark.parametrize("given", ["very secret", "very\nsecret", "とても秘密", "very\x00secret", "very\u200bsecret"])
def test_what_cannot_be_a_token_is_refused_without_being_shown(variable: str, given: str) -> None:
    with pytest.raises(SettingError) as caught:
        Settings.from_environ({variable: given})
    told = "".join(caught.value.message(lang) for lang in ("ja", "en")) + repr(caught.value.context)
    assert variable in told
    assert given not in told
    assert caught.value.__cause__ is None


def test_an_empty_token_is_none() -> None:
    assert Settings.from_environ({"SHIHYO_CATALOG_TOKEN": ""}).catalog_token == ""
    assert parse_token(" \n") == ""


def test_a_file_of_certificates_must_exist(tmp_path: Path) -> None:
    missing, there = tmp_path / "missing.pem", tmp_path / "there.pem"
    there.write_text("")
    with pytest.raises(SettingError, match=r"missing\.pem"):
        Settings.from_environ({"SHIHYO_CATALOG_CA_FILE": str(missing)})
    assert Settings.from_environ({"SHIHYO_CATALOG_CA_FILE": str(there)}).catalog_ca_file == str(there)
