"""The inference service on a real socket, with an engine and a renderer that a test holds in its hands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from inference.api import ErrorBody, ErrorDetail, SongState, SongStatus
from inference.critic.takes import Judge
from inference.latent.contract import Steer, no_steer
from inference.music.genre import GenreCatalogue, load_catalogue
from inference.server.app import SERVICE, create_app
from inference.server.limits import ServerLimits
from inference.server.producer import Studio
from inference.server.service import SongService
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer

GENRES = Path(__file__).parents[2] / "configs" / "genres.toml"
# Tests that leave a song standing must not wait for it at the end.
AT_ONCE = ServerLimits(grace_s=0.0, linger_s=0.0)


@dataclass(frozen=True)
class Event:
    """One server-sent event."""

    id: str
    name: str
    status: SongStatus


@dataclass
class Service:
    """What a client sees, in few words."""

    client: Any
    engine: FakeEngine
    renderer: FakeRenderer
    service: SongService
    artifacts: Path
    catalogue: GenreCatalogue = field(repr=False)

    async def compose(self, **body: Any) -> SongStatus:
        """Asks for a song and expects to be let in."""
        async with self.client.post("/v1/songs", json={"genre": "metal", **body}) as answer:
            text = await answer.text()
            assert answer.status == 202, text
            return SongStatus.model_validate_json(text)

    async def refused(self, **body: Any) -> tuple[int, ErrorDetail]:
        """Asks for a song and expects to be refused."""
        async with self.client.post("/v1/songs", json={"genre": "metal", **body}) as answer:
            return answer.status, await error_of(answer)

    async def status(self, id: str) -> SongStatus:
        async with self.client.get(f"/v1/songs/{id}") as answer:
            assert answer.status == 200
            return SongStatus.model_validate_json(await answer.text())

    async def cancel(self, id: str) -> SongStatus:
        async with self.client.delete(f"/v1/songs/{id}") as answer:
            assert answer.status == 200
            return SongStatus.model_validate_json(await answer.text())

    async def fetch(self, url: str) -> bytes:
        async with self.client.get(url) as answer:
            assert answer.status == 200
            return bytes(await answer.read())

    async def history(self, id: str) -> list[Event]:
        """Every event until the stream is closed."""
        async with self.client.get(f"/v1/songs/{id}/events") as answer:
            return [event async for event in events_of(answer)]

    async def until(self, id: str, state: SongState, bars_done: int = 0) -> SongStatus:
        """Follows the events until the song is in `state` with at least so many bars."""
        async with self.client.get(f"/v1/songs/{id}/events") as answer:
            async for event in events_of(answer):
                if event.status.state is state and event.status.bars_done >= bars_done:
                    return event.status
                assert not event.status.state.is_final, event.status
        raise AssertionError(f"the events of {id} ended before it was {state}")


@asynccontextmanager
async def running_service(
    artifacts: Path,
    *,
    engine: FakeEngine | None = None,
    renderer: FakeRenderer | None = None,
    limits: ServerLimits = AT_ONCE,
    judge: Judge | None = None,
    steer: Steer = no_steer,
) -> AsyncIterator[Service]:
    """A service on 127.0.0.1 and a free port, until the context ends."""
    engine = engine or FakeEngine()
    renderer = renderer or FakeRenderer()
    catalogue = load_catalogue(GENRES)
    app = create_app(Studio(engine, renderer, catalogue, judge=judge, steer=steer), limits, artifacts)
    async with TestClient(TestServer(app)) as client:
        yield Service(client, engine, renderer, app[SERVICE], artifacts, catalogue)


async def error_of(answer: ClientResponse) -> ErrorDetail:
    return ErrorBody.model_validate_json(await answer.text()).error


async def events_of(answer: ClientResponse) -> AsyncIterator[Event]:
    """Parses an event stream as the standard says; comments are skipped."""
    assert answer.content_type == "text/event-stream"
    fields: dict[str, str] = {}
    async for raw in answer.content:
        line = raw.decode().rstrip("\r\n")
        if not line:
            if "data" in fields:
                yield Event(fields["id"], fields["event"], SongStatus.model_validate_json(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
