"""Who asks in a chat is known all the way to the engine, which thereby lets guilds, and people within them, take turns.

From the bot's own request through its client and the wire to an engine that writes what it is told to.
"""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from adapters.composer import HttpComposer
from bot.domain.request import Place, Priority, Requester, SongRequest
from bot.domain.song import Song
from inference.engine.contract import ComposeJob
from tests.fakes.engine import FakeEngine
from tests.fakes.service import Service, running_service
from tests.fakes.songs import request_for
from tests.fakes.waiting import until


def asked_by(guild: str, person: str, number: int = 0, *, scheduled: bool = False) -> SongRequest:
    """A MIDI file that somebody wants."""
    request = request_for(f"{guild}-{person}-{number}")
    return replace(
        request,
        place=Place("discord", guild, "channel"),
        requester=Requester(person, person),
        priority=Priority.SCHEDULED if scheduled else Priority.INTERACTIVE,
        spec=replace(request.spec, bars=4),
        deadline_s=90.0,
    )


async def delivered(composer: HttpComposer, request: SongRequest) -> None:
    async with aclosing(composer.compose(request)) as news:
        async for item in news:
            if isinstance(item, Song):
                return
    raise AssertionError(f"{request.id} was not delivered")


async def jobs_of(folder: Path, requests: list[SongRequest]) -> list[ComposeJob]:
    """What an engine with one slot is given, in its order, when all of these have come before the first is written."""
    engine = FakeEngine(slots=1)
    async with running_service(folder, engine=engine) as service, HttpComposer(url_of(service)) as composer:
        async with asyncio.TaskGroup() as tasks:
            for number, request in enumerate(requests, 1):
                tasks.create_task(delivered(composer, request))
                await until(lambda number=number: service.service.line.unwritten >= number)
            engine.play_on()
        return list(engine.submitted)


def url_of(service: Service) -> str:
    return str(service.client.make_url("/"))


async def test_the_engine_knows_the_guild_the_person_the_hurry_and_the_deadline(tmp_path: Path) -> None:
    daily, wish = await jobs_of(tmp_path, [asked_by("g1", "mel", scheduled=True), asked_by("g2", "kim")])
    assert (daily.client, daily.user, daily.scheduled) == ("discord:g1", "mel", True)
    assert (wish.client, wish.user, wish.scheduled) == ("discord:g2", "kim", False)
    assert wish.deadline_s is not None
    assert 0 < wish.deadline_s <= 90


async def test_guilds_take_turns_then_people_and_the_daily_songs_come_last(tmp_path: Path) -> None:
    jobs = await jobs_of(
        tmp_path,
        [
            asked_by("g0", "first"),
            asked_by("g1", "daily", scheduled=True),
            asked_by("g1", "mel", 1),
            asked_by("g1", "mel", 2),
            asked_by("g1", "kim", 1),
            asked_by("g2", "ann", 1),
        ],
    )
    assert [job.id for job in jobs] == ["g0-first-0", "g1-mel-1", "g2-ann-1", "g1-kim-1", "g1-mel-2", "g1-daily-0"]
