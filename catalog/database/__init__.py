"""The application database: work in progress that is not published (DESIGN "Identity is CKAN's").

SQLite in ``home`` by default, any database of SQLAlchemy by URL. :func:`open_database` brings the schema up to date
before anything uses it; :mod:`catalog.database.harvests` keeps the harvest jobs, :mod:`catalog.database.leases` says
who may run what, :mod:`catalog.database.running` remembers schedules and digests.
"""

from catalog.database.engine import migrate, open_database, open_readonly, schema_revision
from catalog.database.harvests import HarvestJournal
from catalog.database.jobs import HarvestJob, HarvestObject, JobStatus, LogLine, ObjectState, Signs, SourceState
from catalog.database.leases import Lease, Leases
from catalog.database.running import Delivery, RunningJournal
from catalog.database.trouble import find_trouble

__all__ = [
    "Delivery",
    "HarvestJob",
    "HarvestJournal",
    "HarvestObject",
    "JobStatus",
    "Lease",
    "Leases",
    "LogLine",
    "ObjectState",
    "RunningJournal",
    "Signs",
    "SourceState",
    "find_trouble",
    "migrate",
    "open_database",
    "open_readonly",
    "schema_revision",
]
