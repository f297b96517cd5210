"""Songs on a course: its form is kept, every step hears its place, and a song still depends on nobody else."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from inference.engine.batch import BatchRunner
from inference.engine.contract import ComposeJob
from inference.engine.native.build import library
from inference.engine.native.errors import NativeUnavailable
from inference.engine.native.runner import NativeRunner
from inference.engine.runner import Runner
from inference.engine.sequence import Sequence
from inference.latent.course import NOWHERE, REST, Course, Place
from inference.latent.features import PLACES
from inference.model.inputs import StepInputs, genre_weights
from inference.model.song import song_numbers
from inference.model.transformer import Composer
from inference.tokens.vocabulary import NEW
from tests.unit.inference.engine.tiny import half_precise, job
from tests.unit.inference.engine.writing import sequence, write_alone, write_together

SLOTS = 3
BARS = 4
MakeRunner = Callable[[Composer], BatchRunner]


def with_torch(model: Composer) -> BatchRunner:
    return Runner(model, SLOTS)


def natively(model: Composer) -> BatchRunner:
    try:
        built = library()
    except NativeUnavailable as error:
        pytest.skip(str(error))
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return NativeRunner(built, model.config, weights, SLOTS)


def steered(plain: ComposeJob, seed: int, size: float = 3.0) -> ComposeJob:
    """In the form A B A' B ..., the first player resting in every fourth bar."""
    cells = np.array([[(bar % 2) * 4 + player for player in range(4)] for bar in range(plain.spec.bars or 0)])
    cells[3::4, 0] = REST
    cells[2::4, 3] = 8
    rows = size * np.random.default_rng(seed).standard_normal((9, PLACES, 32), np.float32)
    return replace(plain, course=Course(cells, rows))


@pytest.mark.parametrize("make", [with_torch, natively])
def test_a_course_changes_the_song(make: MakeRunner) -> None:
    runner = make(half_precise())
    plain = write_alone(runner, 0, job("a", 3, BARS))
    still = write_alone(runner, 1, steered(job("b", 3, BARS), 1, size=0.0))
    assert write_alone(runner, 0, steered(job("c", 3, BARS), 1)) != still
    assert write_alone(runner, 0, job("d", 3, BARS)) == plain


@pytest.mark.parametrize("make", [with_torch, natively])
def test_what_comes_back_and_who_rests_is_what_the_course_says(make: MakeRunner) -> None:
    runner = make(half_precise())
    song = sequence(steered(job("a", 4, bars=8), 1))
    song.slot = 0
    runner.join(song)
    while not song.is_finished:
        runner.step([song])
    rows = song.state.rows
    assert [row[0] is None for row in rows] == [False, False, False, True] * 2
    assert rows[0][1:3] == rows[2][1:3] == rows[4][1:3]
    assert rows[1][1:] == rows[3][1:] == rows[5][1:]
    assert all(block is not None for row in rows for block in row[1:])


@pytest.mark.parametrize("make", [with_torch, natively])
def test_a_steered_song_is_the_same_in_any_company(make: MakeRunner) -> None:
    runner = make(half_precise())
    jobs = [job(str(seed), seed, BARS) for seed in range(4)]
    jobs = [steered(one, seed) if seed % 2 else one for seed, one in enumerate(jobs)]
    alone = [write_alone(runner, seed % SLOTS, one) for seed, one in enumerate(jobs)]
    for schedule in range(4):
        assert write_together(runner, jobs, random.Random(schedule)) == alone


def place_of(song: Sequence) -> Place:
    """Which block is being written, and how far it is."""
    state = song.state
    writing = song.step.is_hit or (song.step.is_track and song.step.value == NEW)
    if not writing or song.course is None or state.slot is None:
        return NOWHERE
    return int(song.course.cells[len(state.rows), state.slot]), state.position + 1


def test_every_step_hears_its_place_on_the_course() -> None:
    """The summaries of a song written step by step are those of the whole song at once."""
    model = half_precise(window=512)
    runner = Runner(model, SLOTS)
    song = sequence(steered(job("a", 5, bars=8), 2))
    song.slot = 1
    runner.join(song)
    shown, places, seen = [], [], []
    fed = runner._fed

    def watched(*told: object) -> torch.Tensor:
        summary: torch.Tensor = fed(*told)  # type: ignore[arg-type]  # passed on as they came
        seen.append(summary[song.slot])
        return summary

    runner._fed = watched  # type: ignore[method-assign]  # to look, not to change
    while not song.is_finished:
        shown.append((song.step, song.state.context(), song.state.content))
        places.append(place_of(song))
        runner.step([song])
    assert {block for block, _ in places} == {REST, *range(9)}
    fields, context, content = (torch.tensor([[row[i] for row in shown]]) for i in range(3))
    inputs = StepInputs(
        fields,
        context,
        content,
        torch.tensor([song_numbers(song.header)]),
        genre_weights(song.header, model.config.genres)[None],
    )
    assert song.course is not None
    steer = torch.from_numpy(np.stack([song.course.row(place) for place in places]))
    with torch.inference_mode():
        whole = model(inputs, steer[None])[0]
    torch.testing.assert_close(torch.stack(seen), whole, rtol=1e-3, atol=1e-3)
