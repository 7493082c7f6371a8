"""Write the page: parts of sources into the template, with the style sheet inside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from importlib.metadata import version

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.harvest_pages.plots import POINTS
from api.harvest_pages.sources import COUNTS, Desk, SourcePart
from catalog.database.holds import Hold
from catalog.errors import Label, Place
from catalog.reference import load_reference
from catalog.settings import Settings
from harvesters.plan import SourcePlan
from harvesters.publishing.changes import ChangeBook
from harvesters.report import JobReport

_PLAN = Label("収集の計画", "Harvest plan")
_RUN = Label("収集の報告", "Harvest report")
_HOLDS = Label("承認を待っているもの", "What waits for approval")

_COUNTS = {
    "added": Label("追加", "added"),
    "changed": Label("変更", "changed"),
    "removed": Label("削除", "removed"),
    "missing": Label("収集元にない（残す）", "missing in the source (they stay)"),
    "unknown": Label("判断できない", "unknown"),
}


def write_plan_page(
    settings: Settings, plans: Sequence[SourcePlan], book: ChangeBook, *, now: datetime | None = None
) -> str:
    """Return the page of what a run would do.

    Parameters
    ----------
    settings
        Of this process: where readability reports are.
    plans
        One a source.
    book
        The one that the plan was made with; its ``page`` says where the page will stand.
    now
        When the plan was made, with offset; now if None.
    """
    desk = _desk(settings, book)
    return _write(_PLAN, [desk.part_of_plan(number, one) for number, one in enumerate(plans, 1)], now)


def write_run_page(
    settings: Settings, reports: Sequence[JobReport], book: ChangeBook, *, now: datetime | None = None
) -> str:
    """Return the page of what a run did; the parameters are those of :func:`write_plan_page`."""
    desk = _desk(settings, book)
    return _write(_RUN, [desk.part_of_run(number, one) for number, one in enumerate(reports, 1)], now)


def write_holds_page(settings: Settings, holds: Sequence[Hold], *, now: datetime | None = None) -> str:
    """Return the page of what waits for a decision, and why."""
    desk = _desk(settings, ChangeBook())
    return _write(_HOLDS, [desk.part_of_hold(number, one) for number, one in enumerate(holds, 1)], now)


def _desk(settings: Settings, book: ChangeBook) -> Desk:
    folder = book.page.resolve().parent if book.page else None
    return Desk(reference=load_reference(), book=book, reports=(settings.home / "reports").resolve(), folder=folder)


def _write(title: Label, parts: Sequence[SourcePart], now: datetime | None) -> str:
    style = resources.files("api.harvest_pages").joinpath("page.css").read_text("utf-8")
    return (
        _templates()
        .get_template("page.html")
        .render(
            title=title,
            parts=parts,
            style=Markup(style),  # noqa: S704 - our own file
            made=(now or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M:%S UTC"),
            software=f"shihyo {version('shihyo')}",
            counts=COUNTS,
            count_labels=_COUNTS,
            points=POINTS,
        )
    )


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.harvest_pages", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["place"] = lambda raw: str(Place(**raw)) if raw else ""
    return environment
