"""Looks a song up in the index: which runs of its notes and bars are found in the training songs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from inference.music.score import Score, Track
from inference.music.units import TICKS_PER_GRID
from inference.originality.index import OriginalityIndex
from inference.originality.ngrams import LEVELS, Flags, Melody, Windows
from inference.originality.together import WINDOW_BARS, pair_windows

LONGEST_FREE_RUN = LEVELS[-1].notes - 1
# Windows in a row that a filter says yes to: less is too likely to be chance to swear by, as neighbours share keys.
_SURE = 8


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of notes found in training: ticks at which its first and last note start."""

    first_tick: int
    last_tick: int
    notes: int


@dataclass(frozen=True, slots=True)
class TrackOriginality:
    """One pitched track. Two counts of windows a level, in the order of LEVELS.

    Args:
        number: of the track in the score.
        name: of the track.
        notes: in its melody.
        at_least: notes of a run that surely stands in one training song.
        at_most: notes of the longest run that can stand in one; never less than the longest that does.
        counted: windows that are a tune rather than a tremolo.
        found: those of them that stand in training.
        copied: the runs longer than LONGEST_FREE_RUN, in time order.
    """

    number: int
    name: str
    notes: int
    at_least: int
    at_most: int
    counted: tuple[int, ...]
    found: tuple[int, ...]
    copied: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class CopiedBars:
    """Bars in a row, counted from 0, in which both tracks play as two players of one training song do together."""

    tracks: tuple[int, int]
    bars: range


@dataclass(frozen=True, slots=True)
class Originality:
    """A whole song.

    Args:
        tracks: the pitched ones that have notes.
        together: eight bars or more that several tracks copy.
        false_positive_rate: the chance that a window of the shortest level is said to be found and is not; a longer
            one is hardly ever, because all the shorter ones in it must be found too.
    """

    tracks: tuple[TrackOriginality, ...]
    together: tuple[CopiedBars, ...] = ()
    false_positive_rate: float = 0.0

    @property
    def nearest(self) -> TrackOriginality | None:
        """The track with the longest run, None without tracks."""
        return max(self.tracks, key=lambda track: (track.at_most, track.at_least), default=None)

    @property
    def longest_run(self) -> int:
        """No run of more notes than this stands in training (but for tremolos)."""
        return self.nearest.at_most if self.nearest else 0

    @property
    def certain_run(self) -> int:
        """A run of so many notes surely does."""
        return max((track.at_least for track in self.tracks), default=0)

    @property
    def is_free(self) -> bool:
        """Whether no run is longer than LONGEST_FREE_RUN and no eight bars of several tracks are copied."""
        return not self.together and not any(track.copied for track in self.tracks)

    @property
    def longest_bars(self) -> int:
        """The most bars in a row that two tracks copy together; 0 below eight."""
        return max((len(copied.bars) for copied in self.together), default=0)

    def share(self, notes: int) -> float:
        """Of the windows of so many notes, one of LEVELS, the part 0..1 found in training, less the expected errors."""
        number = [level.notes for level in LEVELS].index(notes)
        counted = sum(track.counted[number] for track in self.tracks)
        found = sum(track.found[number] for track in self.tracks)
        errors = self.false_positive_rate if number == 0 else 0.0
        return max(0.0, (found / counted - errors) / (1 - errors)) if counted else 0.0


def look_up(index: OriginalityIndex, score: Score) -> Originality:
    """Looks up every pitched track of a score in one meter; takes about a millisecond per track."""
    numbers = [number for number, track in enumerate(score.tracks) if not track.is_drum and track.notes]
    melodies = [melody_of(score.tracks[number]) for number in numbers]
    return Originality(
        tuple(
            _track(index, number, score.tracks[number].name, melody)
            for number, melody in zip(numbers, melodies, strict=True)
        ),
        tuple(_together(index, numbers, melodies, score.meters[0].meter.ticks // TICKS_PER_GRID)),
        index.levels[0].false_positive_rate,
    )


def melody_of(track: Track) -> Melody:
    """The lowest note at each grid step."""
    places = np.array([(round(note.tick / TICKS_PER_GRID), note.pitch) for note in track.notes], np.int64)
    places = places[np.lexsort((places[:, 1], places[:, 0]))]
    onsets, first = np.unique(places[:, 0], return_index=True)
    return Melody(onsets, places[first, 1])


def _together(
    index: OriginalityIndex, numbers: Sequence[int], melodies: Sequence[Melody], bar_grids: int
) -> Iterator[CopiedBars]:
    bars = 1 + max((int(melody.onsets[-1]) for melody in melodies), default=0) // bar_grids
    windows = pair_windows(melodies, bar_grids, bars)
    found = windows.counted.copy()
    found[found] = index.pairs.contains(windows.keys[found])
    for first, second, flags in zip(windows.first.tolist(), windows.second.tolist(), found, strict=True):
        starts = np.flatnonzero(flags)
        for run in np.split(starts, np.flatnonzero(np.diff(starts) > 1) + 1) if len(starts) else ():
            yield CopiedBars((numbers[first], numbers[second]), range(int(run[0]), int(run[-1]) + WINDOW_BARS))


def _track(index: OriginalityIndex, number: int, name: str, melody: Melody) -> TrackOriginality:
    windows = [melody.windows(level) for level in LEVELS]
    found = _found(index, windows)
    at_least, at_most = _longest(windows, found)
    copied = _runs(windows[-1], found[-1])
    return TrackOriginality(
        number=number,
        name=name,
        notes=len(melody),
        at_least=at_least,
        at_most=at_most,
        counted=tuple(int(some.counted.sum()) for some in windows),
        found=tuple(int(some.sum()) for some in found),
        copied=tuple(_passage(melody, first, last + LEVELS[-1].notes - 1) for first, last in copied),
    )


def _found(index: OriginalityIndex, windows: Sequence[Windows]) -> list[Flags]:
    """The counted windows that the filters know. A window is found only if all shorter ones in it are."""
    all_found: list[Flags] = []
    possible = np.ones(len(windows[0].keys), np.bool_)
    for some, kept, (level, longer) in zip(windows, index.levels, pairwise((*LEVELS, LEVELS[-1])), strict=True):
        found = some.counted & possible[: len(some.keys)]
        found[found] = kept.contains(some.keys[found])
        all_found.append(found)
        possible = _all_inside(found | ~some.counted, longer.notes - level.notes + 1)
    return all_found


def _all_inside(flags: Flags, width: int) -> Flags:
    """For each start that has `width` flags, whether all of them are set."""
    sums = np.concatenate(([0], np.cumsum(flags)))
    inside: Flags = sums[width:] - sums[:-width] == width
    return inside


def _longest(windows: Sequence[Windows], found: Sequence[Flags]) -> tuple[int, int]:
    """Bounds in notes of the longest run, from the longest windows that are found."""
    longer = None
    for level, some, flags in zip(reversed(LEVELS), reversed(windows), reversed(found), strict=True):
        if flags.any():
            at_most = max(last - first for first, last in _runs(some, flags)) + level.notes
            is_sure = level is not LEVELS[0] or _all_inside(flags, _SURE).any()
            # A longer run would have shown in the longer windows.
            return (level.notes - level.slack if is_sure else 0), min(at_most, longer - 1 if longer else at_most)
        longer = level.notes
    return 0, LEVELS[0].notes - 1


def _runs(windows: Windows, found: Flags) -> list[tuple[int, int]]:
    """First and last start of windows found in a row; tremolos between them do not part them."""
    starts = np.flatnonzero(found)
    if not len(starts):
        return []
    strange = np.cumsum(windows.counted & ~found)[starts]
    cuts = np.flatnonzero(np.diff(strange)) + 1
    return [(int(run[0]), int(run[-1])) for run in np.split(starts, cuts)]


def _passage(melody: Melody, first: int, last: int) -> Passage:
    ticks = melody.onsets[[first, last]] * TICKS_PER_GRID
    return Passage(int(ticks[0]), int(ticks[1]), last - first + 1)
