"""The tables of the application database, as the newest migration leaves them.

Times are ISO 8601 texts in UTC with seconds and ``Z``, so that they sort as text in every database. A test holds this
module against the migrations.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, MetaData, String, Table, Text

metadata = MetaData()

#: one run of one harvest source
harvest_job = Table(
    "harvest_job",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(100), nullable=False),
    Column("kind", String(100), nullable=False),
    Column("status", String(20), nullable=False),
    Column("started", String(30), nullable=False),
    Column("finished", String(30)),
    Column("report", Text),
    Index("harvest_job_by_source", "source", "started"),
)

#: one remote record in one run
harvest_object = Table(
    "harvest_object",
    metadata,
    Column("job_id", String(40), ForeignKey("harvest_job.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(500), primary_key=True),
    Column("location", Text, nullable=False),
    Column("state", String(20), nullable=False),
    Column("sha256", String(64)),
    Column("bytes", BigInteger),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("fetched", String(30)),
)

#: what the last complete run of a source left, so that the next one can see that nothing changed
harvest_source_state = Table(
    "harvest_source_state",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("digests", Text, nullable=False),
    Column("job_id", String(40), nullable=False),
    Column("updated", String(30), nullable=False),
)
