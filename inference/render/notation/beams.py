"""Which notes are joined by beams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Stem:
    """A note or rest in its beat; `flags` is 0 from a quarter on."""

    beat: int
    flags: int
    is_rest: bool


def beams_of(stems: Sequence[Stem]) -> list[tuple[str, ...]]:
    """What the beams of each do, level by level: begin, continue, end, forward hook or backward hook.

    Nothing is joined over a beat; a short rest between two notes of a beat does not break it.
    """
    beams: list[tuple[str, ...]] = [()] * len(stems)
    for _, group in groupby(range(len(stems)), key=lambda place: stems[place].beat):
        notes = [place for place in group if not stems[place].is_rest and stems[place].flags]
        if len(notes) > 1:
            for place, marks in zip(notes, _group([stems[place].flags for place in notes]), strict=True):
                beams[place] = marks
    return beams


def _group(flags: Sequence[int]) -> Iterator[tuple[str, ...]]:
    for place, count in enumerate(flags):
        before = flags[place - 1] if place else 0
        after = flags[place + 1] if place + 1 < len(flags) else 0
        yield tuple(_beam(level, before, after) for level in range(1, count + 1))


def _beam(level: int, before: int, after: int) -> str:
    if before >= level:
        return "continue" if after >= level else "end"
    if after >= level:
        return "begin"
    return "backward hook" if before else "forward hook"
