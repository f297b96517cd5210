"""A score: notes on named tracks, with absolute ticks of `units.PPQ` a quarter."""

import re
from dataclasses import dataclass, field

from inference.music.errors import InvalidSpec
from inference.music.units import PPQ, seconds_per_tick

_METER_TEXT = re.compile(r"\s*([1-9][0-9]?)\s*/\s*(2|4|8|16)\s*")


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note. `tick` and `duration` in ticks (duration >= 1), `pitch` 0..127, `velocity` 1..127."""

    tick: int
    pitch: int
    duration: int
    velocity: int

    @property
    def end(self) -> int:
        return self.tick + self.duration


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature such as 4/4. A bar lasts `ticks` ticks."""

    numerator: int = 4
    denominator: int = 4

    @property
    def ticks(self) -> int:
        return PPQ * 4 * self.numerator // self.denominator

    @classmethod
    def parse(cls, text: str) -> "Meter":
        """Reads `4/4`. Raises InvalidSpec otherwise."""
        match = _METER_TEXT.fullmatch(text)
        if match is None:
            raise InvalidSpec("meter", f"“{text}” is not a time signature; write one such as 4/4 or 3/4")
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


@dataclass(frozen=True, slots=True)
class MeterChange:
    tick: int
    meter: Meter


@dataclass(frozen=True, slots=True)
class TempoChange:
    """From `tick` on, `tempo` quarters per minute."""

    tick: int
    tempo: float


@dataclass(frozen=True, slots=True)
class Track:
    """One instrument's notes, sorted by tick then pitch. `program` 0..127; drums ignore it."""

    name: str
    program: int
    is_drum: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """A whole piece. The first tempo and meter stand at tick 0. `meta` holds text entries (the recipe)."""

    tracks: tuple[Track, ...]
    tempos: tuple[TempoChange, ...] = (TempoChange(0, 120.0),)
    meters: tuple[MeterChange, ...] = (MeterChange(0, Meter()),)
    meta: tuple[str, ...] = field(default=())

    @property
    def end_tick(self) -> int:
        return max((note.end for track in self.tracks for note in track.notes), default=0)

    @property
    def note_count(self) -> int:
        return sum(len(track.notes) for track in self.tracks)

    def seconds_at(self, tick: int) -> float:
        """Time of `tick` in seconds from the start, over all tempo changes."""
        seconds = 0.0
        for change, following in zip(self.tempos, (*self.tempos[1:], None), strict=True):
            until = tick if following is None else min(tick, following.tick)
            seconds += max(0, until - change.tick) * seconds_per_tick(change.tempo)
        return seconds

    @property
    def duration_s(self) -> float:
        """Seconds until the last note ends."""
        return self.seconds_at(self.end_tick)
