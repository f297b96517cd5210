"""The filter knows all its keys and hardly any other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.originality.fuse import FuseFilter

UNHURRIED = settings(max_examples=40, deadline=None)


@UNHURRIED
@given(st.sets(st.integers(0, 2**64 - 1), max_size=300), st.sampled_from([8, 16]))
def test_every_key_of_the_set_is_found(keys: set[int], bits: int) -> None:
    known = np.array(sorted(keys), np.uint64)
    assert FuseFilter.build(known, bits).contains(known).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_strangers_pass_as_rarely_as_promised(bits: int) -> None:
    known, strangers = np.split(np.random.default_rng(5).integers(0, 2**64, 420_000, np.uint64), [20_000])
    kept = FuseFilter.build(known, bits)
    expected = kept.false_positive_rate * len(strangers)
    assert kept.false_positive_rate == 0.5**bits
    assert abs(int(kept.contains(strangers).sum()) - expected) <= 5 * expected**0.5


def test_a_large_table_takes_little_more_than_a_cell_a_key() -> None:
    known = np.random.default_rng(6).integers(0, 2**64, 200_000, np.uint64)
    assert len(FuseFilter.build(known, 8).table) < 1.25 * len(known)


def test_an_empty_set_holds_nothing() -> None:
    empty = FuseFilter.build(np.zeros(0, np.uint64), 8)
    assert not empty.contains(np.arange(1000, dtype=np.uint64)).any()
    assert empty.false_positive_rate == 0


def test_a_key_that_comes_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="comes twice"):
        FuseFilter.build(np.array([7, 7, 9], np.uint64), 8)


def test_cells_have_8_or_16_bits() -> None:
    with pytest.raises(ValueError, match="not 12"):
        FuseFilter.build(np.arange(9, dtype=np.uint64), 12)
