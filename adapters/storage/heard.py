"""Which events were heard already, in the database."""

from datetime import UTC, datetime

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.tables import heard
from bot.domain.request import RequestId


class SqlHeard:
    """The port `Heard`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def is_first(self, id: RequestId) -> bool:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(heard).values(id=id, at=datetime.now(UTC)))
        except IntegrityError:
            return False
        return True
