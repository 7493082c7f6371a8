"""Harvesters: sources -> releases.

::

    harvest.yml -> load_sources -> HarvestSource
                                      |  gather   what the source has
                                      |  fetch    its bytes, only if they changed; kept by sha256
                                      |  transform  bytes -> observations, every rejected row with its place
                                      |  chain    what is known by then -> one release a source release
                                      v  publish  into the catalogue
                                   JobReport

:func:`plan_sources` goes the same way and stops before it writes anything.

What is below is imported when it is asked for: ``shihyo harvest status`` needs none of the publishing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from catalog.database.jobs import HarvestJob, HarvestObject, JobStatus, ObjectState
    from harvesters.base import Context, Contribution, Fetched, Harvester, HarvestSource, Progress
    from harvesters.findings import Finding, Findings, Level, Rule
    from harvesters.plan import SourcePlan, plan_sources
    from harvesters.report import JobReport
    from harvesters.runner import run_sources
    from harvesters.sources import load_sources
    from harvesters.status import SourceStatus, job_status

__all__ = [
    "Context",
    "Contribution",
    "Fetched",
    "Finding",
    "Findings",
    "HarvestJob",
    "HarvestObject",
    "HarvestSource",
    "Harvester",
    "JobReport",
    "JobStatus",
    "Level",
    "ObjectState",
    "Progress",
    "Rule",
    "SourcePlan",
    "SourceStatus",
    "job_status",
    "load_sources",
    "plan_sources",
    "run_sources",
]

_MODULES = {
    "catalog.database.harvests": ("HarvestJob", "HarvestObject", "JobStatus", "ObjectState"),
    "harvesters.base": ("Context", "Contribution", "Fetched", "Harvester", "HarvestSource", "Progress"),
    "harvesters.findings": ("Finding", "Findings", "Level", "Rule"),
    "harvesters.plan": ("SourcePlan", "plan_sources"),
    "harvesters.report": ("JobReport",),
    "harvesters.runner": ("run_sources",),
    "harvesters.sources": ("load_sources",),
    "harvesters.status": ("SourceStatus", "job_status"),
}


def __getattr__(name: str) -> Any:
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(module), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
