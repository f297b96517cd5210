"""Of several takes the best is kept, with the recipe that writes it alone."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.api import ErrorCode, SongState
from inference.critic.takes import best_of
from inference.engine.contract import Finished
from inference.midi import write_midi
from inference.music.genre import load_catalogue
from inference.music.recipe import Recipe
from inference.music.score import Score, TempoChange
from inference.music.spec import SamplingParams, SongSpec
from inference.server.stages import StageFailed
from inference.server.takes import Heard, Takes
from tests.fakes.engine import FakeEngine
from tests.fakes.scores import quartet_score
from tests.fakes.service import AT_ONCE, running_service

CATALOGUE = load_catalogue(Path("configs/genres.toml"))
SEED = 2**32 - 2
RECIPE = Recipe("weights", CATALOGUE.complete(SongSpec((("metal", 1.0),), bars=8), 7), SamplingParams(SEED))


class Band:
    """Writes songs whose tempo is the number of the take, and notes the recipes."""

    def __init__(self, broken_take: int = -1) -> None:
        self.asked: dict[int, Recipe] = {}
        self._broken_take = broken_take

    async def compose(self, recipe: Recipe, take: int, heard: Heard) -> Finished:
        if take == self._broken_take:
            raise StageFailed(ErrorCode.COMPOSE_FAILED, "the composer gave up")
        self.asked[take] = recipe
        return Finished("song", replace(quartet_score(8), tempos=(TempoChange(0, 100.0 + take),)), 10, 0.1)


def fondness(take: int) -> int:
    """The third and the fifth are liked best, and equally."""
    return -abs(take - 3)


async def test_the_best_take_is_kept_and_the_first_of_equals() -> None:
    band = Band()

    def judge(score: Score, spec: SongSpec) -> float:
        assert spec == RECIPE.spec
        return fondness(round(score.tempos[0].tempo) - 100) if score.tempos[0].tempo != 103 else -9

    recipe, finished = await Takes(band.compose, RECIPE, 6).best(judge)
    assert finished.score.tempos[0].tempo == 102
    assert recipe == band.asked[2]


async def test_takes_differ_in_nothing_but_their_number() -> None:
    band = Band()
    await Takes(band.compose, RECIPE, 4).best(lambda score, spec: 0.0)
    assert [band.asked[take].sampling for take in range(4)] == [SamplingParams(SEED, take=take) for take in range(4)]
    assert {replace(recipe, sampling=RECIPE.sampling).to_json() for recipe in band.asked.values()} == {RECIPE.to_json()}
    assert band.asked[0] == RECIPE


async def test_a_single_take_is_the_one_that_the_recipe_names() -> None:
    third = replace(RECIPE, sampling=SamplingParams(SEED, take=2))
    recipe, _ = await Takes(Band().compose, third, 1).best(None)
    assert recipe == third


async def test_a_take_that_cannot_be_written_fails_the_song_with_its_own_sentence() -> None:
    with pytest.raises(StageFailed, match="the composer gave up"):
        await Takes(Band(broken_take=2).compose, RECIPE, 4).best(lambda score, spec: 0.0)


async def test_the_service_hands_out_the_recipe_of_the_take_it_kept(tmp_path: Path) -> None:
    merits = iter((0.0, 2.0, 1.5))
    async with running_service(
        tmp_path, engine=FakeEngine(free=True), judge=lambda score, spec: next(merits)
    ) as service:
        asked = await service.compose(takes=3, seed=SEED, formats=["mid"])
        done = await service.until(asked.id, SongState.DONE)
    assert done.seed == SEED
    assert Recipe.from_json(json.dumps(done.recipe)).sampling.take == 1


async def test_edits_have_one_take(tmp_path: Path) -> None:
    async with running_service(tmp_path, judge=lambda score, spec: 0.0) as service:
        midi = base64.b64encode(write_midi(quartet_score(8))).decode()
        _, error = await service.refused(takes=2, edit={"operation": "vary", "midi": midi})
        assert error.message == "takes are for new songs, not for edits; ask for one take"


async def test_without_a_critic_the_take_that_breaks_fewest_wishes_is_kept() -> None:
    class HardlyListens(Band):
        """Only the third take has no silent player."""

        async def compose(self, recipe: Recipe, take: int, heard: Heard) -> Finished:
            finished = await super().compose(recipe, take, heard)
            first, *rest = finished.score.tracks
            tracks = (first, *rest) if take == 2 else (replace(first, notes=()), *rest)
            return replace(finished, score=replace(finished.score, tracks=tracks))

    band = HardlyListens()
    recipe, _ = await Takes(band.compose, RECIPE, 4).best(None)
    assert recipe == band.asked[2]


async def test_wishes_count_for_more_than_the_critic() -> None:
    spoilt = replace(quartet_score(8), tracks=tuple(replace(track, notes=()) for track in quartet_score(8).tracks))
    assert best_of([quartet_score(8), spoilt], RECIPE.spec, lambda score, spec: float(score == spoilt)) == 0


async def test_a_service_writes_as_many_takes_as_its_settings_say(tmp_path: Path) -> None:
    engine = FakeEngine(free=True)
    async with running_service(tmp_path, engine=engine, limits=replace(AT_ONCE, takes=3)) as service:
        asked = await service.compose(formats=["mid"])
        await service.until(asked.id, SongState.DONE)
    assert len(engine.submitted) == 3


async def test_bars_that_others_stand_beside_have_twice_as_many_takes(tmp_path: Path) -> None:
    engine = FakeEngine(free=True)
    midi = base64.b64encode(write_midi(quartet_score(8))).decode()
    async with running_service(tmp_path, engine=engine, limits=replace(AT_ONCE, takes=3)) as service:
        asked = await service.compose(edit={"operation": "continue", "midi": midi, "bars": "4"}, formats=["mid"])
        await service.until(asked.id, SongState.DONE)
    assert sorted(job.sampling.take for job in engine.submitted) == [0, 1, 2, 3, 4, 5]
