"""Harvest jobs, their objects and the state of each source."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "harvest_job",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("started", sa.String(30), nullable=False),
        sa.Column("finished", sa.String(30)),
        sa.Column("report", sa.Text),
    )
    op.create_index("harvest_job_by_source", "harvest_job", ["source", "started"])
    op.create_table(
        "harvest_object",
        sa.Column("job_id", sa.String(40), sa.ForeignKey("harvest_job.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("name", sa.String(500), primary_key=True),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("bytes", sa.BigInteger),
        sa.Column("etag", sa.Text),
        sa.Column("last_modified", sa.Text),
        sa.Column("fetched", sa.String(30)),
    )
    op.create_table(
        "harvest_source_state",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("digests", sa.Text, nullable=False),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("updated", sa.String(30), nullable=False),
    )


def downgrade() -> None:
    """Take back."""
    for name in ("harvest_source_state", "harvest_object", "harvest_job"):
        op.drop_table(name)
