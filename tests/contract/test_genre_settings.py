"""The port GenreSettings, kept by the database and by its fake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.storage import open_storage
from bot.ports import GenreSettings
from tests.fakes.storage import FakeGenreSettings


@pytest.fixture(params=["fake", "sqlite"])
async def settings(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[GenreSettings]:
    if request.param == "fake":
        yield FakeGenreSettings()
        return
    storage = await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    yield storage.genres
    await storage.close()


async def test_nothing_is_disabled_at_first(settings: GenreSettings) -> None:
    assert await settings.disabled("discord", "g1") == frozenset()


async def test_disabling_twice_and_enabling_twice_is_harmless(settings: GenreSettings) -> None:
    for _ in range(2):
        await settings.set_enabled("discord", "g1", "metal", enabled=False)
    assert await settings.disabled("discord", "g1") == {"metal"}
    for _ in range(2):
        await settings.set_enabled("discord", "g1", "metal", enabled=True)
    assert await settings.disabled("discord", "g1") == frozenset()


async def test_workspaces_do_not_feel_each_other(settings: GenreSettings) -> None:
    await settings.set_enabled("discord", "g1", "metal", enabled=False)
    assert await settings.disabled("discord", "g2") == frozenset()
    assert await settings.disabled("slack", "g1") == frozenset()
