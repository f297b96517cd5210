"""Clients, an engine, a renderer and a disk that do whatever comes to their mind, and what must hold all the same."""

import asyncio
import errno
import json
import random
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from inference.api import ErrorBody, ExtraFile, SongState, SongStatus
from inference.render.errors import DiskFull, RenderFailed
from inference.server.limits import ServerLimits
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import Service, events_of, running_service

IDS = [f"click-{number}" for number in range(10)]
STRANGE_IDS = ["never", "..", "%2e%2e%2frecord.json", "click-1.2", "a" * 65]
T = TypeVar("T")
LIMITS = ServerLimits(max_waiting=6, client_songs_at_once=5, grace_s=0.0, linger_s=0.0, preview_after_s=0.01)
PATIENCE_S = 120.0
REFUSALS = {400, 404, 405, 409, 413, 429, 503, 504, 507}
NONSENSE = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"genre": 7}',
    b'{"genre": {"metal": -1}}',
    b'{"genre": "metal", "seed": 1e99}',
    b'{"genre": "metal", "bars": "\xff"}',
    b'{"genre": "metal", "request_id": "../up"}',
    b'{"edit": {"operation": "vary", "midi": "AAAA"}}',
]


class Broken(AssertionError):
    """Something that must hold did not."""


@dataclass
class Known:
    """A song that was accepted: by which body, as which seed, and whether anything may have ended it.

    `is_over` says that it was cancelled while the service closed, and must not come back.
    """

    body: str
    seed: int | None
    is_spoiled: bool = False
    is_done: bool = False
    is_over: bool = False


@dataclass
class Chaos:
    """One service after another in the same folder, and hands that use it at random."""

    folder: Path
    rng: random.Random
    fails: bool = False
    songs: dict[str, Known] = field(default_factory=dict)
    lives: int = 0
    is_disk_full: bool = False
    disk: threading.RLock = field(default_factory=threading.RLock)

    def at(self, change: Callable[..., T], *, fails: bool = False) -> Callable[..., T]:
        """A method of `Archive` on a disk that may be full, and whose state is copied between changes only."""

        def changed(*how: Any) -> T:
            with self.disk:
                if fails and self.is_disk_full:
                    raise OSError(errno.ENOSPC, "full")
                return change(*how)

        return changed

    async def live(self, actions: int) -> None:
        """A service's whole life with `actions` of three hands; it ends in peace, in a crash, or with a dead engine."""
        self.lives += 1
        engine, renderer = FakeEngine(slots=2), FakeRenderer()
        async with running_service(self.folder, engine=engine, renderer=renderer, limits=LIMITS) as service:
            self._all_are_back(service)
            async with asyncio.TaskGroup() as hands:
                for _ in range(3):
                    hands.create_task(self._play(service, actions // 3))
            await self._end(service)

    async def last_life(self) -> dict[str, SongStatus]:
        """Everything works again, and every song must end, a new one too; the final statuses."""
        self.is_disk_full = False
        engine, limits = FakeEngine(slots=2, free=True), replace(LIMITS, max_waiting=64)
        async with running_service(self.folder, engine=engine, limits=limits) as service:
            self._all_are_back(service)
            ended = {}
            self.songs["last"] = Known("", None)
            await service.compose(request_id="last", bars=4, formats=["mid"], client="nobody else")
            async with asyncio.timeout(PATIENCE_S):
                for song in list(self.songs):
                    if service.service.register.get(song) is not None:
                        ended[song] = (await service.history(song))[-1].status
            self._is_quiet(service)
        for song, status in ended.items():
            self._see(status)
            if not self.songs[song].is_spoiled and status.state is not SongState.DONE:
                raise Broken(f"{song} was accepted, and nobody cancelled it: {status}")
        return ended

    def _all_are_back(self, service: Service) -> None:
        """What was accepted and not ended is known after any start; what has ended badly may be forgotten."""
        for song, known in list(self.songs.items()):
            if service.service.register.get(song) is None:
                if not known.is_spoiled:
                    raise Broken(f"{song} was accepted and is lost after a restart")
                del self.songs[song]
            elif known.is_over and not self.fails:
                raise Broken(f"{song} was cancelled while the service closed, and is back after a restart")
            elif self.fails:  # its end may not have been written down, and then it is made once more
                known.is_done = False

    def _is_quiet(self, service: Service) -> None:
        stats, line = service.engine.stats(), service.service.line
        if (stats.running, stats.waiting, line.waiting, line.unwritten) != (0, 0, 0, 0):
            raise Broken(f"places are still taken: {stats}, {line.waiting} waiting, {line.unwritten} unwritten")

    async def _end(self, service: Service) -> None:
        """What kill -9 leaves is what is on the disk at any moment; the next life begins with a copy of that."""
        way = self.rng.choice(["peace", "crash", "engine"])
        if way == "crash":
            copy = self.folder.with_name(f"{self.folder.name}x")
            with self.disk:
                shutil.copytree(self.folder, copy, ignore=shutil.ignore_patterns(".lock"))
            self.folder = copy
        elif way == "engine":
            service.engine.die()
        else:
            async with asyncio.TaskGroup() as hands:
                hands.create_task(service.service.drain())
                hands.create_task(self._cancel_some(service))
        service.renderer.release()  # whoever waits for more files goes away with the server

    async def _play(self, service: Service, actions: int) -> None:
        things = [self._post] * 5 + [self._cancel, self._ask, self._follow, self._follow, self._fetch, self._more]
        things += [self._talk_nonsense, self._engine, self._engine, self._engine, self._studio]
        for _ in range(actions):
            with suppress(aiohttp.ClientConnectionError, TimeoutError):
                await self.rng.choice(things)(service)
            await asyncio.sleep(0)

    async def _post(self, service: Service) -> None:
        song = self.rng.choice(IDS)
        body: dict[str, Any] = {"genre": "metal", "bars": 4, "request_id": song, "seed": self.rng.choice([1, 2])}
        body |= self.rng.choice([{}, {"scheduled": True}, {"client": self.rng.choice("ab")}, {"preview": True}])
        body["formats"] = self.rng.choice([["mid"], ["mid", "mp3", "png"]])
        key = json.dumps([body["seed"], body["formats"]])
        async with service.client.post("/v1/songs", json=body) as answer:
            text = await self._read(answer)
            if answer.status != 202:
                return
        status = SongStatus.model_validate_json(text)
        known = self.songs.get(song)
        if known is not None and known.body != key:
            raise Broken(f"{song} stands for two songs: {known.body} and {key}")
        if status.seed != body["seed"]:
            raise Broken(f"{song} has seed {status.seed}, not {body['seed']}")
        if known is None:
            self.songs[song] = Known(key, status.seed)
        if self.fails:
            self.songs[song].is_spoiled = True

    async def _cancel(self, service: Service) -> None:
        song = self._some_id()
        if song in self.songs:
            self.songs[song].is_spoiled = True
        elif song in IDS:  # it may be on its way, and then nobody would know what to expect of it
            return
        async with service.client.delete(f"/v1/songs/{song}") as answer:
            await self._read(answer)

    async def _cancel_some(self, service: Service) -> None:
        """While the service closes: what is cancelled then must not be taken up by the next."""
        for song in self.rng.sample(sorted(self.songs), min(2, len(self.songs))):
            await asyncio.sleep(0)
            self.songs[song].is_spoiled = True
            async with service.client.delete(f"/v1/songs/{song}") as answer:
                text = await self._read(answer)
                if answer.status == 200:
                    self.songs[song].is_over = SongStatus.model_validate_json(text).state is SongState.CANCELLED

    async def _ask(self, service: Service) -> None:
        async with service.client.get(f"/v1/songs/{self._some_id()}") as answer:
            text = await self._read(answer)
            if answer.status == 200:
                self._see(SongStatus.model_validate_json(text))

    async def _follow(self, service: Service) -> None:
        """Reads some events, then goes away or stays a little."""
        patience, last = self.rng.choice([0.0, 0.01, 0.05]), -1
        async with service.client.get(f"/v1/songs/{self._some_id()}/events") as answer:
            if answer.status != 200:
                await self._read(answer)
                return
            async with asyncio.timeout(patience):
                async for event in events_of(answer):
                    if int(event.id) <= last:
                        raise Broken(f"event {event.id} comes after {last}")
                    last = int(event.id)
                    self._see(event.status)

    async def _fetch(self, service: Service) -> None:
        song = self._some_id()
        names = ["record.json", "..%2frecord.json", "%00", "none.mid"]
        async with service.client.get(f"/v1/songs/{song}") as answer:
            if answer.status == 200:
                names += [file.name for file in SongStatus.model_validate_json(await answer.text()).files] * 4
        name = self.rng.choice(names)
        async with service.client.get(f"/v1/songs/{song}/files/{name}") as answer:
            if answer.status != 200:
                await self._read(answer)
            elif b"fingerprint" in await answer.read():
                raise Broken(f"{name} of {song} shows what is nobody's business")

    async def _more(self, service: Service) -> None:
        files = self.rng.choice([["tab"], ["stems", "flac"], [], ["nothing"], list(ExtraFile)])
        async with asyncio.timeout(self.rng.choice([0.01, 0.2])):
            async with service.client.post(f"/v1/songs/{self._some_id()}/files", json={"files": files}) as answer:
                await self._read(answer)

    async def _talk_nonsense(self, service: Service) -> None:
        path = self.rng.choice(["/v1/songs", "/v1/songs/click-1/files", "/nowhere"])
        async with service.client.request(
            self.rng.choice(["POST", "PUT", "GET"]), path, data=self.rng.choice(NONSENSE)
        ) as answer:
            if answer.status < 400 and path != "/v1/songs/click-1/files":
                raise Broken(f"nonsense was taken for sense: {answer.status}")
            if answer.status != 405 or answer.method != "HEAD":
                await self._read(answer)

    async def _engine(self, service: Service) -> None:
        service.engine.write_bars(self.rng.choice([1, 2, 4]))
        if self.fails and self.rng.random() < 0.2 and service.engine.submitted:
            service.engine.fail(self.rng.choice(service.engine.submitted).id, "a string broke")
        if self.rng.random() < 0.1:
            service.engine.play_on()
        await asyncio.sleep(self.rng.choice([0.0, 0.002]))

    async def _studio(self, service: Service) -> None:
        if self.fails:
            self.is_disk_full = self.rng.random() < 0.3
            service.renderer.fail_with = self.rng.choice([None, RenderFailed("no"), DiskFull("full")])
        self.rng.choice([service.renderer.hold, service.renderer.release, service.renderer.release])()

    async def _read(self, answer: aiohttp.ClientResponse) -> str:
        """The text; an error has the shape of the wire and is nobody's fault but the client's, or temporary."""
        text = await answer.text()
        if answer.status >= 400:
            if answer.status not in REFUSALS:
                raise Broken(f"{answer.method} {answer.url} was answered {answer.status}: {text}")
            error = ErrorBody.model_validate_json(text).error
            if answer.status in (429, 503) and error.retry_after_s is None:
                raise Broken(f"{error} does not say when to come back")
        return text

    def _see(self, status: SongStatus) -> None:
        known = self.songs.get(status.id)
        if known is None:
            return
        if known.seed is not None and status.seed != known.seed:
            raise Broken(f"{status.id} changed its seed from {known.seed} to {status.seed}")
        if known.is_done and status.state is not SongState.DONE:
            raise Broken(f"{status.id} was done and is {status.state}")
        known.is_done |= status.state is SongState.DONE
        if status.state in (SongState.FAILED, SongState.CANCELLED) and not known.is_spoiled:
            raise Broken(f"{status.id} ended though nothing was wrong: {status.error}")

    def _some_id(self) -> str:
        return self.rng.choice(IDS * 3 + STRANGE_IDS)
