"""What is stored, as SQLAlchemy tables; migrations/ must always lead to the same."""

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql_text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class SongState(StrEnum):
    """What became of a request."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in and out, kept in UTC; SQLite forgets zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored datetime must be aware")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


songs = Table(
    "songs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("workspace", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("request", Text, nullable=False),
    Column("title", Text),
    Column("recipe", Text),
    Column("midi", LargeBinary),
    Column("accepted_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("holder", String(32)),
    Index(None, "state", "accepted_at"),
)

schedules = Table(
    "schedules",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("platform", String(32), nullable=False),
    Column("workspace", String(255), nullable=False),
    Column("channel", String(255), nullable=False),
    Column("at", String(5), nullable=False),
    Column("zone", String(64), nullable=False),
    Column("genres", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("next_run_utc", UtcDateTime, nullable=False),
    Column("paused", Text),
    Column("days", String(7), nullable=False, server_default=sql_text("'0123456'")),  # of the week, Monday is 0
    Column("redrawn", Integer, nullable=False, server_default=sql_text("0")),
    UniqueConstraint("platform", "workspace", "channel"),
)

claims = Table(
    "claims",
    metadata,
    Column("schedule_id", String(64), ForeignKey("schedules.id", ondelete="CASCADE"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("settled_at", UtcDateTime),
    Column("holder", String(32)),
)

processes = Table(
    "processes",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("alive_until", UtcDateTime, nullable=False),
)

heard = Table(
    "heard",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False, index=True),
)

answers = Table(
    "answers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("message", String(64), nullable=False),
)

disabled_genres = Table(
    "disabled_genres",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("workspace", String(255), primary_key=True),
    Column("genre", String(64), primary_key=True),
)

installations = Table(
    "installations",
    metadata,
    Column("platform", String(32), primary_key=True),
    Column("workspace", String(255), primary_key=True),
    Column("tokens", Text, nullable=False),
    Column("holder", String(32)),
)

install_words = Table(
    "install_words",
    metadata,
    Column("word", String(64), primary_key=True),
    Column("good_until", UtcDateTime, nullable=False, index=True),
)
