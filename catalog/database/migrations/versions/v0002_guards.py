"""What guards hold, what people decide about it, and what the inputs of each source look like."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "harvest_hold",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("held", sa.String(30), nullable=False),
        sa.Column("held_by", sa.Text, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
    )
    op.create_index("harvest_hold_by_proposal", "harvest_hold", ["source", "dataset", "digest"], unique=True)
    op.create_table(
        "harvest_decision",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("dataset", sa.String(100), nullable=False),
        sa.Column("hold_id", sa.String(40)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("decided", sa.String(30), nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
    )
    op.create_index("harvest_decision_by_dataset", "harvest_decision", ["dataset", "action", "state"])
    op.create_table(
        "harvest_shape",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("object", sa.String(500), primary_key=True),
        sa.Column("series", sa.String(500), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("shape", sa.Text, nullable=False),
        sa.Column("datasets", sa.Text, nullable=False),
        sa.Column("updated", sa.String(30), nullable=False),
    )


def downgrade() -> None:
    """Take back."""
    for name in ("harvest_shape", "harvest_decision", "harvest_hold"):
        op.drop_table(name)
