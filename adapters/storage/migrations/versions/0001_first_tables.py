"""Songs, schedules, claims and disabled genres."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the first tables."""
    op.create_table(
        "songs",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("workspace", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("request", sa.Text, nullable=False),
        sa.Column("title", sa.Text),
        sa.Column("recipe", sa.Text),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_songs"),
    )
    op.create_index("ix_songs_state_accepted_at", "songs", ["state", "accepted_at"])
    op.create_table(
        "schedules",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("workspace", sa.String(255), nullable=False),
        sa.Column("channel", sa.String(255), nullable=False),
        sa.Column("at", sa.String(5), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("genres", sa.Text, nullable=False),
        sa.Column("set_by", sa.Text, nullable=False),
        sa.Column("next_run_utc", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.UniqueConstraint("platform", "workspace", "channel", name="uq_schedules_platform_workspace_channel"),
    )
    op.create_table(
        "claims",
        sa.Column("schedule_id", sa.String(64), nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("schedule_id", "day", name="pk_claims"),
        sa.ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_claims_schedule_id", ondelete="CASCADE"),
    )
    op.create_table(
        "disabled_genres",
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("workspace", sa.String(255), nullable=False),
        sa.Column("genre", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("platform", "workspace", "genre", name="pk_disabled_genres"),
    )


def downgrade() -> None:
    """Drops them, songs and all."""
    for table in ("disabled_genres", "claims", "schedules", "songs"):
        op.drop_table(table)
