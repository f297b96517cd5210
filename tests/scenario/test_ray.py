"""`lnh serve --ray`: two replicas write songs behind the one address, and one of them is killed while they do."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import pytest

from inference.api import SongState, SongStatus
from tests.fakes.service import events_of

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None,
    reason="*** Ray is not installed (.venv/bin/pip install -e '.[ray]'): replicas are NOT TESTED ***",
)
LIMIT_S = 600.0  # on a machine that does other things: Ray alone starts nine processes
# So few slots that four songs need both replicas, and one render worker that has nothing to do.
SETTINGS = {
    "LNH_INFERENCE_REPLICAS": "2",
    "LNH_INFERENCE_MOST_REPLICAS": "2",
    "LNH_INFERENCE_SLOTS": "2",
    "LNH_INFERENCE_TAKES": "1",
    "LNH_INFERENCE_RENDER_WORKERS": "1",
    "LNH_LOG_FORMAT": "json",
    "LNH_LOG_LEVEL": "info",
}


@dataclass
class Replicated:
    """The service as a process, and what its log says of replicas."""

    url: str
    log: asyncio.StreamReader
    writers: dict[str, int] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    async def read_until_all_write(self, replicas: int) -> None:
        """Reads the log until that many processes are known to write songs."""
        while len(set(self.writers.values())) < replicas:
            self._take(await self.log.readline())

    async def read_on(self) -> None:
        while line := await self.log.readline():
            self._take(line)

    def _take(self, line: bytes) -> None:
        entry = json.loads(line) if line.startswith(b"{") else {}
        if entry.get("event") == "a replica writes the song":
            self.writers[entry["request_id"]] = entry["process"]
        elif entry.get("event") == "song lost and asked for again":
            self.lost.append(entry["request_id"])


@asynccontextmanager
async def replicated(folder: Path) -> AsyncIterator[Replicated]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "serve", "--ray", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | SETTINGS | {"LNH_INFERENCE_ARTIFACTS": str(folder)},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        announced = (await process.stdout.readline()).decode().split()
        assert announced, (await process.stderr.read()).decode()
        yield Replicated(announced[-1], process.stderr)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
    assert process.returncode == 0


async def ask(http: aiohttp.ClientSession, url: str, number: int) -> SongStatus:
    """A long song; of every two numbers that differ by four the seed is the same."""
    body = {"genre": "metal", "bars": 64, "seed": number % 4, "formats": ["mid"], "request_id": f"click-{number}"}
    async with http.post(f"{url}/v1/songs", json=body) as answer:
        assert answer.status == 202, await answer.text()
        return SongStatus.model_validate_json(await answer.text())


async def midi_of(http: aiohttp.ClientSession, url: str, id: str) -> bytes:
    """The song's file, after its events."""
    async with http.get(f"{url}/v1/songs/{id}/events") as answer:
        last = [event.status async for event in events_of(answer)][-1]
    assert last.state is SongState.DONE, last.error
    async with http.get(url + last.files[0].url) as answer:
        assert answer.status == 200
        return await answer.read()


async def test_songs_of_a_replica_that_is_killed_are_written_by_the_other(tmp_path: Path) -> None:
    async with asyncio.timeout(LIMIT_S), replicated(tmp_path) as service, aiohttp.ClientSession() as http:
        songs = [await ask(http, service.url, number) for number in range(8)]
        await service.read_until_all_write(2)
        os.kill(next(iter(service.writers.values())), signal.SIGKILL)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(service.read_on())
            files = [await midi_of(http, service.url, song.id) for song in songs]
            reading.cancel()

    assert service.lost
    assert all(content.startswith(b"MThd") for content in files)
    assert files[:4] == files[4:]  # whichever replica wrote them
