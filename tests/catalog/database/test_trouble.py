"""What the machine refuses is told as ours, and nothing of a statement."""

from __future__ import annotations

import errno
import os
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from catalog.database import find_trouble
from catalog.errors import DatabaseError, QueueError, StorageError


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "空きがありません"),
        (errno.EDQUOT, "空きがありません"),
        (errno.EROFS, "書き込めない"),
        (errno.EACCES, "権限がありません"),
        (errno.EFBIG, "上限を超えます"),
    ],
)
def test_a_disk_that_refuses_is_named_with_the_file_and_what_to_do(number: int, said: str) -> None:
    trouble = find_trouble(OSError(number, os.strerror(number), "home/locks/a.lock"))
    assert isinstance(trouble, StorageError)
    assert said in trouble.message("ja")
    assert "home/locks/a.lock" in trouble.message("ja")
    assert trouble.next_step is not None


def test_a_database_that_refuses_says_why_and_shows_no_statement() -> None:
    error = OperationalError("INSERT INTO t VALUES (?)", ("a secret",), sqlite3.OperationalError("database is locked"))
    trouble = find_trouble(error)
    assert isinstance(trouble, DatabaseError)
    for lang in ("ja", "en"):
        assert "database is locked" in trouble.message(lang)
        assert "INSERT" not in trouble.message(lang)
        assert "a secret" not in trouble.message(lang)


def test_errors_of_ours_are_as_they_are_and_others_are_not_about_the_machine() -> None:
    ours = QueueError("無い", "gone")
    assert find_trouble(ours) is ours
    assert find_trouble(ValueError("a bug")) is None
    assert find_trouble(FileNotFoundError(errno.ENOENT, "No such file", "x")) is None
