"""Which message answers which request, in the database."""

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.tables import answers
from bot.domain.request import RequestId


class SqlAnswers:
    """The port `Answers`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, id: RequestId, message: str) -> None:
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(answers).values(id=id, message=message))
        except IntegrityError:
            async with self._engine.begin() as connection:
                await connection.execute(update(answers).where(answers.c.id == id).values(message=message))

    async def noted(self, id: RequestId) -> str | None:
        async with self._engine.connect() as connection:
            message: str | None = await connection.scalar(select(answers.c.message).where(answers.c.id == id))
        return message
