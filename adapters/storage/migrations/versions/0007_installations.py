"""Where the band was installed by a click, and the words that belong to clicks under way."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes both tables."""
    op.create_table(
        "installations",
        sa.Column("platform", sa.String(32), nullable=False),
        sa.Column("workspace", sa.String(255), nullable=False),
        sa.Column("tokens", sa.Text, nullable=False),
        sa.Column("holder", sa.String(32)),
        sa.PrimaryKeyConstraint("platform", "workspace", name="pk_installations"),
    )
    op.create_table(
        "install_words",
        sa.Column("word", sa.String(64), nullable=False),
        sa.Column("good_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("word", name="pk_install_words"),
    )
    op.create_index("ix_install_words_good_until", "install_words", ["good_until"])


def downgrade() -> None:
    """Takes them away again, tokens included."""
    op.drop_table("install_words")
    op.drop_table("installations")
