"""Stopping without losing songs, and starting with one clear sentence when that is impossible."""

import asyncio
import os
import signal
import socket
from pathlib import Path

import aiohttp
import pytest

from inference.api import ErrorCode, SongState, SongStatus
from inference.music.genre import load_catalogue
from inference.server.app import create_app
from inference.server.limits import ServerLimits
from inference.server.producer import Studio
from inference.server.run import CannotListen, EngineLost, base_url, listen, serve
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import GENRES, error_of, events_of, running_service

PATIENT = ServerLimits(grace_s=60, linger_s=60)


async def test_closing_time_lets_running_songs_end_and_takes_no_new_ones(tmp_path: Path) -> None:
    async with running_service(tmp_path, limits=PATIENT) as service:
        song = await service.compose(request_id="last-song", formats=["mid"])
        await service.until(song.id, SongState.COMPOSING)
        async with asyncio.TaskGroup() as tasks:
            draining = tasks.create_task(service.service.drain())
            async with service.client.get(f"/v1/songs/{song.id}/events") as events:
                await anext(aiter(events_of(events)))
                status, error = await service.refused()
                assert (status, error.code) == (503, ErrorCode.SHUTTING_DOWN)
                assert error.message == "the service is shutting down and takes no new songs; ask again soon"
                assert error.retry_after_s == 10
                assert (await service.compose(request_id="last-song", formats=["mid"])).id == song.id
                async with service.client.get("/readyz") as answer:
                    assert (answer.status, (await error_of(answer)).code) == (503, ErrorCode.SHUTTING_DOWN)
                    assert answer.headers["Retry-After"] == "10"
                service.engine.play_on()
            done = await service.until(song.id, SongState.DONE)
            assert not draining.done()
            await service.fetch(done.files[0].url)


async def test_a_song_that_outlasts_the_grace_is_put_off(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        songs = [await service.compose() for _ in range(3)]
        await service.until(songs[0].id, SongState.COMPOSING)
        await service.service.drain()

        for song in songs:
            async with service.client.get(f"/v1/songs/{song.id}/events") as answer:
                assert (answer.status, (await error_of(answer)).code) == (503, ErrorCode.SHUTTING_DOWN)
            assert (tmp_path / song.id / "record.json").exists()
        assert songs[0].id in service.engine.cancelled


async def test_the_engine_is_stopped_at_the_end(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        await service.compose()
        assert service.engine.is_alive

    assert not service.engine.is_alive


class Server:
    """`serve` in a task of its own, as the command line runs it."""

    def __init__(self, artifacts: Path, limits: ServerLimits = PATIENT) -> None:
        self.engine = FakeEngine()
        self.url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.stop = asyncio.Event()
        self._app = create_app(Studio(self.engine, FakeRenderer(), load_catalogue(GENRES)), limits, artifacts)

    async def run(self) -> None:
        await serve(self._app, listen("127.0.0.1", 0), self.url.set_result, self.stop)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_service_once_its_song_has_been_fetched(
    tmp_path: Path, number: signal.Signals
) -> None:
    server = Server(tmp_path)
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as client:
        tasks.create_task(server.run())
        url = await server.url
        async with client.post(f"{url}/v1/songs", json={"genre": "metal", "formats": ["mid"]}) as answer:
            song = SongStatus.model_validate_json(await answer.text())
        os.kill(os.getpid(), number)
        async with client.get(f"{url}/v1/songs/{song.id}/events") as answer:
            server.engine.play_on()
            done = [event.status async for event in events_of(answer)][-1]
        async with client.get(url + done.files[0].url) as answer:
            assert len(await answer.read()) == done.files[0].size_bytes


async def test_a_second_signal_does_not_wait_for_songs(tmp_path: Path) -> None:
    server = Server(tmp_path)
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as client:
        tasks.create_task(server.run())
        url = await server.url
        async with client.post(f"{url}/v1/songs", json={"genre": "metal"}) as answer:
            song = SongStatus.model_validate_json(await answer.text())
        async with client.get(f"{url}/v1/songs/{song.id}/events") as answer:
            os.kill(os.getpid(), signal.SIGINT)
            await server.stop.wait()
            async with client.get(f"{url}/readyz") as closing:
                assert closing.status == 503
            os.kill(os.getpid(), signal.SIGINT)
            last = [event.status async for event in events_of(answer)][-1]

    assert not last.state.is_final


async def test_a_signal_while_everything_is_put_away_is_no_sudden_end(tmp_path: Path) -> None:
    server = Server(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.run())
        await server.url
        server.stop.set()
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
    await asyncio.sleep(0)


async def test_a_dead_engine_ends_the_service_and_its_songs_are_kept(tmp_path: Path) -> None:
    server = Server(tmp_path)
    async with aiohttp.ClientSession() as client:
        running = asyncio.ensure_future(server.run())
        url = await server.url
        async with client.post(f"{url}/v1/songs", json={"genre": "metal", "request_id": "click-1"}) as answer:
            assert answer.status == 202
        server.engine.die()
        async with client.get(f"{url}/readyz") as answer:
            assert answer.status == 503
        with pytest.raises(EngineLost, match="start the service again"):
            await running

    async with running_service(tmp_path, engine=FakeEngine(free=True)) as after:
        assert (await after.history("click-1"))[-1].name == "done"


async def test_port_0_takes_a_free_port_and_reports_it(tmp_path: Path) -> None:
    server = Server(tmp_path)
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as client:
        tasks.create_task(server.run())
        url = await server.url
        async with client.get(f"{url}/healthz") as answer:
            assert await answer.json() == {"status": "alive", "checkpoint": "fake-weights"}
        server.stop.set()

    assert url.startswith("http://127.0.0.1:")
    assert not url.endswith(":0")


def test_a_port_in_use_is_one_sentence() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen) as trouble:
            listen("127.0.0.1", port)

    assert str(trouble.value) == (
        f"port {port} on 127.0.0.1 is in use; stop what uses it or choose another port (0 takes any free one)"
    )


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("192.0.2.1", 0, "192.0.2.1 is not an address of this machine"),
        ("no host", 0, "'no host' is not an address I can listen on"),
        ("127.0.0.1", 70000, "a port is a number from 0 to 65535, not 70000"),
    ],
)
def test_an_address_that_cannot_be_served_is_one_sentence(host: str, port: int, sentence: str) -> None:
    with pytest.raises(CannotListen) as trouble:
        listen(host, port)

    assert str(trouble.value) == sentence


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_an_ipv6_address_is_written_as_a_url_wants_it() -> None:
    with listen("::1", 0) as sock:
        assert base_url(sock) == f"http://[::1]:{sock.getsockname()[1]}"


async def test_a_folder_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    server = Server(tmp_path / "file" / "songs")

    with pytest.raises(NotADirectoryError):
        await server.run()
    assert not server.engine.is_alive
