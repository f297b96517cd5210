"""One HTTP call to the inference service: patient with a service that restarts, strict with what it answers."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import aiohttp
import stamina
from pydantic import ValidationError

from adapters.composer.sse import EventParser
from adapters.composer.translate import error_of
from bot.domain.errors import ComposerFailed, ComposerUnavailable
from inference.api import ErrorBody, ErrorCode, FilesBody, SongBody, SongStatus

DROPPED = (aiohttp.ClientError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a service that does not answer, in seconds.

    Args:
        retry_s: a request for a song is repeated for this long.
        restart_s: a question about a song that was accepted is repeated for this long; the service keeps songs through
            a restart, which takes as long as its model takes to load.
        connect_s: for one connection.
        answer_s: for an answer, or for the next sign of life in a stream (the service sends one every 15 s).
        files_s: for files that are made while the call waits.
        grace_s: past a request's deadline, for the service to say so itself.
        settle_s: who gives a song up while it is asked for waits for the answer so long: only what the service knows
            can be cancelled there.
    """

    retry_s: float = 20.0
    restart_s: float = 120.0
    connect_s: float = 5.0
    answer_s: float = 45.0
    files_s: float = 900.0
    grace_s: float = 30.0
    settle_s: float = 5.0


class Connection:
    """The service's routes, one method each; `close` when done."""

    def __init__(self, base_url: str, patience: Patience) -> None:
        self._base = base_url.rstrip("/")
        self._patience = patience
        self._opened: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.close()

    async def post(self, body: SongBody) -> SongStatus:
        """Asks for a song; asking again under the same id joins the one there is. Raises LnhError, MusicError."""
        content = body.model_dump_json(exclude_none=True).encode()
        return _status(
            await self._call(self._patience.retry_s, "POST", "/v1/songs", _main_genre(body), content=content)
        )

    async def get(self, id: str) -> SongStatus | None:
        """Where a song is; None if the service does not know it. Raises ComposerFailed."""
        try:
            return _status(await self._ask(f"/v1/songs/{id}"))
        except ComposerFailed as error:
            if error.params["reason"] is ErrorCode.NOT_FOUND:
                return None
            raise

    async def delete(self, id: str) -> None:
        """Cancels a song, after as many tries as a restart of the service may take. Raises ComposerFailed, also for one
        that is unknown, and ComposerUnavailable.
        """
        await self._call(self._patience.restart_s, "DELETE", f"/v1/songs/{id}")

    async def file(self, path: str) -> bytes:
        """Raises ComposerFailed."""
        return await self._ask(path)

    async def more_files(self, id: str, body: FilesBody) -> SongStatus:
        """Has more files of a song made, which may take minutes. Raises LnhError, MusicError."""
        content = body.model_dump_json().encode()
        path, patience = f"/v1/songs/{id}/files", self._patience
        return _status(await self._call(patience.restart_s, "POST", path, content=content, answer_s=patience.files_s))

    async def is_ready(self) -> bool:
        try:
            async with self._session().get(f"{self._base}/readyz") as response:
                return response.status == 200
        except DROPPED:
            return False

    async def events(self, id: str) -> AsyncGenerator[SongStatus, None]:
        """Statuses as they come, until the service ends the stream.

        Raises:
            aiohttp.ClientError, TimeoutError, ValueError: the stream broke.
            ComposerFailed: it says something that is no status.
        """
        parser = EventParser()
        async with self._session().get(f"{self._base}/v1/songs/{id}/events") as response:
            if response.status != 200:
                return
            async for chunk in response.content.iter_any():
                for event in parser.feed(chunk):
                    yield _status(event.data.encode())

    async def _ask(self, path: str) -> bytes:
        """About a song that was accepted."""
        return await self._call(self._patience.restart_s, "GET", path)

    async def _call(
        self,
        retry_s: float,
        method: str,
        path: str,
        genre: str = "",
        *,
        content: bytes | None = None,
        answer_s: float | None = None,
    ) -> bytes:
        """The answer's body, after as many tries as `retry_s` seconds allow; each may take `answer_s`."""
        timeout = self._timeout(answer_s or self._patience.answer_s)
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            async for attempt in stamina.retry_context(
                on=(*DROPPED, ComposerUnavailable),
                attempts=None,
                timeout=retry_s,
                wait_initial=0.1,
                wait_max=3.0,
            ):
                with attempt:
                    async with self._session().request(
                        method, self._base + path, data=content, headers=headers, timeout=timeout
                    ) as response:
                        answer = await response.read()
                        _refuse(response.status, answer, genre)
                        return answer
        except DROPPED as error:
            raise ComposerUnavailable(reason=str(error) or type(error).__name__) from error
        raise ComposerUnavailable(reason="no answer")

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(timeout=self._timeout(self._patience.answer_s))
        return self._opened

    def _timeout(self, answer_s: float) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=None, sock_connect=self._patience.connect_s, sock_read=answer_s)


def _refuse(status: int, answer: bytes, genre: str) -> None:
    """Raises the error an answer stands for, if it does."""
    if status < 400:
        return
    try:
        detail = ErrorBody.model_validate_json(answer).error
    except ValidationError as error:  # not the service speaks here, but something in front of it
        if status >= 500:
            raise ComposerUnavailable(reason=f"HTTP {status}") from error
        raise ComposerFailed(reason=f"HTTP {status}") from error
    raise error_of(detail, genre)


def _status(content: bytes) -> SongStatus:
    try:
        return SongStatus.model_validate_json(content)
    except ValidationError as error:
        raise ComposerFailed(reason=ErrorCode.BAD_REQUEST) from error


def _main_genre(body: SongBody) -> str:
    return body.genre if isinstance(body.genre, str) else next(iter(body.genre or {}), "")
