"""The port Heard, kept by the database and by its fake."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.storage import open_storage
from bot.domain.request import RequestId
from bot.ports import Heard
from tests.fakes.storage import FakeHeard


@pytest.fixture(params=["fake", "sqlite"])
async def heard(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Heard]:
    if request.param == "fake":
        yield FakeHeard()
        return
    storage = await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    yield storage.heard
    await storage.close()


async def test_an_event_is_heard_once_however_often_and_at_once_it_is_told(heard: Heard) -> None:
    told = await asyncio.gather(*(heard.is_first(RequestId("e1")) for _ in range(8)))
    assert told.count(True) == 1
    assert not await heard.is_first(RequestId("e1"))
    assert await heard.is_first(RequestId("e2"))
