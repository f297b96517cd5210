"""The port `Composer` over the inference service."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Self

import structlog

from adapters.composer.connection import DROPPED, Connection, Patience
from adapters.composer.translate import body_of, failure_of, is_made, progress_of, song_of
from bot.domain.errors import ComposerFailed, ComposerUnavailable
from bot.domain.files import MadeFiles
from bot.domain.request import RequestId, SongRequest, request_id
from bot.domain.song import Preview, Progress, Song, SongFile
from inference.api import ErrorCode, FilesBody, SongState, SongStatus
from inference.api import SongFile as ListedFile

_logger = structlog.get_logger(__name__)
_FRUITLESS = 5  # streams in a row that end without news
_PAUSE_S = 0.2  # before the next stream, longer each time
_PROMPT_S = 1.0  # who cancels a song waits so long for the service; it is told later if it does not answer


class HttpComposer:
    """Asks for songs, follows them through dropped connections and restarts of the service, fetches their files.

    Use as an async context manager, or `close` it.
    """

    def __init__(self, base_url: str, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._service = Connection(base_url, self._patience)
        self._asking: dict[RequestId, asyncio.Future[SongStatus]] = {}
        self._wanted: set[RequestId] = set()
        self._cancelling: dict[RequestId, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Songs whose cancellation the service has not heard of yet are cancelled now, or never."""
        if self._cancelling:
            _, late = await asyncio.wait(self._cancelling.values(), timeout=self._patience.settle_s)
            for task in late:
                task.cancel()
                _logger.warning("song not cancelled before the end", task=task.get_name())
        await self._service.close()

    async def is_ready(self) -> bool:
        return await self._service.is_ready()

    async def cancel(self, id: RequestId) -> None:
        """See the port; a service that is just restarting is told as soon as it is back."""
        self._wanted.discard(id)
        if id in self._asking:
            await self._settle(self._asking[id])
        if id not in self._cancelling:
            task = self._cancelling[id] = asyncio.create_task(self._cancel(id), name=f"cancel {id}")
            task.add_done_callback(lambda _: self._cancelling.pop(id, None))
        await asyncio.wait([self._cancelling[id]], timeout=_PROMPT_S)

    async def _cancel(self, id: RequestId) -> None:
        try:
            await self._service.delete(id)
        except ComposerFailed as error:
            if error.params["reason"] is not ErrorCode.NOT_FOUND:
                _logger.warning("song not cancelled", request_id=id, reason=repr(error))
        except ComposerUnavailable as error:
            _logger.warning("song not cancelled", request_id=id, reason=repr(error))

    async def compose(self, request: SongRequest) -> AsyncGenerator[Progress | Preview | Song, None]:
        """See the port; progress is yielded when it changes."""
        shown: Progress | None = None
        preview: Preview | None = None
        await self._want(request.id)
        try:
            async with aclosing(self._statuses(request)) as statuses:
                async for status in statuses:
                    if not status.state.is_final and (progress := progress_of(status)) != shown:
                        shown = progress
                        yield progress
                    if status.preview and preview is None:
                        preview = await self._preview(request, status)
                        if preview is not None:
                            yield preview
            if status.state is not SongState.DONE:
                raise failure_of(status, request.spec.main_genre)
            song = song_of(request, status, await self._files(status.files))
        except (GeneratorExit, asyncio.CancelledError):
            await self.cancel(request.id)
            raise
        finally:
            self._wanted.discard(request.id)
        yield song

    async def files(self, request: SongRequest) -> MadeFiles:
        body = FilesBody(files=list(request.files), max_file_mib=request.max_file_mib)
        status = await self._service.more_files(await self._whole(request), body)
        wanted = [file for file in status.files if file.kind in request.files]
        left_out = tuple(one for one in status.left_out if one.file in request.files)
        return MadeFiles(status.title or request.spec.main_genre, await self._files(wanted), left_out)

    async def _whole(self, request: SongRequest) -> RequestId:
        """Under which id the service has the song with its notes, written again if it has it no more.

        A daily song that was replaced before it came is not known under the id of its day, which its predecessor has.
        """
        again = request_id("again", request.id)
        for name in (request.id, again):
            status = await self._service.get(name)
            if status is not None and is_made(request, status):
                return name
        _logger.info("song written again for more of its files", request_id=request.id)
        async with aclosing(self.compose(replace(request, id=again, files=()))) as steps:
            async for _ in steps:
                pass
        return again

    async def _statuses(self, request: SongRequest) -> AsyncGenerator[SongStatus, None]:
        """Every status known, the first at once; the final one is the last."""
        deadline = asyncio.get_running_loop().time() + request.deadline_s + self._patience.grace_s
        status = await self._ask_for(request)
        yield status
        fruitless = 0
        while not status.state.is_final:
            async with aclosing(self._news(request.id, deadline)) as news:
                async for latest in news:
                    fruitless = fruitless if latest == status else 0
                    status = latest
                    yield status
                    if status.state.is_final:
                        return
            fruitless += 1
            await self._pause(request.id, fruitless, deadline)
            # A service that restarted knows the id no more: the same request makes the same song again.
            status = await self._service.get(request.id) or await self._ask_again(request)
            yield status

    async def _want(self, id: RequestId) -> None:
        """A song that was cancelled may be asked for again: then it is not cancelled any more."""
        self._wanted.add(id)
        if (task := self._cancelling.get(id)) is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _ask_again(self, request: SongRequest) -> SongStatus:
        """Raises ComposerFailed when the song was cancelled meanwhile; else see `_ask_for`."""
        if request.id not in self._wanted:
            raise ComposerFailed(reason="cancelled")
        return await self._ask_for(request)

    async def _ask_for(self, request: SongRequest) -> SongStatus:
        """The answer to a request; it is waited for, if not for long, even when nobody wants the song any more.

        Raises:
            ComposerFailed: also when the song was given up before the service had answered.
            LnhError, MusicError: see `Connection.post`.
        """
        asking = self._asking[request.id] = asyncio.ensure_future(self._service.post(body_of(request)))
        try:
            await asyncio.wait([asking])
        finally:
            await self._settle(asking)
            if self._asking.get(request.id) is asking:
                del self._asking[request.id]
        if asking.cancelled():
            raise ComposerFailed(reason="cancelled")
        return asking.result()

    async def _settle(self, asking: asyncio.Future[SongStatus]) -> None:
        """Returns when a request is answered, or has been withdrawn because that took too long."""
        try:
            await asyncio.wait([asking], timeout=self._patience.settle_s)
        finally:
            asking.cancel()
        await asyncio.wait([asking])
        if not asking.cancelled():
            asking.exception()  # it counts as seen, also where nobody waits for the answer any more

    async def _pause(self, id: RequestId, fruitless: int, deadline: float) -> None:
        """Before the next stream. Raises ComposerFailed when it is no use waiting longer."""
        if asyncio.get_running_loop().time() >= deadline:
            await self.cancel(id)
            raise ComposerFailed(reason=ErrorCode.DEADLINE_PASSED)
        if fruitless > _FRUITLESS:
            raise ComposerUnavailable(reason="the connection keeps dropping")
        await asyncio.sleep(_PAUSE_S * (fruitless - 1))

    async def _news(self, id: RequestId, deadline: float) -> AsyncGenerator[SongStatus, None]:
        """One stream of statuses, until it drops or the deadline passes."""
        async with aclosing(self._service.events(id)) as events:
            while True:
                try:
                    async with asyncio.timeout_at(deadline):
                        status = await anext(events)
                except StopAsyncIteration:
                    return
                except (*DROPPED, ValueError) as error:
                    _logger.info("event stream dropped", request_id=id, reason=str(error))
                    return
                yield status

    async def _preview(self, request: SongRequest, status: SongStatus) -> Preview | None:
        """None when the song has got ahead of it."""
        try:
            return Preview(song_of(request, status, await self._files(status.preview)))
        except ComposerFailed as error:
            _logger.info("preview not fetched", request_id=request.id, reason=repr(error))
            return None

    async def _files(self, files: Sequence[ListedFile]) -> tuple[SongFile, ...]:
        contents = await asyncio.gather(*(self._service.file(file.url) for file in files))
        pairs = zip(files, contents, strict=True)
        return tuple(SongFile(file.name, file.media_type, content, file.kind) for file, content in pairs)
