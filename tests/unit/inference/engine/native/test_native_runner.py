"""The native step agrees with torch, and a song depends on its recipe alone."""

import platform
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.engine.contract import ComposeJob
from inference.engine.native.abi import DrawSettings
from inference.engine.native.build import library
from inference.engine.native.errors import NativeUnavailable
from inference.engine.native.runner import NativeRunner
from inference.engine.noise import uniform
from inference.engine.sampler import draw
from inference.model.errors import CheckpointError
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import song_numbers
from inference.model.transformer import Composer
from inference.music.touch import Touch
from inference.tokens.vocabulary import FIELD_SIZES, HEAD_FIELD
from tests.unit.inference.engine.native.kept_by_python import KeptByPython
from tests.unit.inference.engine.tiny import half_precise, job
from tests.unit.inference.engine.writing import guided, sequence, write_alone, write_together

SLOTS = 4
SONGS = 6
SCHEDULES = 40


@pytest.fixture(scope="session")
def built() -> Path:
    try:
        return library()
    except NativeUnavailable as error:
        pytest.skip(str(error))


def native(
    built: Path, model: Composer, slots: int = SLOTS, threads: int = 1, kind: type[NativeRunner] = NativeRunner
) -> NativeRunner:
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return kind(built, model.config, weights, slots, threads)


class Witness:
    """Draws field by field and keeps the logits of each."""

    def __init__(self, runner: NativeRunner, slot: int) -> None:
        self._draw, self._logits, self._slot = runner.native.draw, runner.native.logits, slot
        self.seen: list[dict[int, np.ndarray]] = []

    def __call__(self, slots: list[int], first: int, last: int) -> None:
        for field in range(first, last + 1):
            self._draw(slots, field, field)
            if field == HEAD_FIELD:
                self.seen.append({})
            self.seen[-1][field] = self._logits(self._slot, field)


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_logits_of_every_field_agree_with_the_whole_network_at_once(
    built: Path, monkeypatch: pytest.MonkeyPatch, guidance: float
) -> None:
    model = half_precise(window=512)
    runner = native(built, model, kind=KeptByPython)  # field by field
    song = sequence(guided(job("a", 3, bars=24), guidance))
    song.slot = 2
    runner.join(song)
    witness = Witness(runner, song.slot)
    monkeypatch.setattr(runner.native, "draw", witness)
    shown, echoes, targets = [], [], []
    while not song.is_finished:
        shown.append((song.step, song.state.context(), song.state.content))
        runner.step([song])
        echoes.append(runner.board.echo[song.slot].tolist())
        targets.append(song.step)
    assert len(witness.seen) > 40
    forced = len(shown) - len(witness.seen)
    fields, context, content = (torch.tensor([[row[i] for row in shown]]) for i in range(3))
    numbers = torch.tensor([song_numbers(song.header)])

    def expected_with(genres: torch.Tensor) -> list[torch.Tensor]:
        with torch.inference_mode():
            summaries = model(StepInputs(fields, context, content, numbers, genres[None]))[0]
            return model.cascade(summaries, torch.tensor(targets), context[0], torch.tensor(echoes))

    knowing = expected_with(genre_weights(song.header, model.config.genres))
    blind = expected_with(genre_weights(replace(song.header, genres=()), model.config.genres))
    close = 2e-3 * (2 * guidance - 1)
    for step, seen in enumerate(witness.seen):
        for field, logits in seen.items():
            unsure, sure = blind[field][forced + step], knowing[field][forced + step]
            wanted = unsure + guidance * (sure - unsure)
            torch.testing.assert_close(torch.from_numpy(logits), wanted, rtol=close, atol=close)


TOUCHES = (
    None,
    Touch(drums=0.8, rhythm=1.3, form=0.9, pedal=1.0, again=0.7, page=1.5, key=2.0),
    Touch(kick=2.0, low=0.7, one=0.6, two=-0.4),
)


@pytest.mark.parametrize("touch", TOUCHES)
@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_a_song_is_the_same_whoever_keeps_its_state(built: Path, guidance: float, touch: Touch | None) -> None:
    runner, kept = native(built, half_precise()), native(built, half_precise(), kind=KeptByPython)
    for seed in range(2 * SONGS):
        wanted = guided(job("a", seed, bars=4 + seed), guidance)
        wanted = replace(wanted, sampling=replace(wanted.sampling, touch=touch))
        assert write_alone(runner, 1, wanted) == write_alone(kept, 1, wanted)


def test_what_python_knows_of_a_song_catches_up_when_it_is_asked(built: Path) -> None:
    runner = native(built, half_precise())
    kept, asked = sequence(job("a", 5, bars=6)), sequence(job("a", 5, bars=6))
    for slot, song in enumerate((kept, asked)):
        song.slot = slot
        runner.join(song)
    told = []
    while not kept.is_finished:
        runner.step([kept, asked])
        assert asked.state.last == asked.step
        assert asked.fed == kept.fed
        told.append((kept.new_bars(), asked.new_bars()))
    assert all(one == other for one, other in told)
    assert len([one for one, _ in told if one]) == 6
    assert kept.score() == asked.score()
    assert kept.state.rows == asked.state.rows


def of_genre(seed: int, genre: str, guidance: float) -> ComposeJob:
    plain = job("g", seed)
    return guided(replace(plain, spec=replace(plain.spec, genres=((genre, 1.0),))), guidance)


def test_guidance_of_nothing_forgets_the_genre_and_guidance_of_one_changes_nothing(built: Path) -> None:
    runner = native(built, half_precise())
    for seed in range(SONGS):
        unknown = write_alone(runner, 0, of_genre(seed, "polka", 1.0))
        assert write_alone(runner, 0, of_genre(seed, "jazz", 0.0)) == unknown
        assert write_alone(runner, 0, guided(job("g", seed), 1.0)) == write_alone(runner, 0, job("g", seed))
    songs = [[write_alone(runner, 0, of_genre(seed, "metal", by)) for seed in range(SONGS)] for by in (0.0, 1.0, 3.0)]
    assert songs[0] != songs[1] != songs[2]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_song_written_in_company_equals_the_song_written_alone(built: Path, threads: int) -> None:
    model = half_precise()
    alone_on = native(built, model, slots=1)
    wanted = [guided(job("a", seed), (1.0, 1.0, 2.0)[seed % 3]) for seed in range(SONGS)]
    alone = [write_alone(alone_on, 0, one) for one in wanted]
    for slots in (2, 3, 7):
        runner = native(built, model, slots, threads)
        for schedule in range(SCHEDULES):
            assert write_together(runner, wanted, random.Random(schedule)) == alone


def test_a_narrower_vector_unit_gives_the_same_song(built: Path) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("there are two vector units to compare on x86-64 only")
    narrow = library(flags=("-march=haswell",))
    model = half_precise(window=48)
    for seed in range(SONGS):
        wide_song = write_alone(native(built, model), 0, job("a", seed))
        runner = native(narrow, model)
        assert write_alone(runner, 0, job("a", seed)) == wide_song


def test_draws_are_those_of_the_reference(built: Path) -> None:
    generator = torch.Generator().manual_seed(5)
    runner = native(built, half_precise(), slots=1)
    for trial in range(400):
        size = FIELD_SIZES[trial % len(FIELD_SIZES)]
        logits = 4 * torch.randn(1, size, generator=generator)
        mask = torch.rand(1, size, generator=generator) < (0.1, 0.5, 1.0)[trial % 3]
        mask[0, trial % size] = True
        leaning = torch.randn(1, size, generator=generator)
        temperature, top_p, noise = (0.5 + trial / 400, 0.3 + trial % 7 / 10, uniform(1, trial, 2))
        columns = [torch.tensor([[value]]) for value in (temperature, top_p, noise)]
        expected = int(draw(logits + leaning, mask, columns[0], columns[1], columns[2]))
        settings = DrawSettings(temperature, top_p, noise)
        assert runner.native.draw_one(logits[0].numpy(), mask[0].numpy(), leaning[0].numpy(), settings) == expected


def test_a_song_longer_than_the_window_still_ends(built: Path) -> None:
    runner = native(built, half_precise(window=24))
    steps = write_alone(runner, 1, job("long", 3, bars=12))
    assert len(steps) > 25
    assert steps == write_alone(native(built, half_precise(window=24), threads=2), 3, job("long", 3, bars=12))


def test_weights_of_another_shape_are_refused(built: Path) -> None:
    model = half_precise()
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match="names or shapes"):
        NativeRunner(built, model.config, weights | {"norm.weight": np.ones(7, np.float32)}, 1)
    with pytest.raises(NativeUnavailable, match="multiples of 16"):
        NativeRunner(built, replace(model.config, cascade_width=24), weights, 1)


def test_an_index_outside_its_table_is_an_error_and_not_a_crash(built: Path) -> None:
    runner = native(built, half_precise())
    runner.board.context[0, 0] = 10_000
    with pytest.raises(RuntimeError, match="outside its table"):
        runner.native.step([0])
    with pytest.raises(RuntimeError, match="no such slot"):
        runner.native.step([SLOTS])
