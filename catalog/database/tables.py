"""The tables of the application database, as the newest migration leaves them.

Times are ISO 8601 texts in UTC with seconds and ``Z``, so that they sort as text in every database. A test holds this
module against the migrations.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

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
    Column("attempt", Integer),
    Column("stage", Text),
    Column("done", BigInteger),
    Column("total", BigInteger),
    Column("rows", BigInteger),
    Column("rows_per_second", Float),
    Column("eta", String(30)),
    Column("heartbeat", String(30)),
    Column("worker", Text),
    Column("queued", String(30)),
    Column("follows", String(40)),
    Column("losses", Integer),
    Column("force", Boolean),
    Column("cancel", String(30)),
    Column("due", String(30)),
    Index("harvest_job_by_source", "source", "started"),
    Index("harvest_job_by_start", "started"),
    Index("harvest_job_by_status", "status"),
)

#: what a job says about itself, line by line
harvest_log = Table(
    "harvest_log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(40), ForeignKey("harvest_job.id", ondelete="CASCADE"), nullable=False),
    Column("at", String(30), nullable=False),
    Column("level", String(10), nullable=False),
    Column("ja", Text, nullable=False),
    Column("en", Text, nullable=False),
    Index("harvest_log_by_job", "job_id", "id"),
)

#: who may run a source, until when; ``expires`` has milliseconds
harvest_lease = Table(
    "harvest_lease",
    metadata,
    Column("name", String(120), primary_key=True),
    Column("holder", String(40), nullable=False),
    Column("home", String(40), nullable=False),
    Column("worker", Text, nullable=False),
    Column("expires", String(30), nullable=False),
)

#: since when the schedule of a source is what it is
harvest_schedule = Table(
    "harvest_schedule",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("schedule", Text, nullable=False),
    Column("since", String(30), nullable=False),
)

#: digests that were sent, or could not be
harvest_delivery = Table(
    "harvest_delivery",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(20), nullable=False),
    Column("since", String(30), nullable=False),
    Column("until", String(30), nullable=False),
    Column("at", String(30), nullable=False),
    Column("status", String(20), nullable=False),
    Column("error", Text),
    Index("harvest_delivery_by_channel", "channel", "status", "until"),
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

#: what a guard holds: one proposal to publish a dataset, until a person decides
harvest_hold = Table(
    "harvest_hold",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("source", String(100), nullable=False),
    Column("dataset", String(100), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("job_id", String(40), nullable=False),
    Column("state", String(20), nullable=False),
    Column("held", String(30), nullable=False),
    Column("held_by", Text, nullable=False),
    Column("report", Text, nullable=False),
    Index("harvest_hold_by_proposal", "source", "dataset", "digest", unique=True),
)

#: what people decided: approvals, rejections and rollbacks; rows are only ever added, and their state moves on
harvest_decision = Table(
    "harvest_decision",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("action", String(20), nullable=False),
    Column("source", String(100), nullable=False),
    Column("dataset", String(100), nullable=False),
    Column("hold_id", String(40)),
    Column("state", String(20), nullable=False),
    Column("decided", String(30), nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("details", Text, nullable=False),
    Index("harvest_decision_by_dataset", "dataset", "action", "state"),
)

#: sheets and headings of the inputs of a source, as the last run that could use them saw them
harvest_shape = Table(
    "harvest_shape",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("object", String(500), primary_key=True),
    Column("series", String(500), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("shape", Text, nullable=False),
    Column("datasets", Text, nullable=False),
    Column("updated", String(30), nullable=False),
)
