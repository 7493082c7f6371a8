"""The application database: work in progress that is not published (DESIGN "Identity is CKAN's").

SQLite in ``home`` by default, any database of SQLAlchemy by URL. :func:`open_database` brings the schema up to date
before anything uses it; :mod:`catalog.database.harvests` keeps the harvest jobs.
"""

from catalog.database.engine import migrate, open_database, open_readonly, schema_revision
from catalog.database.harvests import HarvestJob, HarvestJournal, HarvestObject, JobStatus, ObjectState, SourceState

__all__ = [
    "HarvestJob",
    "HarvestJournal",
    "HarvestObject",
    "JobStatus",
    "ObjectState",
    "SourceState",
    "migrate",
    "open_database",
    "open_readonly",
    "schema_revision",
]
