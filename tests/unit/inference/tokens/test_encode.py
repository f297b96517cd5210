"""The band code loses nothing and is canonical."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from inference.music.pitch import Key, Mode
from inference.tokens.arrangement import Arrangement
from inference.tokens.encode import decode, encode
from inference.tokens.vocabulary import BAR, COPY, END, FIELD_SIZES, MIXED, NEW, TRACK, Step, repeats
from inference.tokens.written import tonic_shift, written_rows
from tests.unit.inference.tokens.songs import ROSTER, arrangements


@given(arrangements())
@settings(max_examples=60, deadline=None)
def test_decoding_the_encoded_steps_gives_every_row_back(song: Arrangement) -> None:
    assert decode(song.header, encode(song)) == song


@given(arrangements(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_any_order_of_blocks_decodes_to_the_same_rows(song: Arrangement, seed: int) -> None:
    free = replace(song, header=replace(song.header, free_order=True))
    assert decode(free.header, encode(free, random.Random(seed))).rows == song.rows


@given(arrangements(), st.data())
@settings(max_examples=40, deadline=None)
def test_bars_known_ahead_are_written_first_and_decode_to_their_place(song: Arrangement, drawn: st.DataObject) -> None:
    count = drawn.draw(st.integers(1, len(song.rows)))
    ahead = replace(song, header=replace(song.header, ahead=count))
    steps = list(encode(ahead))
    assert decode(ahead.header, steps) == ahead
    assert steps[-1].head == END
    assert written_rows(ahead) == written_rows(song)[-count:] + written_rows(song)[:-count]


@given(arrangements(), st.sampled_from([Key(tonic, mode) for tonic in range(12) for mode in Mode]))
@settings(max_examples=60, deadline=None)
def test_a_song_and_its_transposition_are_written_alike(song: Arrangement, key: Key) -> None:
    shift = tonic_shift(key)
    rows = tuple(tuple(block and block.transposed(shift) for block in row) for row in song.rows)
    moved = Arrangement(replace(song.header, key=key), rows)
    in_c = Arrangement(replace(song.header, key=Key(0, key.mode)), song.rows)
    assert list(encode(moved)) == list(encode(in_c))


@given(arrangements())
@settings(max_examples=40, deadline=None)
def test_every_field_is_within_its_vocabulary(song: Arrangement) -> None:
    for step in encode(song):
        assert all(0 <= value < size for value, size in zip(step, FIELD_SIZES, strict=True))


@given(arrangements())
@settings(max_examples=40, deadline=None)
def test_a_bar_that_equals_the_one_before_is_one_copy_step(song: Arrangement) -> None:
    doubled = Arrangement(
        replace(song.header, bars=2 * len(song.rows)), tuple(row for row in song.rows for _ in range(2))
    )
    bars = [step for step in encode(doubled) if step.head == BAR]
    assert all(step.value == COPY for step in bars[1::2])


def test_a_returning_block_is_a_riff_and_marks_its_bar_as_mixed() -> None:
    song = _song_of_hits([10, 11, 12, 13, 14, 10], drums=range(6))
    steps = list(encode(song))
    last_bar = len(steps) - 1 - next(n for n, step in enumerate(reversed(steps)) if step.head == BAR)
    assert steps[last_bar] == Step(BAR, MIXED)
    bass = next(step for step in steps[last_bar:] if step.head == TRACK + 1)
    assert repeats(bass.value)
    assert steps[5] == Step(BAR, NEW)


def _song_of_hits(pitches: list[int], drums: range) -> Arrangement:
    from inference.tokens.block import Block
    from inference.tokens.vocabulary import DRUM_SET, NONE, PITCH, POSITION

    rows = tuple(
        (
            Block((Step(POSITION, DRUM_SET + drum, NONE, NONE, 4),)),
            Block((Step(POSITION, PITCH + 30 + pitch, 1, 4, 4),)),
            None,
            None,
        )
        for pitch, drum in zip(pitches, drums, strict=True)
    )
    from inference.tokens.arrangement import Header

    return Arrangement(Header((), ROSTER, len(rows), 120.0, None, None), rows)
