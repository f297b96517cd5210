"""The source of an edit: an existing song as an arrangement, with the original notes of each cell."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from inference.music.packed import unpack
from inference.music.program import Role
from inference.music.score import Meter, Note, Score, TempoChange, Track
from inference.music.spec import Player
from inference.music.units import MAX_TEMPO, MIN_TEMPO, TICKS_PER_GRID
from inference.tokens.arrange import Arranged, arrange_parts
from inference.tokens.arrangement import Arrangement
from inference.tokens.bars import bar_of, spelled_meter
from inference.tokens.players import Part, choose_players

# Notes an onset, and the mean pitch from which a line is a melody and not a bass.
_MELODIC = 1.1
_LOWEST_MELODY = 55.0


@dataclass(frozen=True)
class Source:
    """A score read as an arrangement of all its players.

    Bars are those of the longest-lasting meter from the first that sounds; notes elsewhere are in no bar.
    """

    score: Score
    parts: tuple[Part, ...]
    arranged: Arranged

    @property
    def arrangement(self) -> Arrangement:
        return self.arranged.arrangement

    @property
    def bars(self) -> int:
        return len(self.arrangement.rows)

    @cached_property
    def meter(self) -> Meter:
        """The meter of the bars, as the song writes it."""
        return spelled_meter(self.score, self.arrangement.header.meter)

    @cached_property
    def bystanders(self) -> tuple[Track, ...]:
        """Tracks of those who are too many to be players: the model does not hear them."""
        heard = {id(track) for part in self.parts for track in part.tracks}
        return tuple(track for track in self.score.tracks if track.notes and id(track) not in heard)

    @cached_property
    def _cells(self) -> list[dict[int, list[Note]]]:
        return [self.by_bar(*part.tracks) for part in self.parts]

    def by_bar(self, *tracks: Track) -> dict[int, list[Note]]:
        """The tracks' notes in each bar, with ticks from the bar line (below 0 for a note just before it)."""
        starts, meter = self.arranged.starts, self.arrangement.header.meter
        bars: dict[int, list[Note]] = defaultdict(list)
        for note in (note for track in tracks for note in track.notes):
            if (bar := bar_of(note.tick, starts, meter)) is not None:
                bars[bar].append(replace(note, tick=note.tick - starts[bar] * TICKS_PER_GRID))
        return bars

    def notes(self, player: int, bar: int) -> list[Note]:
        """What is in a cell, with ticks from the bar line."""
        return self._cells[player].get(bar, [])

    def name(self, player: int) -> str:
        """The name of the player's track; empty where several are one player."""
        tracks = self.parts[player].tracks
        return tracks[0].name if len(tracks) == 1 else ""

    def tempos(self, bar: int) -> Iterator[TempoChange]:
        """The tempo at the beginning of a bar and its changes in it, with ticks from the bar line."""
        start = self.arranged.starts[bar] * TICKS_PER_GRID
        end = start + self.arrangement.header.meter.ticks
        changes = self.score.tempos
        yield TempoChange(0, next(change.tempo for change in reversed(changes) if change.tick <= start))
        yield from (TempoChange(change.tick - start, change.tempo) for change in changes if start < change.tick < end)


def read_source(score: Score) -> Source:
    """Reads a score for an edit.

    Raises:
        BadMidi: it has no bars that the band code can hold.
    """
    parts = _with_melody(choose_players(score.tracks, keep_doubles=True))
    everything = (note for track in score.tracks for note in track.notes)
    arranged = arrange_parts(score, parts, also=everything)
    header = arranged.arrangement.header
    tempo = min(MAX_TEMPO, max(MIN_TEMPO, header.tempo))
    if tempo != header.tempo:
        arrangement = replace(arranged.arrangement, header=replace(header, tempo=tempo))
        arranged = replace(arranged, arrangement=arrangement)
    return Source(score, tuple(parts), arranged)


def _with_melody(parts: list[Part]) -> list[Part]:
    """Calls the only pitched player the lead if it sings one note at a time, whatever instrument was at hand."""
    pitched = [index for index, part in enumerate(parts) if not part.player.is_drum]
    if len(pitched) != 1:
        return parts
    part = parts[pitched[0]]
    onsets = len({at for at, *_ in part.notes})
    mean = sum(pitch for _, pitch, _, _ in part.notes) / len(part.notes)
    if part.player.role is not Role.BASS and len(part.notes) <= _MELODIC * onsets and mean >= _LOWEST_MELODY:
        parts[pitched[0]] = replace(part, player=Player(Role.LEAD, part.player.program))
    return parts


@lru_cache(maxsize=8)
def unpack_source(text: str) -> Source:
    """The source of a recipe's edit. Raises BadMidi."""
    return read_source(unpack(text))
