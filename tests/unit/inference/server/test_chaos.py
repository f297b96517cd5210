"""Whatever clients, engine, renderer and disk do at random, nothing that was accepted is lost and nothing breaks."""

import logging
import random
from pathlib import Path

import pytest
import structlog

from inference.api import SongState
from inference.server.archive import Archive
from tests.fakes.chaos import Chaos

BREAKS = {"song broke", "request broke", "listener failed"}


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("seed", range(3))
async def test_three_lives_of_a_service_under_random_hands(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, seed: int, fails: bool
) -> None:
    chaos = Chaos(tmp_path / "songs", random.Random(seed), fails)
    monkeypatch.setattr(Archive, "keep", chaos.at(Archive.keep, fails=True))
    monkeypatch.setattr(Archive, "open", chaos.at(Archive.open))
    monkeypatch.setattr(Archive, "remove", chaos.at(Archive.remove))
    with structlog.testing.capture_logs() as logs:
        for _ in range(2):
            await chaos.live(actions=45)
        ended = await chaos.last_life()
    assert not [line for line in logs if line["event"] in BREAKS]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert all(status.state.is_final for status in ended.values())
    assert ended["last"].state is SongState.DONE
