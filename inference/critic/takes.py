"""Several songs to one wish, of which one is kept."""

from collections.abc import Callable, Sequence
from itertools import combinations

from inference.music.edit import Edit, Operation
from inference.music.obedience import broken_wishes
from inference.music.score import Score
from inference.music.spec import MAX_TAKES, SongSpec

Judge = Callable[[Score, SongSpec], float]
HEAD_START = 1.0  # what another take must be liked more by than the first
_Sounds = frozenset[tuple[bool, int, int]]


def takes_of(edit: Edit | None, most: int) -> int:
    """How many takes a song has when nobody says, of a band that writes `most` of a new one.

    Bars that others stand beside are chosen by how well takes agree, which takes more of them; remixes as new songs,
    by how they obey; other edits have one.
    """
    if edit is None or edit.operation is Operation.REMIX:
        return most
    return min(MAX_TAKES, 2 * most) if edit.fills and most > 1 else 1


def best_of(takes: Sequence[Score], spec: SongSpec, judge: Judge | None) -> int:
    """The number of the take to keep.

    Of a new song: of those that break the fewest wishes the first, unless the judge likes another clearly more, which
    is how it neither does too little nor too much (`inference/critic/balance.py`). Of bars that others of the
    song stand beside: the take that shares most with the other takes, which is what the song most likely has in that
    place (least expected loss, Kumar and Byrne, 2004); nobody wished for the key or the density that it has already.

    Args:
        takes: of one song, at least one.
        spec: what was asked for, complete.
        judge: the greater, the better; None where there is no critic.
    """
    if spec.edit is not None and spec.edit.fills:
        merits = agreement(takes)
        return max(range(len(takes)), key=merits.__getitem__)

    broken = [broken_wishes(score, spec) for score in takes]
    kept = [number for number in range(len(takes)) if broken[number] == min(broken)]
    if judge is None:
        return kept[0]
    liked = {number: judge(takes[number], spec) for number in kept}
    liked[kept[0]] += HEAD_START
    return max(kept, key=liked.__getitem__)


def agreement(takes: Sequence[Score]) -> list[float]:
    """For each take the notes (onset and pitch) it shares with another, F1 from 0 to 1, mean over the others.

    Only bars count in which not all are alike; 1 where there are none.
    """
    bars = [_bars(score) for score in takes]
    apart = {bar for bar in set().union(*bars) if len({one.get(bar) for one in bars}) > 1}
    sounds = [frozenset[tuple[bool, int, int]]().union(*(one.get(bar, ()) for bar in apart)) for one in bars]
    shared = [0.0] * len(takes)
    for left, right in combinations(range(len(takes)), 2):
        size = len(sounds[left]) + len(sounds[right])
        f1 = 2 * len(sounds[left] & sounds[right]) / size if size else 1.0
        shared[left] += f1
        shared[right] += f1
    return [total / max(1, len(takes) - 1) for total in shared]


def _bars(score: Score) -> dict[int, _Sounds]:
    length = score.meters[0].meter.ticks
    bars: dict[int, set[tuple[bool, int, int]]] = {}
    for track in score.tracks:
        for note in track.notes:
            bars.setdefault(note.tick // length, set()).add((track.is_drum, note.tick, note.pitch))
    return {bar: frozenset(sounds) for bar, sounds in bars.items()}
