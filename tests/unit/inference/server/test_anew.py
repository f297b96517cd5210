"""Songs from the embedding space over the wire: blended, varied and drawn; what cannot be is refused in a sentence."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inference.api import EditBody, ErrorCode, SongBody, SongState
from inference.latent.contract import STEERED_TEMPERATURE, no_steer, steer_of
from inference.latent.course import Course
from inference.music.edit import Operation
from inference.music.genre import load_catalogue
from inference.music.packed import pack
from inference.music.program import Role
from inference.music.recipe import Recipe
from inference.music.score import Meter, MeterChange, Score
from inference.music.spec import SamplingParams, SongSpec, Space
from inference.server.order import Order, take_order
from inference.server.refusal import Refusal
from inference.server.sent_song import with_source_read
from tests.fakes.engine import FakeEngine
from tests.fakes.scores import quartet_score, retuned
from tests.fakes.service import GENRES, running_service

CATALOGUE = load_catalogue(GENRES)
FIRST, SECOND = quartet_score(12, tempo=160.0), retuned(quartet_score(20, tempo=90.0), 3)


def blended(first: Score = FIRST, second: Score = SECOND, **wishes: Any) -> Order:
    edit = EditBody(operation=Operation.BLEND, midi=pack(first), other=pack(second), ratio=wishes.pop("ratio", None))
    body = SongBody(edit=edit, seed=7, **wishes)
    return take_order(with_source_read(body, CATALOGUE), CATALOGUE, "weights")


def test_a_blend_lies_between_its_songs() -> None:
    spec = blended(ratio=0.25).spec
    assert spec.bars == 12
    assert spec.tempo == round(160**0.75 * 90**0.25)
    assert [player.role for player in spec.roster or ()] == [Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD]
    assert blended(ratio=0.75).spec.bars == 20
    assert blended(ratio=0.0).spec.tempo == 160.0
    assert sum(weight for _, weight in spec.genres) == pytest.approx(1.0)


def test_its_recipe_says_all_of_it() -> None:
    recipe = blended(ratio=0.25, genre={"metal": 0.5, "jazz": 0.5}).recipe
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert set(dict(recipe.spec.genres)) == {"metal", "jazz"}


def test_a_song_of_the_space_has_a_recipe_too() -> None:
    order = take_order(SongBody(genre="metal", space=Space.EMBEDDING, seed=4), CATALOGUE, "weights")
    assert Recipe.from_json(order.recipe.to_json()) == order.recipe
    assert order.sampling.space is Space.EMBEDDING


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ({"operation": "replace", "players": ["lead"]}, "in the embedding space I compose, vary and blend"),
        ({"operation": "vary", "players": ["lead"]}, "is varied as a whole"),
        ({"operation": "vary", "ratio": 0.5}, "to vary takes one song"),
        ({"operation": "blend"}, "a blend needs a second song"),
    ],
)
def test_what_the_space_cannot_do_is_refused(edit: dict[str, Any], sentence: str) -> None:
    body = SongBody(edit=EditBody(midi=pack(FIRST), **edit), seed=7, space=Space.EMBEDDING)
    with pytest.raises(Refusal, match=sentence):
        take_order(with_source_read(body, CATALOGUE), CATALOGUE, "weights")


@pytest.mark.parametrize("wishes", [{"bars": 8}, {"band": [{"role": "drums"}, {"role": "keys"}]}])
def test_a_blend_keeps_the_nearer_song_s_band_and_bars(wishes: dict[str, Any]) -> None:
    with pytest.raises(Refusal, match="keeps its band and its bars"):
        blended(**wishes)


def test_the_space_keeps_the_meter_of_a_song() -> None:
    breve = Score(FIRST.tracks, FIRST.tempos, (MeterChange(0, Meter(2, 2)),))
    assert str(blended(breve).spec.meter) == "2/2"
    assert str(blended(breve, ratio=0.75).spec.meter) == "4/4"
    with pytest.raises(Refusal, match="keeps its meter, 4/4"):
        blended(meter="3/4")


def test_songs_of_two_meters_are_not_blended() -> None:
    waltz = Score(FIRST.tracks, FIRST.tempos, (MeterChange(0, Meter(3, 4)),))
    with pytest.raises(Refusal, match="I blend songs of one meter, not of 4/4 and 3/4"):
        blended(second=waltz)


def test_a_song_too_long_to_be_written_anew_is_refused() -> None:
    with pytest.raises(Refusal, match="songs of 4 to 64 bars; this has 80"):
        blended(second=quartet_score(80))


async def test_points_reach_the_engine(tmp_path: Path) -> None:
    asked: list[tuple[SongSpec, SamplingParams]] = []

    def steer(spec: SongSpec, sampling: SamplingParams) -> Course:
        asked.append((spec, sampling))
        return Course(np.zeros((spec.bars or 0, len(spec.roster or ())), np.int64), np.zeros((1, 97, 4), np.float32))

    async with running_service(tmp_path, engine=FakeEngine(free=True), steer=steer) as service:
        accepted = await service.compose(genre="metal", space="embedding", seed=5, takes=1)
        status = await service.until(accepted.id, SongState.DONE)
        job = service.engine.submitted[0]
    assert status.state is SongState.DONE
    assert job.course is not None
    assert len(job.course.cells) == job.spec.bars
    assert (job.spec, job.sampling) == asked[0]
    assert status.recipe is not None
    assert status.recipe["space"] == "embedding"
    assert status.recipe["temperature"] == STEERED_TEMPERATURE


async def test_a_service_without_a_space_says_so_before_it_accepts(tmp_path: Path) -> None:
    async with running_service(tmp_path) as service:
        status, error = await service.refused(genre="metal", space="embedding")
    assert (status, error.code) == (400, ErrorCode.INVALID_OPTION)
    assert error.message == "the model that plays here has no embedding space"


def test_a_checkpoint_without_a_space_steers_nobody(tmp_path: Path) -> None:
    assert steer_of(tmp_path / "nothing.safetensors") is no_steer
