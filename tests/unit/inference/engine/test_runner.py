"""A song depends on its recipe alone, and decoding step by step equals the whole network at once."""

import random
from dataclasses import replace

import torch

from inference.engine.runner import Runner
from inference.model.inputs import StepInputs
from inference.model.song import SONG_SIZES
from inference.music.measure import measure_form
from inference.music.touch import Touch
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.state import CONTEXT_SIZES
from tests.unit.inference.engine.tiny import job, tiny_composer
from tests.unit.inference.engine.writing import guided, sequence, write_alone, write_together

SLOTS = 4


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
    songs = [write_alone(runner, slot, job("a", 5)) for slot in range(SLOTS)]
    assert all(song == songs[0] for song in songs)


def test_another_seed_gives_another_song() -> None:
    runner = Runner(tiny_composer(), SLOTS)
    assert write_alone(runner, 0, job("a", 5)) != write_alone(runner, 0, job("a", 6))


def test_a_song_written_in_company_equals_the_song_written_alone() -> None:
    runner = Runner(tiny_composer(), SLOTS)
    wanted = [guided(job("a", seed), (1.0, 2.0)[seed % 2]) for seed in range(5)]
    alone = [write_alone(runner, 0, one) for one in wanted]
    for schedule in range(3):
        assert write_together(runner, wanted, random.Random(schedule)) == alone


def test_a_short_song_beside_idle_rows_of_a_long_one_is_the_same() -> None:
    runner = Runner(tiny_composer(window=160), SLOTS)
    short = write_alone(runner, 0, job("short", 1, bars=4))
    assert len(write_alone(runner, 1, job("long", 1, bars=48))) > 70
    assert write_alone(runner, 0, job("short", 1, bars=4)) == short


def test_a_song_longer_than_the_window_still_ends() -> None:
    assert len(write_alone(Runner(tiny_composer(window=24), SLOTS), 1, job("long", 3, bars=12))) > 25


def test_a_song_in_a_form_comes_back_to_what_it_was_even_if_the_weights_are_random() -> None:
    plain = job("form", 4, bars=24)
    asked = replace(plain, spec=replace(plain.spec, form="ABAC"))
    held = replace(asked, sampling=replace(plain.sampling, touch=Touch().in_form()))
    runner = Runner(tiny_composer(), SLOTS)
    forms = {}
    for wanted in (asked, held):
        song = sequence(wanted)
        song.slot = 0
        runner.join(song)
        while not song.is_finished:
            runner.step([song])
        forms[wanted] = measure_form(song.score(), "ABAC", 24)
    assert forms[held][2] == "A", "what returns is heard to"
    assert forms[asked][2] != "A", "nobody leads them"
