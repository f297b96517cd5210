"""The port Installations, kept by the database and by its fake; `other` is another process on the same database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from adapters.storage import open_storage
from bot.ports import Installations
from tests.fakes.storage import FakeInstallations

MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    here: Installations
    other: Installations


@pytest.fixture(params=["fake", "sqlite", "sqlite with a key"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    if request.param == "fake":
        fake = FakeInstallations()
        yield Desk(fake, fake)
        return
    url = f"sqlite+aiosqlite:///{tmp_path}/lnh.db"
    keys = [Fernet.generate_key().decode()] if "key" in request.param else []
    here, other = await open_storage(url, keys), await open_storage(url, keys)
    yield Desk(here.installations, other.installations)
    await here.close()
    await other.close()


async def test_the_last_tokens_of_each_workspace_are_kept(desk: Desk) -> None:
    for workspace, tokens in (("T1", "old"), ("T2", "two"), ("T1", "new")):
        await desk.here.save("slack", workspace, tokens)
    assert await desk.other.find("slack", "T1") == "new"
    assert await desk.other.find("slack", "T2") == "two"
    assert await desk.other.find("discord", "T1") is None


async def test_tokens_that_were_removed_do_not_come_back_by_a_change(desk: Desk) -> None:
    await desk.here.save("slack", "T1", "tokens")
    assert await desk.here.change("slack", "T1", "rotated")
    assert await desk.other.remove("slack", "T1")
    assert not await desk.here.change("slack", "T1", "rotated again")
    assert not await desk.here.remove("slack", "T1")
    assert await desk.here.find("slack", "T1") is None


async def test_one_at_a_time_looks_at_an_installation_and_changes_it(desk: Desk) -> None:
    await desk.here.save("slack", "T1", "0")

    async def add_one(installations: Installations) -> None:
        async with installations.alone("slack", "T1"):
            seen = int(await installations.find("slack", "T1") or "")
            await asyncio.sleep(0)
            await installations.change("slack", "T1", str(seen + 1))

    await asyncio.gather(*(add_one(desk.here) for _ in range(3)), *(add_one(desk.other) for _ in range(3)))
    assert await desk.here.find("slack", "T1") == "6"


async def test_nobody_waits_for_a_workspace_that_is_not_there_or_for_another_one(desk: Desk) -> None:
    await desk.here.save("slack", "T1", "one")
    await desk.here.save("slack", "T2", "two")
    async with desk.here.alone("slack", "T1"), desk.other.alone("slack", "T2"), desk.here.alone("slack", "T3"):
        pass


async def test_a_turn_ends_although_the_body_failed_or_the_workspace_went_meanwhile(desk: Desk) -> None:
    await desk.here.save("slack", "T1", "one")
    with pytest.raises(ValueError, match="on purpose"):
        async with desk.here.alone("slack", "T1"):
            raise ValueError("on purpose")
    async with desk.other.alone("slack", "T1"):
        await desk.other.remove("slack", "T1")
    async with desk.here.alone("slack", "T1"):
        pass


async def test_a_word_is_good_once_and_in_every_process(desk: Desk) -> None:
    word = await desk.here.issue(MINUTE)
    told = await asyncio.gather(*(desk.other.consume(word) for _ in range(4)))
    assert told.count(True) == 1
    assert not await desk.here.consume("a guess")


async def test_a_word_whose_time_is_over_is_good_no_more(desk: Desk) -> None:
    word = await desk.here.issue(-MINUTE)
    assert await desk.here.issue(MINUTE) != word
    assert not await desk.here.consume(word)
