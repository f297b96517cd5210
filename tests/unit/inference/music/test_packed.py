"""A packed score comes back as it was; whatever else is unpacked is refused in one sentence."""

import base64
import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.music.errors import BadMidi
from inference.music.packed import MAX_SOURCE_NOTES, PACKED_MARK, pack, unpack
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from tests.fakes.scores import quartet_score

_notes = st.builds(Note, st.integers(0, 50_000), st.integers(0, 127), st.integers(1, 9_000), st.integers(1, 127))
_tracks = st.builds(
    lambda name, program, is_drum, notes: Track(name, program, is_drum, tuple(sorted(notes))),
    st.text(max_size=12),
    st.integers(0, 127),
    st.booleans(),
    st.lists(_notes, max_size=30),
)


@given(st.lists(_tracks, max_size=4), st.floats(10, 900), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_every_note_and_change_survives(tracks: list[Track], tempo: float, top: int) -> None:
    tempos = (TempoChange(0, 120.0), TempoChange(777, tempo))
    score = Score(tuple(tracks), tempos, (MeterChange(0, Meter(top, 8)),))
    assert unpack(pack(score)) == score
    assert pack(score) == pack(unpack(pack(score)))


def test_a_song_of_the_band_is_a_few_kilobytes() -> None:
    assert len(pack(quartet_score(64))) < 6_000


@given(st.binary(max_size=300))
@settings(max_examples=80, deadline=None)
def test_nonsense_is_refused(content: bytes) -> None:
    for text in (
        PACKED_MARK + base64.b64encode(content).decode(),
        PACKED_MARK + base64.b64encode(zlib.compress(content)).decode(),
        content.decode("latin-1"),
    ):
        with pytest.raises(BadMidi):
            unpack(text)


@given(st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_text_is_refused_or_still_a_score(at: int, value: int) -> None:
    plain = bytearray(zlib.decompress(base64.b64decode(pack(quartet_score(2)).removeprefix(PACKED_MARK))))
    plain[at % len(plain)] = value
    text = PACKED_MARK + base64.b64encode(zlib.compress(bytes(plain))).decode()
    try:
        score = unpack(text)
    except BadMidi:
        return
    assert all(0 <= note.pitch <= 127 and note.duration >= 1 for track in score.tracks for note in track.notes)


def test_a_bomb_is_refused_unopened() -> None:
    bomb = PACKED_MARK + base64.b64encode(zlib.compress(b"[" * 50_000_000, 9)).decode()
    with pytest.raises(BadMidi):
        unpack(bomb)


def test_a_song_too_large_to_work_on_says_how_large_it_may_be() -> None:
    notes = tuple(Note(tick, 60, 1, 64) for tick in range(MAX_SOURCE_NOTES + 1))
    with pytest.raises(BadMidi, match="20000 notes at most"):
        pack(Score((Track("", 0, False, notes),)))


def test_deep_nesting_is_refused() -> None:
    deep = json.dumps({"tempos": [[0, 120.0]], "meters": [[0, 4, 4]]})[:-1] + ',"tracks":' + "[" * 90_000
    with pytest.raises(BadMidi):
        unpack(PACKED_MARK + base64.b64encode(zlib.compress(deep.encode())).decode())
