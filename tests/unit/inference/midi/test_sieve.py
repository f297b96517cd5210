"""What a file holds beside its music does no harm: it is left out, or the file is refused in a sentence, at once."""

import struct
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.midi import read_midi, write_midi
from inference.midi.read import MAX_FILE_BYTES
from inference.music.errors import BadMidi
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ
from tests.fakes.scores import quartet_score

NOTE = b"\x00\x90\x3c\x50\x83\x60\x80\x3c\x00"  # 480 ticks of middle C
END = b"\x00\xff\x2f\x00"
ONE_NOTE = (Note(0, 60, PPQ, 80),)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack(">I", len(body)) + body


def file_of(*tracks: bytes, count: int | None = None) -> bytes:
    header = struct.pack(">HHH", 1, len(tracks) if count is None else count, PPQ)
    return chunk(b"MThd", header) + b"".join(chunk(b"MTrk", track) for track in tracks)


@pytest.mark.parametrize(
    "event",
    [
        b"\xff\x59\x02\x0c\x05",
        b"\xff\x59\x01\x00",
        b"\xff\x54\x05\xe0\x00\x00\x00\x00",
        b"\xff\x51\x01\x00",
        b"\xff\x58\x02\x04\x02",
        b"\xff\x58\x04\x04\xff\x18\x08",
        b"\xff\x58\x04\x04\x0c\x18\x08",
        b"\xff\x58\x04\x00\x02\x18\x08",
        b"\xff\x51\x03\x00\x00\x00",
        b"\xf0\x03\x01\x02\x03",
        b"\xf7\x02\x90\x3c",
        b"\xf4",
        b"\xf8",
        b"\xb0\x40\x7f",
        b"\xe0\x00\x50",
    ],
    ids=[
        "no such key",
        "short key",
        "no such time code",
        "short tempo",
        "short meter",
        "beats of nothing",
        "beats of a 4096th",
        "no beats",
        "no tempo",
        "open system message",
        "escape",
        "no such message",
        "clock",
        "pedal",
        "bend",
    ],
)
def test_what_is_wrong_beside_the_notes_harms_no_note(event: bytes) -> None:
    score = read_midi(file_of(b"\x00" + event + NOTE + END))
    assert score == Score((Track("", 0, False, ONE_NOTE),), (TempoChange(0, 120.0),), (MeterChange(0, Meter()),))


def test_time_passes_in_what_is_left_out() -> None:
    score = read_midi(file_of(b"\x83\x60\xb0\x40\x7f" + b"\x83\x60\xf0\x01\xf7" + NOTE + END))
    assert score.tracks[0].notes == (Note(2 * PPQ, 60, PPQ, 80),)


def test_a_status_that_runs_on_is_understood_across_what_is_left_out() -> None:
    score = read_midi(
        file_of(b"\x00\x90\x3c\x50" + b"\x00\xff\x7f\x01\x00" + b"\x00\xf0\x01\xf7" + b"\x83\x60\x3c\x00")
    )
    assert score.tracks[0].notes == ONE_NOTE


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\x00\x00\x00\x00RMIDdata\x00\x00\x00\x00" + file_of(NOTE),
        bytes(128) + file_of(NOTE),
        file_of(NOTE) + chunk(b"XFIH", b"abcd"),
        file_of(NOTE) + bytes(99),
        chunk(b"MThd", struct.pack(">HHH", 1, 1, PPQ)) + chunk(b"XFIH", b"abcd") + chunk(b"MTrk", NOTE),
        chunk(b"MThd", struct.pack(">HHH", 0, 1, PPQ) + b"more") + chunk(b"MTrk", NOTE),
        file_of(b"\x00\xff\x03\x04Rust" + END, NOTE, count=1),
    ],
    ids=["Windows", "MacBinary", "chunk behind", "junk behind", "chunk before", "long header", "uncounted track"],
)
def test_a_file_in_whatever_wrapping_is_read(content: bytes) -> None:
    assert [track.notes for track in read_midi(content).tracks] == [ONE_NOTE]


@pytest.mark.parametrize("content", [file_of(NOTE, count=2), file_of(NOTE)[:-3], file_of(NOTE)[:15]])
def test_a_file_that_is_cut_off_is_refused_as_such(content: bytes) -> None:
    with pytest.raises(BadMidi, match="ends too early"):
        read_midi(content)


@pytest.mark.parametrize(
    "track",
    [b"\xff" * 100 + b"\x7f" + NOTE, b"\x00\x3c\x50" + NOTE, b"\x00\xff\x01\x8f\xff\xff\x7f" + NOTE, b"\x00\x90\x3c"],
    ids=["endless time", "status that never began", "endless text", "half a note"],
)
def test_a_track_that_makes_no_sense_is_refused(track: bytes) -> None:
    with pytest.raises(BadMidi, match="not a MIDI file I can read"):
        read_midi(file_of(track))


def test_a_time_as_long_as_the_file_is_refused_without_counting_it() -> None:
    before = time.process_time()
    with pytest.raises(BadMidi):
        read_midi(file_of(b"\xff" * (MAX_FILE_BYTES - 100) + b"\x7f" + NOTE))
    assert time.process_time() - before < 5  # to add it up took half a minute


@pytest.mark.parametrize(
    ("name", "read"),
    [
        (b" Rhythm\x00", "Rhythm"),
        ("Voilà".encode(), "Voilà".encode().decode("latin-1")),
        (b"N" * 10_000, "N" * 200),
        ("ドラム".encode("shift_jis"), "ドラム".encode("shift_jis").decode("latin-1")),
    ],
)
def test_names_come_back_byte_for_byte(name: bytes, read: str) -> None:
    length = bytes([0x80 | len(name) >> 7, len(name) & 0x7F])
    score = read_midi(file_of(b"\x00\xff\x03" + length + name + NOTE))
    assert score.tracks[0].name == read
    assert read_midi(write_midi(score)).tracks == score.tracks


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=12))
@settings(max_examples=300, deadline=None)
def test_a_file_with_any_wrong_bytes_anywhere_is_read_or_refused(wrong: list[tuple[int, int]]) -> None:
    content = bytearray(write_midi(quartet_score(2)))
    for place, value in wrong:
        content[place % len(content)] = value
    with suppress(BadMidi):
        assert read_midi(bytes(content)).note_count > 0


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_a_track_of_any_bytes_is_read_or_refused(track: bytes) -> None:
    with suppress(BadMidi):
        assert read_midi(file_of(track)).note_count > 0
