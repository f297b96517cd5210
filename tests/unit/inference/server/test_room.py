"""In company a song whose seed nobody chose makes do with fewer takes; one whose seed was chosen never does."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.api import SongState
from inference.engine.contract import Finished
from inference.music.genre import load_catalogue
from inference.music.recipe import Recipe
from inference.music.spec import SamplingParams, SongSpec
from inference.server.archive import Record
from inference.server.takes import Heard, Room, Takes
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.scores import quartet_score
from tests.fakes.service import AT_ONCE, Service, running_service
from tests.fakes.waiting import until

BARS = 8
FOUR_TAKES = replace(AT_ONCE, takes=4)
CATALOGUE = load_catalogue(Path("configs/genres.toml"))
RECIPE = Recipe("weights", CATALOGUE.complete(SongSpec((("metal", 1.0),), bars=BARS), 7), SamplingParams(7))


class SlowBand:
    """Writes every take up to where it is told, and finishes when it is told."""

    def __init__(self, *bars: int) -> None:
        self.bars = bars
        self.stopped: list[int] = []
        self.may_finish = asyncio.Event()
        self._begun = 0
        self.all_begun = asyncio.Event()

    async def compose(self, recipe: Recipe, take: int, heard: Heard) -> Finished:
        heard(self.bars[take])
        self._begun += 1
        if self._begun == len(self.bars):
            self.all_begun.set()
        try:
            await self.may_finish.wait()
        except asyncio.CancelledError:
            self.stopped.append(take)
            raise
        return Finished("song", quartet_score(BARS), 10, 0.1)


async def takes_left(band: SlowBand, *shares: int) -> tuple[list[int], int]:
    """Which takes were stopped when those shares were all that was left, and which was kept."""
    takes = Takes(band.compose, RECIPE, len(band.bars))
    async with asyncio.TaskGroup() as tasks:
        best = tasks.create_task(takes.best(None))
        await band.all_begun.wait()
        for share in shares:
            takes.make_do_with(share)
        band.may_finish.set()
    return sorted(band.stopped), best.result()[0].sampling.take


async def test_the_youngest_takes_are_stopped_and_of_equals_the_last() -> None:
    assert await takes_left(SlowBand(1, 1, 0, 1), 2) == ([2, 3], 0)
    assert await takes_left(SlowBand(0, 1, 0, 0), 2, 2, 1) == ([0, 2, 3], 1)


async def test_a_take_that_is_half_done_is_finished() -> None:
    assert await takes_left(SlowBand(1, 4, 5, 2), 1) == ([0, 3], 1)


async def test_one_take_is_left_whoever_comes() -> None:
    assert await takes_left(SlowBand(0, 0, 0, 0), 0) == ([1, 2, 3], 0)
    assert await takes_left(SlowBand(0), 1, 1) == ([], 0)


@pytest.mark.parametrize(("songs", "share"), [(0, 4), (1, 4), (2, 2), (3, 1), (4, 1), (20, 1)])
def test_the_more_songs_the_fewer_takes_and_one_at_least(songs: int, share: int) -> None:
    assert Room(4, lambda: songs).share == share


async def started(service: Service, songs: int, **body: object) -> list[str]:
    """The ids of so many songs that have all begun to be written."""
    asked = [await service.compose(bars=BARS, formats=["mid"], **body) for _ in range(songs)]
    for song in asked:
        await service.until(song.id, SongState.COMPOSING)
    return [song.id for song in asked]


def begun(engine: FakeEngine, id: str) -> int:
    return sum(job.id.partition(".")[0] == id for job in engine.submitted)


def stopped(engine: FakeEngine, id: str) -> int:
    return sum(job.partition(".")[0] == id for job in engine.cancelled)


async def test_four_songs_together_are_written_once_each(tmp_path: Path) -> None:
    engine = FakeEngine(slots=16)
    async with running_service(tmp_path, engine=engine, limits=FOUR_TAKES) as service:
        (first,) = await started(service, 1)
        await until(lambda: len(engine.submitted) == 4)
        songs = [first, *await started(service, 3, seed=7, seed_drawn=True)]
        await until(lambda: [begun(engine, song) - stopped(engine, song) for song in songs] == [1, 1, 1, 1])
        engine.play_on()
        for song in songs:
            await service.until(song, SongState.DONE)


async def test_a_song_whose_seed_was_chosen_has_all_its_takes_in_any_company(tmp_path: Path) -> None:
    engine = FakeEngine(slots=16)
    async with running_service(tmp_path, engine=engine, limits=FOUR_TAKES) as service:
        await started(service, 2)
        (chosen,) = await started(service, 1, seed=7)
        (counted,) = await started(service, 1, takes=3)
        await until(lambda: (begun(engine, chosen), begun(engine, counted)) == (4, 3))
        assert (stopped(engine, chosen), stopped(engine, counted)) == (0, 0)


async def test_a_song_that_is_alone_again_has_all_takes(tmp_path: Path) -> None:
    engine = FakeEngine(slots=16, free=True)
    async with running_service(tmp_path, engine=engine, limits=FOUR_TAKES) as service:
        for _ in range(2):
            asked = await service.compose(formats=["mid"])
            await service.until(asked.id, SongState.DONE)
    assert len(engine.submitted) == 8


async def test_notes_that_were_handed_out_stay_the_song_after_a_crash(tmp_path: Path) -> None:
    merits = iter((0.0, 0.0, 9.0, 0.0))  # more than the head start of the first
    renderer = FakeRenderer(held=True)
    async with running_service(
        tmp_path,
        engine=FakeEngine(slots=16, free=True),
        renderer=renderer,
        limits=FOUR_TAKES,
        judge=lambda score, spec: next(merits),
    ) as before:
        asked = await before.compose(request_id="click-1")
        handed_out = await before.until(asked.id, SongState.RENDERING)
        written_down = Record.model_validate_json((tmp_path / "click-1" / "record.json").read_bytes())
    assert Recipe.from_json(json.dumps(handed_out.recipe)).sampling.take == 2
    assert written_down.is_owed
    assert written_down.status.recipe == handed_out.recipe

    engine = FakeEngine(free=True)
    async with running_service(tmp_path, engine=engine, limits=FOUR_TAKES) as after:
        done = await after.until(asked.id, SongState.DONE)
    assert done.recipe == handed_out.recipe
    assert [job.sampling.take for job in engine.submitted] == [2]
