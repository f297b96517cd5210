"""What a player plays in a bar, as a point: its own notes and nothing else, and they can be read back."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from inference.latent.config import PriorConfig
from inference.latent.contract import space_path
from inference.latent.course import REST
from inference.latent.drawing import Stock
from inference.latent.features import NOWHERE, PLACES
from inference.latent.points import blocks_in, points_of
from inference.latent.prior import LatentPrior
from inference.latent.stored import load_space, save_space
from inference.model.checkpoint import save_checkpoint
from inference.model.errors import CheckpointError
from inference.music.pitch import Key, Mode
from inference.tokens.arrangement import Arrangement
from inference.tokens.encode import encode
from inference.tokens.vocabulary import POSITION
from inference.training.auto import block_losses
from tests.unit.inference.engine.tiny import tiny_composer
from tests.unit.inference.latent.spaces import hits_in, song, taught, untaught


def test_what_comes_back_is_one_point_and_what_differs_is_not() -> None:
    arrangement = song()
    points = points_of(untaught().encoder, arrangement)
    blocks, cells = blocks_in(arrangement)
    assert points.values.shape == (len(blocks), 8)
    for player in range(4):
        for bar, row in enumerate(arrangement.rows):
            for earlier in range(bar):
                same = cells[bar, player] == cells[earlier, player]
                assert same == (row[player] == arrangement.rows[earlier][player])
    assert (cells == REST).sum() == sum(block is None for row in arrangement.rows for block in row)
    assert [int(points.cells[place]) for place in points.first] == list(range(len(blocks)))


def test_a_block_s_point_depends_on_no_other_block() -> None:
    encoder, whole = untaught().encoder, song()
    half = Arrangement(replace(whole.header, bars=6), whole.rows[6:])
    all_points, later = points_of(encoder, whole), points_of(encoder, half)
    for place, point in np.ndenumerate(later.cells):
        if point != REST:
            there = all_points.values[int(all_points.cells[place[0] + 6, place[1]])]
            assert torch.allclose(later.values[int(point)], there, atol=1e-5)


def test_the_key_does_not_matter() -> None:
    encoder, arrangement = untaught().encoder, song()
    rows = tuple(tuple(None if block is None else block.transposed(3) for block in row) for row in arrangement.rows)
    in_d = Arrangement(replace(arrangement.header, key=Key(2, Mode.MINOR)), arrangement.rows)
    in_f = Arrangement(replace(arrangement.header, key=Key(5, Mode.MINOR)), rows)
    assert torch.allclose(points_of(encoder, in_d).values, points_of(encoder, in_f).values, atol=1e-5)


def test_a_point_says_what_is_struck_where() -> None:
    space, known = taught()
    hits = hits_in(known)
    *_, right = block_losses(space, hits, noise=0.0)
    assert float(right) > 0.9
    mean, _ = space.encoder(hits)
    following = space.sketch.following(space.sketch.known(mean))
    blocks, _ = blocks_in(known)
    told = sum(
        [int(one) - 1 for one in following[number].unique() if one != NOWHERE] == list(block.onsets)
        for number, block in enumerate(blocks)
    )
    assert told > 0.9 * len(blocks)


def test_after_each_place_comes_the_next_that_is_struck() -> None:
    space, _ = taught()
    known = space.sketch.known(torch.randn(5, 24))
    struck = space.sketch.onsets(known) > 0
    for block, following in enumerate(space.sketch.following(known).tolist()):
        for place in range(PLACES):
            later = [at + 1 for at in range(place, PLACES - 1) if struck[block, at]]
            assert following[place] == (later[0] if later else NOWHERE)


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("ahead", [0, 3])
def test_steps_are_steered_as_the_course_of_their_song_says(ahead: int, free: bool) -> None:
    """What a batch is taught with is what the engine looks up."""
    space, known = taught()
    torch.nn.init.normal_(space.steering.weight)
    torch.nn.init.normal_(space.ending)
    known = replace(known, header=replace(known.header, ahead=ahead, free_order=free))
    steps = list(encode(known, random.Random(4)))
    steer, inside = space(torch.tensor([steps]))
    points = points_of(space.encoder, known)
    rows = space.rows(points.values)
    blocks, _ = blocks_in(known)
    written: list[tuple[int, ...]] = []
    for step, row, counts in zip(steps, steer[0], inside[0], strict=True):
        if step.is_track and step.value == 1:
            written.append(())
        if not counts:
            assert not row.any()
            continue
        written[-1] += (step,) if step.is_hit else ()
        place = step.head - POSITION + 1 if step.is_hit else 0
        candidates = [number for number, block in enumerate(blocks) if block.hits[: len(written[-1])] == written[-1]]
        assert any(torch.allclose(row, rows[number, place], atol=1e-4) for number in candidates)


def test_a_space_is_kept_beside_the_checkpoint_it_belongs_to(tmp_path: Path) -> None:
    space, checkpoint = untaught(), tmp_path / "tiny.safetensors"
    save_checkpoint(tiny_composer(), checkpoint, {})
    assert load_space(checkpoint) is None
    save_space(space, checkpoint)
    loaded = load_space(checkpoint)
    assert loaded is not None
    assert loaded.prior is None
    save_space(space, checkpoint, LatentPrior(2, space.config, PriorConfig(width=32, stock=9)))
    loaded = load_space(checkpoint)
    assert loaded is not None
    assert loaded.prior is not None
    stock = Stock.of(loaded.prior.prior, loaded.space.sketch)
    assert torch.allclose(loaded.prior.stock.known, stock.known, atol=1e-2)
    assert loaded.prior.stock.sounds.values.shape == stock.sounds.values.shape
    assert torch.allclose(loaded.space.encoder.wide.weight, space.encoder.wide.weight, atol=1e-3)
    changed = tiny_composer()
    torch.nn.init.zeros_(changed.norm.weight)
    save_checkpoint(changed, checkpoint, {})
    with pytest.raises(CheckpointError, match="does not belong to"):
        load_space(checkpoint)


def test_a_file_that_is_no_embedding_space_gets_one_sentence(tmp_path: Path) -> None:
    checkpoint = tmp_path / "tiny.safetensors"
    save_checkpoint(tiny_composer(), checkpoint, {})
    beside = space_path(checkpoint)
    beside.write_bytes(checkpoint.read_bytes())
    with pytest.raises(CheckpointError, match="is not an embedding space of this version"):
        load_space(checkpoint)
    save_space(untaught(), checkpoint)
    beside.write_bytes(beside.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match=r"the embedding space .* is damaged"):
        load_space(checkpoint)
