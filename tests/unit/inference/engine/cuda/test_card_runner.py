"""The card's way of decoding, on this processor: the same kernels and products of matrices, without graphs."""

import random
from dataclasses import replace

import pytest
import torch

from inference.engine.contract import ComposeJob
from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.kernels import HostKernels
from inference.engine.cuda.runner import CardRunner
from inference.engine.runner import Runner
from inference.model.transformer import Composer
from inference.tokens.vocabulary import Step
from tests.unit.inference.engine.cuda.songs import every_kind, written
from tests.unit.inference.engine.tiny import job, tiny_composer
from tests.unit.inference.engine.writing import guided, sequence, write_together

CPU = torch.device("cpu")
SLOTS = 4
KINDS = len(every_kind(0, 32))


@pytest.fixture(scope="module", autouse=True)
def _compiler() -> None:
    try:
        HostKernels()
    except CardUnavailable as error:
        pytest.skip(str(error))


def card(slots: int = SLOTS, window: int = 96, *, half: bool = False, late: int = 0) -> CardRunner:
    return CardRunner(tiny_composer(window), slots, CPU, kernels=HostKernels(half=half), late=late)


@pytest.mark.parametrize("kind", range(KINDS))
def test_songs_of_every_kind_are_those_of_the_reference(kind: int) -> None:
    reference, runner = Runner(tiny_composer(512), SLOTS, CPU), card(window=512)
    for seed in range(2):
        wanted = every_kind(seed, 32)[kind]
        assert written(runner, wanted, 2) == written(reference, wanted, 2)


@pytest.mark.parametrize("kind", [0, 2, 3, KINDS - 1])
def test_threads_that_share_a_team_write_what_one_thread_writes(kind: int) -> None:
    alone, shared = (CardRunner(tiny_composer(), 1, CPU, kernels=HostKernels(threads=count)) for count in (1, 3))
    wanted = short(every_kind(1, 32)[kind])
    assert written(shared, wanted, 0) == written(alone, wanted, 0)


def short(wanted: ComposeJob) -> ComposeJob:
    return wanted if wanted.spec.edit else replace(wanted, spec=replace(wanted.spec, bars=4))


def test_a_song_longer_than_the_window_still_ends_as_the_reference_does() -> None:
    wanted = job("long", 3, bars=12)
    assert written(card(window=24), wanted, 1) == written(Runner(tiny_composer(24), SLOTS, CPU), wanted, 1)


@pytest.mark.parametrize("late", [0, 1])
def test_a_song_written_in_company_equals_the_song_written_alone(late: int) -> None:
    runner = card(late=late)
    wanted = [guided(job("a", seed), (1.0, 2.0)[seed % 2]) for seed in range(5)]
    alone = [written(runner, one, 0) for one in wanted]
    for schedule in range(6):
        together = write_together(runner, wanted, random.Random(schedule))
        assert [without_pauses(steps) for steps in together] == [without_pauses(steps) for steps in alone]


def without_pauses(steps: list[Step]) -> list[Step]:
    """A runner that is late tells some steps twice; the same step twice running is told once in both lists."""
    return [step for index, step in enumerate(steps) if index == 0 or step != steps[index - 1]]


def test_half_precision_writes_songs_that_end_and_depend_on_their_recipe_alone() -> None:
    runner = card(half=True)
    wanted = job("a", 5, bars=8)
    assert written(runner, wanted, 0) == written(runner, wanted, 3)


def test_what_the_trunk_says_in_half_precision_is_near_what_it_says_in_single_precision() -> None:
    wanted = job("a", 1, bars=8)
    steps = written(card(window=512), wanted, 0)
    exact, half = (summaries(card(window=512, half=half), wanted, steps) for half in (False, True))
    difference = (exact - half).abs()
    assert len(exact) == len(steps) - 1
    assert difference.max() < 0.06
    assert difference.mean() < 0.006


def summaries(runner: CardRunner, wanted: ComposeJob, steps: list[Step]) -> torch.Tensor:
    """Float [steps, 2C], with the song forced to be `steps`."""
    song = sequence(wanted)
    song.slot = 0
    song.forced.extend(steps[1 + len(song.forced) :])
    runner.join(song)
    seen = []
    while not song.is_finished:
        runner.step([song])
        seen.append(runner.network.knowing.memory["summary"][0].clone())
    return torch.stack(seen)


def test_a_cancelled_song_leaves_its_slot_to_another() -> None:
    runner = card()
    alone = written(runner, job("a", 6), 1)
    cancelled = sequence(job("a", 5, bars=12))
    cancelled.slot = 1
    runner.join(cancelled)
    for _ in range(9):
        runner.step([cancelled])
    assert written(runner, job("a", 6), 1) == alone
    assert not cancelled.is_finished


def test_a_model_too_large_for_the_shared_memory_is_refused() -> None:
    config = tiny_composer(8192).config
    with pytest.raises(CardUnavailable, match="too large"):
        CardRunner(Composer(config), 1, CPU)
