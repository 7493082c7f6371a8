"""Fixtures of the tests of the reference data."""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.errors import ReferenceDataError
from catalog.reference import Reference, load_reference, read_reference

Break = Callable[[str, str, str], ReferenceDataError]


@pytest.fixture(scope="session")
def reference() -> Reference:
    """Return the reference data of the product."""
    return load_reference()


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """Return a copy of the reference data that a test may change."""
    return Path(shutil.copytree(root / "catalog/reference", tmp_path / "reference"))


@pytest.fixture
def break_reference(folder: Path) -> Break:
    """Return a function that replaces a text in a file once, loads, and returns the error."""

    def replace(file: str, old: str, new: str) -> ReferenceDataError:
        path = folder / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), "utf-8")
        with pytest.raises(ReferenceDataError) as caught:
            read_reference(folder)
        return caught.value

    return replace


@pytest.fixture(scope="session")
def document(shared: Path) -> str:
    """Return the source document as one line: NFKC, without white space."""
    text = "".join(path.read_text("utf-8") for path in sorted((shared / "vision").glob("*.txt")))
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
