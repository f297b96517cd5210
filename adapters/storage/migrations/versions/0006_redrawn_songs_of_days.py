"""How often the next daily song was replaced by another one before it came; none was before."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column("schedules", sa.Column("redrawn", sa.Integer, nullable=False, server_default=sa.text("0")))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_column("schedules", "redrawn")
