"""Who works on what, so that several processes can share the database; events that were heard."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the tables and marks; what is there already belongs to nobody."""
    op.create_table(
        "processes",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("alive_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_processes"),
    )
    op.create_table(
        "heard",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_heard"),
    )
    op.create_index("ix_heard_at", "heard", ["at"])
    op.add_column("songs", sa.Column("holder", sa.String(32)))
    op.add_column("claims", sa.Column("holder", sa.String(32)))


def downgrade() -> None:
    """Takes them away again."""
    op.drop_column("claims", "holder")
    op.drop_column("songs", "holder")
    op.drop_table("heard")
    op.drop_table("processes")
