"""Ablations: whatever is changed, the same music is written down, all of its notes are paid for, and it trains."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from inference.evaluation.ablations.excerpts import BARS, held_out, lesson_of, together
from inference.evaluation.ablations.heads import ParallelHead
from inference.evaluation.ablations.on_trunk import HeadPlan, compare_heads, head_bits, summarised, train_head
from inference.evaluation.ablations.songs import composed
from inference.evaluation.ablations.study import Plan, Study
from inference.evaluation.ablations.variants import SIZES, VARIANTS, Size
from inference.evaluation.trouble import CannotEvaluate
from inference.midi import write_midi
from inference.tokens.arrangement import Arrangement
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES
from inference.tokens.vocabulary import FIELD_SIZES, NONE, POSITION, VELOCITY_FIELD
from inference.tokens.written import sounding
from inference.training.bank import Bank, build_bank
from inference.training.corpus import Source
from tests.fakes.scores import quartet_score, retuned
from tests.unit.inference.tokens.songs import arrangements

EVERY = pytest.mark.parametrize("name", list(VARIANTS))
_SPLITS = ("train", "train", "train", "valid", "valid")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    folder = tmp_path_factory.mktemp("songs")
    sources = []
    for number, split in enumerate(_SPLITS):
        file = folder / f"{number}.mid"
        file.write_bytes(write_midi(retuned(quartet_score(bars=BARS + 1 + number), number)))
        sources.append(Source(file, "metal", split))
    return build_bank(sources).bank


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIZES, "tiny", Size(32, 1, 2, 48))


def _plan(name: str, minutes: float) -> Plan:
    return Plan(name, "tiny", minutes, ("metal",), excerpts=3, pool=1)


def _train(name: str, bank: Bank, folder: Path, minutes: float = 0.005) -> Study:
    """Every update takes an eighth of a second by this clock."""
    ticks = count()
    study = Study(_plan(name, minutes), bank, folder, lambda: next(ticks) / 8)
    study.run(lambda _: None)
    return study


@EVERY
@given(arrangement=arrangements())
@settings(max_examples=20, deadline=None)
def test_what_is_written_down_is_read_back(name: str, arrangement: Arrangement) -> None:
    variant, header = VARIANTS[name], arrangement.header
    state = variant.state(header)
    for step in variant.steps(variant.state(header), arrangement):
        state.push(step)
    state.finish_bar()
    assert sounding(header, tuple(state.rows)).rows == arrangement.rows


@EVERY
@given(arrangement=arrangements())
@settings(max_examples=10, deadline=None)
def test_context_and_echo_stay_within_the_tables(name: str, arrangement: Arrangement) -> None:
    lesson = lesson_of(arrangement, VARIANTS[name], ("metal",))
    for numbers, sizes in ((lesson.inputs.context, CONTEXT_SIZES), (lesson.echo, ECHO_SIZES)):
        assert (numbers >= 0).all()
        assert (numbers < torch.tensor(sizes)).all()


@EVERY
def test_bits_stand_for_all_notes_of_the_bars(name: str, bank: Bank) -> None:
    arrangement = held_out(bank, "metal", 1)[0].arrangement
    lesson = lesson_of(arrangement, VARIANTS[name], bank.genres)
    blocks = [block for row in arrangement.rows for block in row if block]
    assert lesson.notes == sum(block.note_count for block in blocks)
    asked = int((lesson.targets[:, VELOCITY_FIELD] != NONE).sum())
    if name == "no-copy":
        assert asked == sum(len(block.hits) for block in blocks)
    else:
        assert asked == sum(len(block.hits) for block in {id(block): block for block in blocks}.values())
    assert lesson.targets[-1, 0] != NONE


def test_without_copies_every_hit_is_a_step_and_in_time_order_none_falls_before_another(bank: Bank) -> None:
    arrangement = held_out(bank, "metal", 1)[0].arrangement
    written_out = lesson_of(arrangement, VARIANTS["no-copy"], bank.genres)
    assert len(written_out) > 2 * len(lesson_of(arrangement, VARIANTS["shipped"], bank.genres))
    variant = VARIANTS["time-order"]
    last = 0
    for step in variant.steps(variant.state(arrangement.header), arrangement):
        last = 0 if step.head < POSITION and not step.is_track else last
        assert not step.is_hit or step.head >= last
        last = step.head if step.is_hit else last


def test_padding_costs_nothing(bank: Bank, tmp_path: Path) -> None:
    study = Study(_plan("shipped", 1.0), bank, tmp_path)
    short, long = (lesson_of(one.arrangement, study.variant, bank.genres) for one in held_out(bank, "metal", 2))
    both = together([short, replace(long, targets=torch.zeros_like(long.targets))])
    assert int((both.targets[..., 0] != NONE).sum()) == int((short.targets[:, 0] != NONE).sum())


def test_a_parallel_head_draws_no_field_from_another() -> None:
    head = ParallelHead(SIZES["tiny"].config(("metal",)))
    summary, context = torch.randn(4, 64), torch.zeros(4, len(CONTEXT_SIZES), dtype=torch.int64)
    echo = torch.zeros(4, len(ECHO_SIZES), dtype=torch.int64)
    one, other = (
        head(summary, torch.full((4, len(FIELD_SIZES)), value), context, torch.full_like(echo, value))
        for value in (1, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))
    assert [part.shape[1] for part in one] == list(FIELD_SIZES)


@EVERY
def test_a_tiny_one_trains_and_keeps_every_excerpts_bits(name: str, bank: Bank, tmp_path: Path) -> None:
    untrained = Study(_plan(name, 1.0), bank, tmp_path / "untrained")
    lessons = [lesson_of(one.arrangement, untrained.variant, bank.genres) for one in held_out(bank, "metal", 3)]
    before = untrained.measure({"metal": lessons}, lambda _: None)["metal"]
    study = _train(name, bank, tmp_path / "run")
    assert study.updates == 3
    with np.load(tmp_path / "run" / "bits-0.005.npz") as kept:
        assert kept["metal"].shape == (3, len(FIELD_SIZES) + 1)
        assert list(kept["songs metal"]) == [one.song for one in held_out(bank, "metal", 3)]
        assert kept["metal"][:, -1].tolist() == before[:, -1].tolist()
        assert kept["metal"][:, :-1].sum() < before[:, :-1].sum()


def test_a_run_goes_on_where_it_was(bank: Bank, tmp_path: Path) -> None:
    first = _train("shipped", bank, tmp_path)
    second = _train("shipped", bank, tmp_path, minutes=0.01)
    assert (first.updates, second.updates) == (3, 5)
    assert _train("shipped", bank, tmp_path, minutes=0.01).updates == 5


@pytest.mark.parametrize("name", [name for name, variant in VARIANTS.items() if variant.composes])
def test_it_composes_what_the_headers_ask_for(name: str, bank: Bank, tmp_path: Path) -> None:
    study = Study(_plan(name, 1.0), bank, tmp_path)
    headers = [replace(one.arrangement.header, bars=3) for one in held_out(bank, "metal", 2)]
    for song, header in zip(composed(study.model, study.variant, headers, seed=1), headers, strict=True):
        assert len(song.rows) == 3
        assert song.header.players == header.players
        assert any(map(any, song.rows))


def test_heads_are_compared_on_the_trunk_of_a_checkpoint(bank: Bank) -> None:
    told: list[str] = []
    model = VARIANTS["shipped"].model(SIZES["tiny"].config(bank.genres))
    compare_heads(model, bank, HeadPlan(minutes=0.002, learnt=2, measured=2), told.append)
    assert [line.partition(":")[0] for line in told] == ["the checkpoint's own", "a new cascade", "parallel heads"]
    with pytest.raises(CannotEvaluate, match="genre jazz"):
        compare_heads(model, bank, HeadPlan(minutes=0.002, genre="jazz"), told.append)


def test_a_head_learns_on_summaries(bank: Bank) -> None:
    model = VARIANTS["shipped"].model(SIZES["tiny"].config(bank.genres))
    seen = summarised(model, held_out(bank, "metal", 1))
    assert len(seen) == int((seen.targets[:, 0] != NONE).sum())
    before = head_bits(model.cascade, seen).sum()
    ticks = count()
    assert train_head(model.cascade, seen, 0.1, lambda: next(ticks)) == 5
    assert head_bits(model.cascade, seen).sum() < before


def test_what_cannot_be_done_is_said(bank: Bank, tmp_path: Path) -> None:
    with pytest.raises(CannotEvaluate, match="order of time-order"):
        Study(_plan("time-order", 1.0), bank, tmp_path).structure_error("metal", 1)
    with pytest.raises(CannotEvaluate, match="no validation song of genre jazz"):
        Study(replace(_plan("shipped", 1.0), measured_on=("jazz",)), bank, tmp_path).run(lambda _: None)
    with pytest.raises(CannotEvaluate, match="too few songs"):
        Study(_plan("shipped", 1.0), bank, tmp_path).structure_error("metal", 1)
