"""What a bar is, as a point: its own notes and nothing else."""

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from inference.latent.config import LatentConfig
from inference.latent.prior import LatentPrior
from inference.latent.songs import points_of
from inference.latent.space import ROLES, LatentSpace
from inference.latent.stored import load_space, save_space
from inference.model.checkpoint import save_checkpoint
from inference.model.errors import CheckpointError
from inference.model.example import to_example
from inference.music.pitch import Key, Mode
from inference.tokens.arrange import arrange
from inference.tokens.arrangement import Arrangement
from inference.tokens.encode import decode, encode
from inference.tokens.written import written_rows
from tests.fakes.scores import quartet_score, retuned
from tests.unit.inference.engine.tiny import tiny_composer

BARS = 12


@pytest.fixture
def space() -> LatentSpace:
    torch.manual_seed(3)
    return LatentSpace(LatentConfig(size=8, hidden=16), width=32)


@pytest.fixture
def song() -> Arrangement:
    return arrange(retuned(quartet_score(BARS), 1))


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("ahead", [0, 3])
def test_the_cells_of_an_example_name_the_steps_that_wrote_them(song: Arrangement, ahead: int, free: bool) -> None:
    song = replace(song, header=replace(song.header, ahead=ahead, free_order=free))
    steps = list(encode(song, random.Random(4)))
    example = to_example(song, steps, ("metal",))
    for bar, row in enumerate(written_rows(song)):
        for slot, block in enumerate(row):
            opened = int(example.cells[bar, slot])
            hits = [steps[at] for at, of in enumerate(example.block) if of == opened and opened]
            assert tuple(hits) == (() if block is None else block.hits)
    assert decode(song.header, steps).rows == song.rows


def test_equal_bars_are_one_point_and_others_are_not(space: LatentSpace, song: Arrangement) -> None:
    points = points_of(space, song)
    assert points.shape == (len(song.rows), 8)
    for first, row in enumerate(song.rows):
        for second, other in enumerate(song.rows):
            same = bool(torch.allclose(points[first], points[second], atol=1e-5))
            assert same == (row == other)


def test_a_bar_s_point_depends_on_no_other_bar(space: LatentSpace, song: Arrangement) -> None:
    whole = points_of(space, song)
    half = points_of(space, Arrangement(replace(song.header, bars=6), song.rows[6:]))
    assert torch.allclose(whole[6:], half, atol=1e-5)


def test_a_song_may_be_longer_than_the_network_sees_at_a_time(space: LatentSpace) -> None:
    long = arrange(retuned(quartet_score(80), 2))
    assert torch.allclose(
        points_of(space, long)[70], points_of(space, Arrangement(long.header, long.rows[70:]))[0], atol=1e-5
    )


def test_the_key_does_not_matter(space: LatentSpace, song: Arrangement) -> None:
    in_d, in_f = Key(2, Mode.MINOR), Key(5, Mode.MINOR)
    rows = tuple(tuple(None if block is None else block.transposed(3) for block in row) for row in song.rows)
    here = points_of(space, Arrangement(replace(song.header, key=in_d), song.rows))
    there = points_of(space, Arrangement(replace(song.header, key=in_f), rows))
    assert torch.allclose(here, there, atol=1e-5)


def test_steps_are_steered_by_the_bar_that_is_written_and_the_next(space: LatentSpace) -> None:
    points = torch.randn(1, 3, 8)
    rows = space.steer(points)[0]
    now, following = space.now(points)[0], space.next(points)[0]
    parts = space.parts(points)[0].view(3, ROLES, 32)
    assert torch.allclose(rows[0], following[0].expand(ROLES, -1))
    assert torch.allclose(rows[1], now[0] + following[1] + parts[0], atol=1e-6)
    assert torch.allclose(rows[3], now[2] + parts[2], atol=1e-6)


def test_a_space_is_kept_beside_the_checkpoint_it_belongs_to(space: LatentSpace, tmp_path: Path) -> None:
    checkpoint = tmp_path / "tiny.safetensors"
    save_checkpoint(tiny_composer(), checkpoint, {})
    assert load_space(checkpoint) is None
    prior = LatentPrior(2, 8, width=16, components=2)
    save_space(space, checkpoint)
    assert load_space(checkpoint).prior is None  # type: ignore[union-attr]  # it is there: the next line would fail
    save_space(space, checkpoint, LatentPrior(2, 8))
    loaded = load_space(checkpoint)
    assert loaded is not None
    assert loaded.prior is not None
    assert torch.allclose(loaded.space.now.weight, space.now.weight, atol=1e-3)
    assert prior.width == 16
    changed = tiny_composer()
    torch.nn.init.zeros_(changed.norm.weight)
    save_checkpoint(changed, checkpoint, {})
    with pytest.raises(CheckpointError, match="does not belong to"):
        load_space(checkpoint)
