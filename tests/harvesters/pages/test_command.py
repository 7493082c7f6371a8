"""``shihyo harvest plan | run | holds --html``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.cli import run


@pytest.fixture
def command(office: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that runs the command on the office."""
    office.write("a.csv", {("121002", "2021"): 30, ("121002", "2022"): 35})
    office.sources()
    for name in ("SHIHYO_CATALOG_URL", "SHIHYO_QUEUE_URL", "SHIHYO_WEBHOOK_URL", "SHIHYO_MAIL_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SHIHYO_HOME", str(office.settings.home))
    monkeypatch.setenv("SHIHYO_HARVEST_FILE", str(office.folder.parent / "harvest.yml"))
    return lambda *arguments: run(["harvest", *map(str, arguments)])


def test_plan_run_and_holds_write_a_page_and_say_where(command: Any, tmp_path: Path, capsys: Any) -> None:
    page = tmp_path / "ページ.html"
    assert command("plan", "cards", "--html", page) == 2
    assert "公開されます" in page.read_text("utf-8")
    assert "ページ.html" in capsys.readouterr().err
    assert command("run", "--html", page, "--json") == 0
    assert "公開しました" in page.read_text("utf-8")
    assert capsys.readouterr().out.startswith("[")
    assert command("holds", "--html", page) == 0
    assert "ここに示すものはありません" in page.read_text("utf-8")


def test_a_folder_that_does_not_exist_is_refused_before_anything_is_published(
    command: Any, office: Any, tmp_path: Path, capsys: Any
) -> None:
    assert command("run", "--html", tmp_path / "no" / "page.html") == 64
    assert "フォルダがありません" in capsys.readouterr().err
    assert not office.settings.home.exists()


def test_a_page_of_what_workers_do_is_refused(command: Any, tmp_path: Path, capsys: Any) -> None:
    assert command("run", "--queue", "--html", tmp_path / "page.html") == 64
    assert "--html と --queue は一緒に使えません" in capsys.readouterr().err
