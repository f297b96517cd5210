"""`lnh` run in the test's own process, and a service for it in a thread."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.commands.cli import main
from tests.fakes.engine import FakeEngine
from tests.fakes.logs import logging_restored
from tests.fakes.service import Service, running_service


def run_lnh(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Its exit status, run in this process and in the folder and environment that the test is in."""
    monkeypatch.setattr(sys, "argv", ["lnh", *words.split()])
    with logging_restored():
        return main()


class Lnh:
    """Runs `lnh` in this process, in an empty folder, with the service of a test."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        self.status = 0
        self.out = ""
        self.err = ""

    def __call__(self, *words: str) -> "Lnh":
        self._monkeypatch.setattr(sys, "argv", ["lnh", *words])
        self.status = main()
        self.out, self.err = self._capsys.readouterr()
        return self


@pytest.fixture
def lnh(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Lnh]:
    """`lnh` with the terminal's width and settings that no developer's environment can change."""
    for name in [name for name in os.environ if name.startswith("LNH_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    with logging_restored():
        yield Lnh(capsys, monkeypatch)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lnh: Lnh) -> Iterator[Service]:
    """A service in a thread of its own, at the configured address."""
    ready, box = threading.Event(), {}

    async def serve() -> None:
        async with running_service(tmp_path / "songs", engine=FakeEngine(free=True)) as running:
            box.update(service=running, loop=asyncio.get_running_loop(), stop=asyncio.Event())
            ready.set()
            await box["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    monkeypatch.setenv("LNH_INFERENCE_URL", str(box["service"].client.make_url("/")))
    yield box["service"]
    box["loop"].call_soon_threadsafe(box["stop"].set)
    thread.join()
