"""What was found in training is written anew, and the recipe that is handed out is that of the song that was made."""

from dataclasses import replace
from pathlib import Path

import pytest

from inference.engine.contract import Finished
from inference.music.edit import Edit, Operation
from inference.music.genre import load_catalogue
from inference.music.packed import pack
from inference.music.recipe import Recipe
from inference.music.score import Score
from inference.music.spec import SamplingParams, SongSpec
from inference.originality.review import Verdict
from inference.server.original import MAX_TRIES, REWRITES, compose_original
from inference.server.stages import StageFailed
from tests.fakes.scores import quartet_score

CATALOGUE = load_catalogue(Path("configs/genres.toml"))
CLEAN = Verdict(is_original=True, longest_run=12)
COPIED = Verdict(False, 70, 0, {1: (range(2, 5),)})
SONG = quartet_score(8)


class Band:
    """Writes the same song every time and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Recipe] = []

    async def compose(self, recipe: Recipe) -> Finished:
        self.asked.append(recipe)
        return Finished("song", SONG, 10, 0.1)


class Listener:
    """Finds a copy in the first songs it hears; knows the songs that it is told to."""

    def __init__(self, copies: int, known: Score | None = None) -> None:
        self.copies = copies
        self._known = known
        self.heard = 0

    def __call__(self, score: Score) -> Verdict:
        if self._known is not None and score == self._known:
            return COPIED
        self.heard += 1
        return COPIED if self.heard <= self.copies else CLEAN


def recipe(seed: int = 7) -> Recipe:
    return Recipe("weights", CATALOGUE.complete(SongSpec((("metal", 1.0),), bars=8), seed), SamplingParams(seed))


async def test_an_original_song_is_written_once_and_keeps_its_recipe() -> None:
    band = Band()
    written = await compose_original(band.compose, Listener(0), recipe(), CATALOGUE)
    assert (written.recipe, written.verdict, written.tries) == (recipe(), CLEAN, 1)
    assert len(band.asked) == 1


async def test_without_an_index_nothing_is_looked_up() -> None:
    written = await compose_original(Band().compose, None, recipe(), CATALOGUE)
    assert (written.recipe, written.verdict) == (recipe(), None)


async def test_copied_bars_are_written_anew_by_the_player_who_copied() -> None:
    band = Band()
    written = await compose_original(band.compose, Listener(1), recipe(), CATALOGUE)
    edit = written.recipe.spec.edit
    assert edit is not None
    assert (edit.operation, edit.bars, edit.players) == (Operation.REPLACE, (3, 5), ("bass",))
    assert written.recipe.spec.bars == 8
    assert written.recipe.sampling.seed != 7
    assert written.recipe == band.asked[-1]


async def test_the_same_recipe_takes_the_same_turns() -> None:
    first, second = Band(), Band()
    for band in (first, second):
        await compose_original(band.compose, Listener(REWRITES + 1), recipe(), CATALOGUE)
    assert first.asked == second.asked
    assert len({asked.sampling.seed for asked in first.asked}) == len(first.asked)


async def test_when_rewriting_does_not_help_the_whole_song_is_new() -> None:
    band = Band()
    written = await compose_original(band.compose, Listener(REWRITES + 1), recipe(), CATALOGUE)
    assert written.recipe.spec == recipe().spec
    assert written.recipe.sampling.seed != 7


async def test_a_song_that_copies_whatever_is_done_is_never_released() -> None:
    band = Band()
    with pytest.raises(StageFailed, match="another seed"):
        await compose_original(band.compose, Listener(99), recipe(), CATALOGUE)
    assert len(band.asked) == MAX_TRIES


async def test_what_the_sender_brought_along_is_the_senders_own() -> None:
    brought = quartet_score(9)
    spec = replace(recipe().spec, edit=Edit(Operation.EXTEND, pack(brought), add=8))
    extended = replace(recipe(), spec=spec)
    written = await compose_original(Band().compose, Listener(1, known=brought), extended, CATALOGUE)
    assert (written.recipe, written.verdict) == (extended, COPIED)


async def test_what_the_band_adds_to_an_original_song_must_be_original() -> None:
    spec = replace(recipe().spec, edit=Edit(Operation.EXTEND, pack(quartet_score(9)), add=8))
    extended = replace(recipe(), spec=spec)

    class AddsCopies(Listener):
        def __call__(self, score: Score) -> Verdict:
            return super().__call__(score) if score == SONG else CLEAN

    written = await compose_original(Band().compose, AddsCopies(1), extended, CATALOGUE)
    assert written.recipe == replace(extended, sampling=written.recipe.sampling)
    assert written.recipe.sampling.seed != extended.sampling.seed
