"""When a job that waits may be taken."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("harvest_job", sa.Column("due", sa.String(30)))


def downgrade() -> None:
    """Take back."""
    op.drop_column("harvest_job", "due")
