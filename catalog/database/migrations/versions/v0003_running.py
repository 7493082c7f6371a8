"""How far jobs are, what they log, who holds a source, when schedules began, which digests were sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_JOB_COLUMNS = (
    ("attempt", sa.Integer),
    ("stage", sa.Text),
    ("done", sa.BigInteger),
    ("total", sa.BigInteger),
    ("rows", sa.BigInteger),
    ("rows_per_second", sa.Float),
    ("eta", sa.String(30)),
    ("heartbeat", sa.String(30)),
    ("worker", sa.Text),
    ("queued", sa.String(30)),
    ("follows", sa.String(40)),
    ("losses", sa.Integer),
    ("force", sa.Boolean),
    ("cancel", sa.String(30)),
)


def upgrade() -> None:
    """Apply."""
    # Not in a batch: that would copy the table, and dropping the old one takes its objects with it.
    for name, kind in _JOB_COLUMNS:
        op.add_column("harvest_job", sa.Column(name, kind))
    op.create_index("harvest_job_by_start", "harvest_job", ["started"])
    op.create_index("harvest_job_by_status", "harvest_job", ["status"])
    op.create_table(
        "harvest_log",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(40), sa.ForeignKey("harvest_job.id", ondelete="CASCADE"), nullable=False),
        sa.Column("at", sa.String(30), nullable=False),
        sa.Column("level", sa.String(10), nullable=False),
        sa.Column("ja", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
    )
    op.create_index("harvest_log_by_job", "harvest_log", ["job_id", "id"])
    op.create_table(
        "harvest_lease",
        sa.Column("name", sa.String(120), primary_key=True),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("home", sa.String(40), nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("expires", sa.String(30), nullable=False),
    )
    op.create_table(
        "harvest_schedule",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("since", sa.String(30), nullable=False),
    )
    op.create_table(
        "harvest_delivery",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("since", sa.String(30), nullable=False),
        sa.Column("until", sa.String(30), nullable=False),
        sa.Column("at", sa.String(30), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("error", sa.Text),
    )
    op.create_index("harvest_delivery_by_channel", "harvest_delivery", ["channel", "status", "until"])


def downgrade() -> None:
    """Take back."""
    for name in ("harvest_delivery", "harvest_schedule", "harvest_lease", "harvest_log"):
        op.drop_table(name)
    for name in ("harvest_job_by_status", "harvest_job_by_start"):
        op.drop_index(name, "harvest_job")
    for name, _ in _JOB_COLUMNS:
        op.drop_column("harvest_job", name)
