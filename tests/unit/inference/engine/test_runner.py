"""A song depends on its recipe alone, and decoding step by step equals the whole network at once."""

import random

import torch

from inference.engine.runner import Runner
from inference.engine.scheduler import Scheduler
from inference.engine.sequence import Sequence
from inference.model.inputs import StepInputs
from inference.model.song import SONG_SIZES
from inference.music.score import Score
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.grammar import Rules
from inference.tokens.state import CONTEXT_SIZES
from inference.tokens.vocabulary import Step
from tests.unit.inference.engine.tiny import job, tiny_composer

SLOTS = 4


def sequence(id: str, seed: int, bars: int = 4) -> Sequence:
    return Sequence(job(id, seed, bars), lambda event: None, Rules())


def write_alone(runner: Runner, slot: int, seed: int) -> list[Step]:
    song = sequence("alone", seed)
    song.slot = slot
    runner.join(song)
    steps = [song.step]
    while not song.is_finished:
        runner.step([song])
        steps.append(song.step)
    return steps


def test_cached_steps_give_the_hidden_states_of_the_whole_network() -> None:
    model = tiny_composer()
    torch.manual_seed(1)
    length = 20
    inputs = StepInputs(
        torch.randint(0, 9, (1, length, 5)),
        torch.randint(0, 3, (1, length, len(CONTEXT_SIZES))),
        torch.rand(1, length, CONTENT_SIZE),
        torch.ones(1, len(SONG_SIZES), dtype=torch.int64),
        torch.tensor([[0.0, 1.0, 0.0]]),
    )
    config = model.config
    cache = torch.zeros(config.layers, 2, 1, config.kv_heads, config.window, config.head_size)
    with torch.inference_mode():
        whole = model(inputs)
        for at in range(length):
            one = StepInputs(
                *(part[:, at : at + 1] for part in (inputs.fields, inputs.context, inputs.content)),
                inputs.song,
                inputs.genres,
            )
            hidden = model.step(one, cache, torch.tensor([at]), columns=at + 1)
            torch.testing.assert_close(hidden, whole[:, at], rtol=1e-4, atol=1e-5)


def test_the_same_recipe_gives_the_same_steps_at_any_slot() -> None:
    runner = Runner(tiny_composer(), SLOTS)
    songs = [write_alone(runner, slot, seed=5) for slot in range(SLOTS)]
    assert all(song == songs[0] for song in songs)


def test_another_seed_gives_another_song() -> None:
    runner = Runner(tiny_composer(), SLOTS)
    assert write_alone(runner, 0, seed=5) != write_alone(runner, 0, seed=6)


def test_a_song_written_in_company_equals_the_song_written_alone() -> None:
    runner = Runner(tiny_composer(), SLOTS)
    alone = {seed: _score_of(runner, seed) for seed in range(5)}
    for schedule in range(3):
        together = _write_together(runner, random.Random(schedule))
        assert together == alone


def test_a_song_longer_than_the_window_still_ends() -> None:
    runner = Runner(tiny_composer(window=24), SLOTS)
    song = sequence("long", 3, bars=6)
    song.slot = 1
    runner.join(song)
    while not song.is_finished:
        runner.step([song])
    assert song.fed > 24
    assert len(song.state.rows) == 6


def _score_of(runner: Runner, seed: int) -> Score:
    song = sequence("alone", seed)
    song.slot = 0
    runner.join(song)
    while not song.is_finished:
        runner.step([song])
    return song.score()


def _write_together(runner: Runner, rng: random.Random) -> dict[int, Score]:
    """Five songs that join and leave four slots at random moments."""
    scheduler = Scheduler(SLOTS)
    coming = [sequence(str(seed), seed) for seed in range(5)]
    rng.shuffle(coming)
    scores: dict[int, Score] = {}
    while len(scores) < 5:
        if coming and rng.random() < 0.05:
            scheduler.add(coming.pop())
        for song in scheduler.admit():
            runner.join(song)
        running = scheduler.running
        if not running and coming:
            scheduler.add(coming.pop())
            continue
        runner.step(running)
        for song in running:
            if song.is_finished:
                scheduler.release(song)
                scores[song.job.sampling.seed] = song.score()
    return scores
