"""Handing sources to the workers: ``shihyo harvest run --queue``."""

from __future__ import annotations

from collections.abc import Sequence

from api.cli.console import Terminal
from catalog.errors import Label
from harvesters import HarvestSource
from harvesters.running.queue import enqueue_sources
from harvesters.status import brief_job


def enqueue(terminal: Terminal, sources: Sequence[HarvestSource], *, force: bool, as_json: bool) -> None:
    """Queue sources and print their jobs."""
    jobs = enqueue_sources(terminal.settings, sources, force=force)
    if as_json:
        terminal.document([brief_job(one) for one in jobs])
        return
    terminal.table((Label("収集元", "Source"), Label("ジョブ", "Job")), [(one.source, one.id) for one in jobs])
