"""MIDI files: what is written is read back, and what is broken is refused in a sentence."""

import io
from contextlib import suppress

import mido
import pretty_midi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.midi import read_midi, write_midi
from inference.midi.read import MAX_FILE_BYTES
from inference.music.errors import BadMidi
from inference.music.pitch import Key, Mode
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ
from tests.fakes.scores import quartet_score

_notes = st.lists(
    st.builds(Note, st.integers(0, 20_000), st.integers(0, 127), st.integers(1, 3_000), st.integers(1, 127)),
    min_size=1,
    max_size=20,
    unique_by=lambda note: note.pitch,
).map(lambda notes: tuple(sorted(notes)))


@given(_notes, _notes, st.floats(40, 260))
@settings(max_examples=60, deadline=None)
def test_notes_names_and_programs_come_back_exactly(
    low: tuple[Note, ...], high: tuple[Note, ...], tempo: float
) -> None:
    tracks = (Track("Drums", 0, True, low), Track("Lead (Distortion Guitar)", 30, False, high))
    read = read_midi(write_midi(Score(tracks, (TempoChange(0, tempo),))))
    assert read.tracks == tracks
    assert read.tempos[0].tempo == pytest.approx(tempo, rel=1e-5)


def test_tempo_and_meter_changes_and_texts_come_back() -> None:
    score = Score(
        (Track("Bass", 34, False, (Note(0, 40, PPQ, 80), Note(PPQ * 30, 41, PPQ, 80))),),
        (TempoChange(0, 160.0), TempoChange(PPQ * 8, 80.0)),
        (MeterChange(0, Meter()), MeterChange(PPQ * 8, Meter(3, 4))),
        ("LnH recipe {}", "second"),
    )
    read = read_midi(write_midi(score, Key(4, Mode.MINOR)))
    assert read == score


def test_equal_scores_give_equal_bytes() -> None:
    assert write_midi(quartet_score(4)) == write_midi(quartet_score(4))


def test_pretty_midi_reads_our_files_with_named_tracks_tempo_and_key() -> None:
    file = pretty_midi.PrettyMIDI(io.BytesIO(write_midi(quartet_score(8, 160.0), Key(4, Mode.MINOR))))
    assert [instrument.name for instrument in file.instruments][:2] == ["Drums", "Bass"]
    assert file.get_tempo_changes()[1][0] == pytest.approx(160.0)
    assert file.key_signature_changes[0].key_number == 16


def test_values_out_of_range_are_clipped_and_hanging_notes_end_with_the_file() -> None:
    track = mido.MidiTrack()
    track.append(mido.Message("note_on", note=60, velocity=100, time=0))
    track.append(mido.MetaMessage("end_of_track", time=960))
    file = io.BytesIO()
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(file=file)
    loud = file.getvalue().replace(bytes([0x90, 60, 100]), bytes([0x90, 60, 131]))
    assert read_midi(loud).tracks[0].notes == (Note(0, 60, 960, 127),)


@pytest.mark.parametrize("content", [b"", b"MThd", b"not music at all", b"RIFF" + bytes(100)])
def test_what_is_no_midi_file_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(BadMidi, match="MIDI"):
        read_midi(content)


def test_a_file_without_notes_is_refused() -> None:
    with pytest.raises(BadMidi, match="no notes"):
        read_midi(write_midi(Score((Track("Empty", 0, False, ()),))))


def test_an_oversized_file_is_refused_unread() -> None:
    with pytest.raises(BadMidi, match="KiB"):
        read_midi(bytes(MAX_FILE_BYTES + 1))


def _file(*tracks: mido.MidiTrack) -> bytes:
    file = io.BytesIO()
    mido.MidiFile(tracks=list(tracks), ticks_per_beat=480).save(file=file)
    return file.getvalue()


def _one_note(wait: int = 0) -> mido.MidiTrack:
    return mido.MidiTrack([mido.Message("note_on", note=60, time=wait), mido.Message("note_off", note=60, time=480)])


def _changes(kind: str, count: int, **values: int) -> mido.MidiTrack:
    # A file's first change of tempo is at its start; each of the others stands a tick later.
    return mido.MidiTrack([mido.MetaMessage(kind, time=1, **values) for _ in range(count)])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_file(*[_one_note()] * 400), "128 tracks"),
        (_file(*[_one_note()] * 200), "128 tracks"),
        (_file(_one_note(200_000_000)), "20000 quarters"),
        (_file(_one_note(), _changes("set_tempo", 10_001, tempo=500_000)), "10000 tempo"),
        (_file(_one_note(), _changes("time_signature", 10_001, numerator=3)), "10000 meter"),
        (_file(mido.MidiTrack(list(_one_note()) * 25_001 * 4)), "100000 notes|KiB"),
        (_file(_changes("set_tempo", 1, tempo=500_000)), "no notes"),
        (_file(), "no notes"),
    ],
    ids=["400 tracks", "200 tracks", "a day", "tempos", "meters", "notes", "only a tempo", "nothing"],
)
def test_what_there_is_too_much_or_too_little_of_is_refused_in_a_sentence(content: bytes, reason: str) -> None:
    with pytest.raises(BadMidi, match=reason):
        read_midi(content)


def test_a_file_without_a_tempo_has_the_usual_one() -> None:
    assert read_midi(_file(_one_note())).tempos == (TempoChange(0, 120.0),)


def test_a_file_cut_at_any_byte_is_read_or_refused() -> None:
    whole = write_midi(quartet_score(1))
    for length in range(len(whole)):
        with suppress(BadMidi):
            assert read_midi(whole[:length]).note_count > 0


@given(st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_a_file_with_a_wrong_byte_is_read_or_refused(place: int, value: int) -> None:
    content = bytearray(write_midi(quartet_score(1)))
    content[place % len(content)] = value
    with suppress(BadMidi):
        assert read_midi(bytes(content)).note_count > 0
