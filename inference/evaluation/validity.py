"""Whether the MIDI file of a song is valid and reads back unchanged."""

import io
from collections.abc import Callable

import pretty_midi
import symusic

from inference.midi import read_midi
from inference.music.errors import BadMidi
from inference.music.score import Score


def symusic_reads(file: bytes) -> int:
    """Notes that symusic finds; -1 when it does not read the file."""
    try:
        return int(symusic.core.ScoreTick.from_midi(file).note_num())
    except (RuntimeError, ValueError):
        return -1


def pretty_midi_reads(file: bytes) -> int:
    """Notes that pretty_midi finds; -1 when it does not read the file."""
    try:
        song = pretty_midi.PrettyMIDI(io.BytesIO(file))
    except (OSError, EOFError, ValueError, KeyError, IndexError):
        return -1
    return sum(len(instrument.notes) for instrument in song.instruments)


def mido_reads(file: bytes) -> int:
    """Notes that our own reader, on mido, finds; -1 when it does not read the file."""
    try:
        return read_midi(file).note_count
    except BadMidi:
        return -1


READERS: tuple[Callable[[bytes], int], ...] = (symusic_reads, pretty_midi_reads, mido_reads)


def every_reader_agrees(file: bytes, notes: int) -> bool:
    """Whether symusic, pretty_midi and mido all find `notes` notes."""
    return all(reader(file) == notes for reader in READERS)


def survives_a_file(score: Score, file: bytes) -> bool:
    """Whether the notes, tempos and meters read back from `file` are the score's, silent tracks aside."""
    try:
        read = read_midi(file)
    except BadMidi:
        return False
    tempos = [(change.tick, round(change.tempo, 2)) for change in score.tempos]
    return (
        [track.notes for track in read.tracks] == [track.notes for track in score.tracks if track.notes]
        and [(change.tick, round(change.tempo, 2)) for change in read.tempos] == tempos
        and read.meters == score.meters
    )


def has_no_overlaps(score: Score) -> bool:
    """No track strikes a pitch again while it still sounds."""
    for track in score.tracks:
        ends: dict[int, int] = {}
        for note in sorted(track.notes):
            if note.tick < ends.get(note.pitch, 0):
                return False
            ends[note.pitch] = note.end
    return True


def is_in_range(score: Score) -> bool:
    """Pitches 0..127, velocities 1..127, programs 0..127, ticks from 0 and lengths from 1."""
    return all(
        0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 and note.tick >= 0 and note.duration >= 1
        for track in score.tracks
        for note in track.notes
    ) and all(0 <= track.program <= 127 for track in score.tracks)
