"""Whether a song may be released: no tune and no bars of a training song at length in it; else what to write anew."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from inference.music.score import Score
from inference.originality.index import OriginalityIndex
from inference.originality.lookup import Passage, look_up


@dataclass(frozen=True, slots=True)
class Verdict:
    """On one song.

    Args:
        is_original: nothing of it need be written anew.
        longest_run: in one track no run of more notes than this stands in training, tremolos aside.
        longest_bars: so many bars in a row are copied by two tracks or more together; 0 below eight.
        bars_to_rewrite: number of a track in the score -> ascending ranges of bars, counted from 0, that hold what it
            copies; tracks without any are left out.
    """

    is_original: bool
    longest_run: int
    longest_bars: int = 0
    bars_to_rewrite: Mapping[int, tuple[range, ...]] = field(default_factory=dict)


def review(index: OriginalityIndex, score: Score) -> Verdict:
    """Looks the whole song up; some milliseconds, without any other effect.

    Not original are a run of 64 notes or more of one track, and eight bars or more of two, found in training; but for
    what has few different notes (see `ngrams.LEVELS` and `together`).

    Args:
        index: of the training songs.
        score: in one meter, as the band writes songs.
    """
    found = look_up(index, score)
    bar_ticks = score.meters[0].meter.ticks
    bars: dict[int, list[range]] = defaultdict(list)
    for track in found.tracks:
        bars[track.number] += (_bars_of(passage, bar_ticks) for passage in track.copied)
    for copied in found.together:
        for number in copied.tracks:
            bars[number].append(copied.bars)
    rewrite = {number: joined(ranges) for number, ranges in sorted(bars.items()) if ranges}
    return Verdict(not rewrite, found.longest_run, found.longest_bars, rewrite)


def joined(ranges: Iterable[range]) -> tuple[range, ...]:
    """The same bars in as few ranges as can be, ascending."""
    merged: list[range] = []
    for bars in sorted(ranges, key=lambda one: one.start):
        if merged and bars.start <= merged[-1].stop:
            merged[-1] = range(merged[-1].start, max(merged[-1].stop, bars.stop))
        else:
            merged.append(bars)
    return tuple(merged)


def _bars_of(passage: Passage, bar_ticks: int) -> range:
    return range(passage.first_tick // bar_ticks, passage.last_tick // bar_ticks + 1)
