"""Which genres a workspace switched off, in the database."""

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.tables import disabled_genres


class SqlGenreSettings:
    """The port `GenreSettings`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def disabled(self, platform: str, workspace: str) -> frozenset[str]:
        columns = disabled_genres.c
        query = select(columns.genre).where(columns.platform == platform, columns.workspace == workspace)
        async with self._engine.connect() as connection:
            return frozenset(await connection.scalars(query))

    async def set_enabled(self, platform: str, workspace: str, genre: str, *, enabled: bool) -> None:
        columns = disabled_genres.c
        row = {"platform": platform, "workspace": workspace, "genre": genre}
        async with self._engine.begin() as connection:
            await connection.execute(
                delete(disabled_genres).where(
                    columns.platform == platform, columns.workspace == workspace, columns.genre == genre
                )
            )
            if not enabled:
                await connection.execute(insert(disabled_genres).values(row))
