"""The notes of delivered songs, so that they can be worked on later."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the column."""
    op.add_column("songs", sa.Column("midi", sa.LargeBinary()))


def downgrade() -> None:
    """Takes it away again."""
    op.drop_column("songs", "midi")
