"""Work in another process: it talks, it says why it cannot go on, and it never outlives its block."""

import asyncio
import multiprocessing
import time
from multiprocessing.connection import Connection

import pytest

from bot.commands.apart import apart
from bot.commands.trouble import CommandTrouble


def double(pipe: Connection, number: int) -> None:
    pipe.send(2 * number)
    pipe.send(2 * pipe.recv())


def refuse(_pipe: Connection) -> None:
    raise CommandTrouble("there is nothing to measure")


def vanish(_pipe: Connection) -> None:
    raise SystemExit(3)


def sleep(pipe: Connection) -> None:
    pipe.send("asleep")
    time.sleep(600)


async def test_work_takes_arguments_and_words() -> None:
    async with apart(double, 4) as process:
        assert await process.hear() == 8
        await process.tell(5)
        assert await process.hear() == 10
    assert not multiprocessing.active_children()


async def test_trouble_elsewhere_is_trouble_here() -> None:
    with pytest.raises(CommandTrouble, match="nothing to measure"):
        async with apart(refuse) as process:
            await process.hear()


async def test_work_that_is_gone_is_told() -> None:
    with pytest.raises(CommandTrouble, match="ended too early"):
        async with apart(vanish) as process:
            await process.hear()


async def test_a_block_that_is_left_early_leaves_no_process_behind() -> None:
    async def leave_early() -> None:
        async with apart(sleep) as process:
            assert await process.hear() == "asleep"
            async with asyncio.timeout(0.05):
                await process.hear()

    with pytest.raises(TimeoutError):
        await leave_early()
    assert not multiprocessing.active_children()
