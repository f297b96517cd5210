"""Standard MIDI File -> Score; tolerant of what files in the wild get wrong."""

import io
from collections import defaultdict
from collections.abc import Iterator

import mido

from inference.midi.limits import MAX_FILE_BYTES, MAX_TRACKS, excess
from inference.midi.sieve import sieve
from inference.music.errors import BadMidi
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ

_DRUM_CHANNEL = 9
_BLANK = " \t\r\n\0"  # and no more: bytes that are spaces in Latin-1 are parts of letters in UTF-8
_LONGEST_NAME = 200
_SHORTEST_BEAT = 1024  # of a whole note; the powers of two beyond are slips that no bar could be counted in
_TEXT_EVENTS = ("text", "copyright", "lyrics", "marker")


def read_midi(content: bytes) -> Score:
    """Reads a file of any resolution into ticks of `PPQ` a quarter.

    Values out of range are clipped, notes left on end with the file, doubled notes are merged.

    Raises:
        BadMidi: not a MIDI file, larger in some way than `limits` allows, without notes, or timed in SMPTE frames.
    """
    if len(content) > MAX_FILE_BYTES:
        raise BadMidi(f"a MIDI file may have {MAX_FILE_BYTES // 2**10} KiB at most")
    try:
        file = mido.MidiFile(file=io.BytesIO(sieve(content)), clip=True)
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError) as error:
        raise BadMidi("this is not a MIDI file I can read") from error
    if file.ticks_per_beat <= 0 or file.ticks_per_beat >= 0x8000:
        raise BadMidi("MIDI files timed in SMPTE frames are not music I can read")
    if len(file.tracks) > 2 * MAX_TRACKS:  # some may hold no notes
        raise BadMidi(f"a MIDI file may have {MAX_TRACKS} tracks at most, not {len(file.tracks)}")
    score = _Reader(file.ticks_per_beat).read(file)
    if score.note_count == 0:
        raise BadMidi("this MIDI file has no notes")
    if (too_much := excess(score)) is not None:
        raise BadMidi(too_much)
    return score


class _Reader:
    """Collects one file's events."""

    def __init__(self, resolution: int) -> None:
        self._scale = PPQ / resolution
        self._tempos: dict[int, float] = {}
        self._meters: dict[int, Meter] = {}
        self._texts: list[str] = []

    def read(self, file: mido.MidiFile) -> Score:
        tracks = [track for midi_track in file.tracks for track in self._read_track(midi_track)]
        tempos = {0: 120.0} | self._tempos
        meters = {0: Meter()} | self._meters
        return Score(
            tuple(tracks),
            tuple(TempoChange(tick, tempos[tick]) for tick in sorted(tempos)),
            tuple(MeterChange(tick, meters[tick]) for tick in sorted(meters)),
            tuple(self._texts),
        )

    def _ticks(self, time: int) -> int:
        return round(time * self._scale)

    def _read_track(self, midi_track: mido.MidiTrack) -> Iterator[Track]:
        """One track a (channel, program) that plays notes."""
        notes: dict[tuple[int, int], list[Note]] = defaultdict(list)
        sounding: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
        programs: dict[int, int] = defaultdict(int)
        name, time = "", 0
        for event in midi_track:
            time += max(0, event.time)
            if event.type == "note_on" and event.velocity > 0:
                sounding[event.channel, event.note].append((time, event.velocity, programs[event.channel]))
            elif event.type in ("note_on", "note_off"):
                self._release(notes, sounding, (event.channel, event.note), time)
            elif event.type == "program_change":
                programs[event.channel] = event.program
            elif event.type == "track_name":
                name = name or event.name.strip(_BLANK)[:_LONGEST_NAME].rstrip(_BLANK)
            else:
                self._read_meta(event, time)
        for channel_note in list(sounding):
            while sounding[channel_note]:
                self._release(notes, sounding, channel_note, time)
        for (channel, program), played in notes.items():
            yield Track(name, program, channel == _DRUM_CHANNEL, _without_doubles(played))

    def _release(
        self,
        notes: dict[tuple[int, int], list[Note]],
        sounding: dict[tuple[int, int], list[tuple[int, int, int]]],
        channel_note: tuple[int, int],
        time: int,
    ) -> None:
        if sounding[channel_note]:
            start, velocity, program = sounding[channel_note].pop(0)
            channel, pitch = channel_note
            tick = self._ticks(start)
            key = (channel, 0 if channel == _DRUM_CHANNEL else program)
            notes[key].append(Note(tick, pitch, max(1, self._ticks(time) - tick), velocity))

    def _read_meta(self, event: mido.Message | mido.MetaMessage, time: int) -> None:
        if event.type == "set_tempo" and event.tempo > 0:
            self._tempos[self._ticks(time)] = mido.tempo2bpm(event.tempo)
        elif event.type == "time_signature" and event.numerator > 0 and event.denominator <= _SHORTEST_BEAT:
            self._meters[self._ticks(time)] = Meter(event.numerator, event.denominator)
        elif event.type in _TEXT_EVENTS:
            self._texts.append(getattr(event, "text", ""))


def _without_doubles(notes: list[Note]) -> tuple[Note, ...]:
    """Sorted; of notes that start together on one pitch the longest stays."""
    longest: dict[tuple[int, int], Note] = {}
    for note in notes:
        known = longest.get((note.tick, note.pitch))
        if known is None or note.duration > known.duration:
            longest[note.tick, note.pitch] = note
    return tuple(sorted(longest.values()))
