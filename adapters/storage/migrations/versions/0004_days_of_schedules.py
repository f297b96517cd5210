"""The days of the week that have a daily song; schedules from before go on every day."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column("schedules", sa.Column("days", sa.String(7), nullable=False, server_default=sa.text("'0123456'")))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_column("schedules", "days")
