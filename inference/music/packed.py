"""A score as a short text, so that a recipe can contain the song it edits."""

import base64
import binascii
import json
import zlib
from itertools import accumulate, pairwise
from typing import Any

from inference.music.errors import BadMidi, MusicError
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ

PACKED_MARK = "lnh1,"
MAX_PACKED_CHARS = 900_000
# What an edit takes; four times the largest song the band writes.
MAX_SOURCE_BYTES = 512 * 2**10
MAX_SOURCE_NOTES = 20_000
MAX_SOURCE_TRACKS = 64
MAX_SOURCE_CHANGES = 1_000
_MAX_JSON_BYTES = 2**22
_MAX_TICK = 20_000 * PPQ
_DAMAGED = "the song inside this recipe is damaged"


def pack(score: Score) -> str:
    """The score without its texts; equal scores give equal text.

    Raises:
        BadMidi: it is larger than an edit takes.
    """
    _check_size(score)
    entry = {
        "tempos": [[change.tick, change.tempo] for change in score.tempos],
        "meters": [[change.tick, change.meter.numerator, change.meter.denominator] for change in score.meters],
        "tracks": [_entry(track) for track in score.tracks],
    }
    text = json.dumps(entry, separators=(",", ":"))
    return PACKED_MARK + base64.b64encode(zlib.compress(text.encode(), 9)).decode()


def unpack(text: str) -> Score:
    """Reads the text of `pack`, which may come from anybody. Raises BadMidi."""
    if not text.startswith(PACKED_MARK) or len(text) > MAX_PACKED_CHARS:
        raise BadMidi(_DAMAGED)
    try:
        inflate = zlib.decompressobj()
        plain = inflate.decompress(base64.b64decode(text.removeprefix(PACKED_MARK), validate=True), _MAX_JSON_BYTES)
        if not inflate.eof:
            raise BadMidi(_DAMAGED)
        score = _score(json.loads(plain))
    except BadMidi:
        raise
    except (binascii.Error, zlib.error, ValueError, KeyError, TypeError, RecursionError, MusicError) as error:
        raise BadMidi(_DAMAGED) from error
    _check_size(score)
    return score


def _check_size(score: Score) -> None:
    if score.note_count > MAX_SOURCE_NOTES:
        raise BadMidi(f"I work on songs of {MAX_SOURCE_NOTES} notes at most; this one has {score.note_count}")
    if len(score.tracks) > MAX_SOURCE_TRACKS:
        raise BadMidi(f"I work on songs of {MAX_SOURCE_TRACKS} tracks at most; this one has {len(score.tracks)}")
    changes = max(len(score.tempos), len(score.meters))
    if changes > MAX_SOURCE_CHANGES:
        raise BadMidi(f"I work on songs of {MAX_SOURCE_CHANGES} tempo or meter changes at most; this one has {changes}")


def _entry(track: Track) -> list[Any]:
    """Name, program, drums, then columns of notes; ticks as steps from the note before."""
    notes = track.notes
    steps = [after - before for before, after in pairwise([0, *(note.tick for note in notes)])]
    columns = [[note.pitch for note in notes], [note.duration for note in notes], [note.velocity for note in notes]]
    return [track.name, track.program, int(track.is_drum), steps, *columns]


def _score(entry: dict[str, Any]) -> Score:
    tempos = tuple(TempoChange(_tick(tick), _tempo(tempo)) for tick, tempo in entry["tempos"])
    meters = tuple(MeterChange(_tick(tick), _meter(top, bottom)) for tick, top, bottom in entry["meters"])
    for changes in (tempos, meters):
        ticks = [change.tick for change in changes]
        if not ticks or ticks[0] != 0 or ticks != sorted(set(ticks)):
            raise BadMidi(_DAMAGED)
    return Score(tuple(_track(*columns) for columns in entry["tracks"]), tempos, meters)


def _track(name: str, program: int, is_drum: int, *columns: list[int]) -> Track:
    steps, pitches, durations, velocities = columns
    ticks = accumulate(steps)
    notes = tuple(
        Note(_tick(tick), _within(pitch, 0, 127), _within(duration, 1, _MAX_TICK), _within(velocity, 1, 127))
        for tick, pitch, duration, velocity in zip(ticks, pitches, durations, velocities, strict=True)
    )
    if list(notes) != sorted(notes):
        raise BadMidi(_DAMAGED)
    return Track(str(name), _within(program, 0, 127), bool(is_drum), notes)


def _tick(number: object) -> int:
    return _within(number, 0, _MAX_TICK)


def _tempo(number: object) -> float:
    if not isinstance(number, int | float) or not 0 < number < 1e9:
        raise BadMidi(_DAMAGED)
    return float(number)


def _meter(top: object, bottom: object) -> Meter:
    return Meter(_within(top, 1, 255), _within(bottom, 1, 4 * PPQ))


def _within(number: object, low: int, high: int) -> int:
    if not isinstance(number, int) or not low <= number <= high:
        raise BadMidi(_DAMAGED)
    return number
