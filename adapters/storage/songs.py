"""Requests accepted and songs delivered, in the database."""

from datetime import UTC, datetime

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.storage.codec import request_from_json, request_to_json
from adapters.storage.presence import Presence, is_free
from adapters.storage.tables import SongState, songs
from bot.domain.errors import NotFound
from bot.domain.request import RequestId, SongRequest
from bot.domain.song import Delivered, Song
from inference.api import FileFormat
from inference.music.recipe import Recipe


class SqlSongs:
    """The port `Songs`."""

    def __init__(self, engine: AsyncEngine, presence: Presence) -> None:
        self._engine = engine
        self._presence = presence

    async def accept(self, request: SongRequest) -> bool:
        row = {
            "id": request.id,
            "platform": request.place.platform,
            "workspace": request.place.workspace,
            "state": SongState.PENDING,
            "request": request_to_json(request),
            "accepted_at": datetime.now(UTC),
            "holder": self._presence.id,
        }
        try:
            async with self._engine.begin() as connection:
                await connection.execute(insert(songs).values(row))
        except IntegrityError:
            return await self._take_over(request.id)
        return True

    async def _take_over(self, id: RequestId) -> bool:
        unfinished = (songs.c.id == id, songs.c.state == SongState.PENDING)
        async with self._engine.begin() as connection:
            taken = await connection.execute(
                update(songs)
                .where(*unfinished, self._presence.may_take(songs.c.holder))
                .values(holder=self._presence.id)
            )
        return taken.rowcount == 1

    async def finish(self, id: RequestId, song: Song | None) -> None:
        changes: dict[str, object] = {"state": SongState.GIVEN_UP, "finished_at": datetime.now(UTC)}
        if song is not None:
            notes = song.file(FileFormat.MIDI)
            changes |= {"state": SongState.DELIVERED, "title": song.title, "recipe": song.recipe.to_json()}
            changes |= {"midi": None if notes is None else notes.content}
        async with self._engine.begin() as connection:
            await connection.execute(update(songs).where(songs.c.id == id).values(changes))

    async def request(self, id: RequestId) -> SongRequest:
        async with self._engine.connect() as connection:
            text = await connection.scalar(select(songs.c.request).where(songs.c.id == id))
        if text is None:
            raise NotFound(what="song")
        return request_from_json(text)

    async def delivered(self, id: RequestId) -> Delivered:
        kept = select(songs.c.title, songs.c.recipe, songs.c.midi)
        query = kept.where(songs.c.id == id, songs.c.state == SongState.DELIVERED)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            raise NotFound(what="song")
        return Delivered(row.title, Recipe.from_json(row.recipe), None if row.midi is None else bytes(row.midi))

    async def pending(self) -> list[SongRequest]:
        left_behind = (songs.c.state == SongState.PENDING, is_free(songs.c.holder))
        query = select(songs.c.request).where(*left_behind).order_by(songs.c.accepted_at)
        async with self._engine.connect() as connection:
            return [request_from_json(text) for text in await connection.scalars(query)]
