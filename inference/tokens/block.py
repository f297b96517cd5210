"""A block: what one player plays in one bar."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from math import log2
from operator import or_

from inference.tokens.tables import CHORD_SHAPES, DRUM_LANES, DRUM_SETS
from inference.tokens.vocabulary import DRUM_SET, DURATION_GRIDS, PITCH, POSITIONS, Step

CELL = POSITIONS // 16
KICK = 1 << DRUM_LANES.index(36)
SNARE = 1 << DRUM_LANES.index(38)
# What keeps a groove beside the bass drum: snare, side stick and clap; hats, rides and tambourine.
BACKBEAT = sum(1 << DRUM_LANES.index(key) for key in (37, 38, 39))
TIMEKEEPER = sum(1 << DRUM_LANES.index(key) for key in (42, 44, 46, 51, 53, 54))
KIT = (KICK, BACKBEAT, TIMEKEEPER)
# 16 onsets, 12 pitch classes, 16 kicks, 16 snares, lowest pitch, number of hits
CONTENT_SIZE = 16 + 12 + 16 + 16 + 2
NO_CONTENT = (0.0,) * CONTENT_SIZE


@dataclass(frozen=True)
class Block:
    """Hits in order of position, then value. Never empty."""

    hits: tuple[Step, ...]

    @cached_property
    def is_drum(self) -> bool:
        return self.hits[0].value >= DRUM_SET

    @cached_property
    def onsets(self) -> tuple[int, ...]:
        """Distinct positions, ascending."""
        return tuple(dict.fromkeys(hit.position for hit in self.hits))

    @cached_property
    def lowest(self) -> dict[int, int]:
        """Lowest pitch at each position (the lane mask for drums)."""
        if self.is_drum:
            masks: dict[int, int] = {}
            for hit in self.hits:
                masks[hit.position] = masks.get(hit.position, 0) | DRUM_SETS[hit.value - DRUM_SET]
            return masks
        return {hit.position: hit.value - PITCH for hit in reversed(self.hits)}

    @cached_property
    def kicks(self) -> tuple[int, ...]:
        """Positions of the bass drum; empty for pitched players."""
        return tuple(at for at, mask in self.lowest.items() if mask & KICK) if self.is_drum else ()

    @cached_property
    def struck(self) -> int:
        """All drum lanes that are struck; 0 for pitched players."""
        return reduce(or_, self.lowest.values()) if self.is_drum else 0

    @cached_property
    def note_count(self) -> int:
        if self.is_drum:
            return sum(DRUM_SETS[hit.value - DRUM_SET].bit_count() for hit in self.hits)
        return sum(CHORD_SHAPES[hit.shape - 1].bit_count() for hit in self.hits)

    @cached_property
    def pitch_class_weights(self) -> tuple[float, ...]:
        """Length of each pitch class in grid steps, 12 numbers; zeros for drums."""
        weights = [0.0] * 12
        if not self.is_drum:
            for hit in self.hits:
                for interval in chord_intervals(hit.shape):
                    weights[(hit.value - PITCH + interval) % 12] += DURATION_GRIDS[hit.duration - 1]
        return tuple(weights)

    @cached_property
    def pitch_classes(self) -> frozenset[int]:
        """The pitch classes of all its notes; empty for drums."""
        return frozenset(pitch_class for pitch_class, weight in enumerate(self.pitch_class_weights) if weight)

    @cached_property
    def content(self) -> tuple[float, ...]:
        """CONTENT_SIZE numbers in about -1..1 that say what is played, for steps that only repeat it."""
        onsets, classes, kicks, snares = [0.0] * 16, [0.0] * 12, [0.0] * 16, [0.0] * 16
        for hit in self.hits:
            onsets[hit.position // CELL] = 1.0
            if self.is_drum:
                mask = DRUM_SETS[hit.value - DRUM_SET]
                kicks[hit.position // CELL] += bool(mask & KICK)
                snares[hit.position // CELL] += bool(mask & SNARE)
            else:
                for interval in chord_intervals(hit.shape):
                    classes[(hit.value - PITCH + interval) % 12] += 1.0
        total = sum(classes) or 1.0
        lowest = 0.0 if self.is_drum else min(self.lowest.values()) / 64 - 1
        return (*onsets, *(weight / total for weight in classes), *kicks, *snares, lowest, log2(len(self.hits)) / 5)

    def transposed(self, semitones: int) -> "Block":
        """The hits moved by semitones; drums stay. A pitch that would leave 0..127 moves by an octave less."""
        if self.is_drum or semitones == 0:
            return self
        hits = [hit._replace(value=PITCH + _within(hit.value - PITCH + semitones)) for hit in self.hits]
        return Block(tuple(sorted(hits)))


def _within(pitch: int) -> int:
    if pitch < 0:
        return pitch + 12
    return pitch - 12 if pitch > 127 else pitch


def chord_intervals(shape: int) -> tuple[int, ...]:
    """Semitones above the lowest note, from 0, of a shape index (1-based)."""
    mask = CHORD_SHAPES[shape - 1]
    return tuple(interval for interval in range(mask.bit_length()) if mask >> interval & 1)


HARMONIES = 26


def harmony(block: Block | None, position: int) -> int:
    """What a pitched block plays at a position: 0 without a block, 1 where it is silent, else its lowest pitch class:
    2..13 struck there, 14..25 struck earlier in the bar.
    """
    if block is None:
        return 0
    index = bisect_right(block.onsets, position) - 1
    if index < 0:
        return 1
    at = block.onsets[index]
    return (2 if at == position else 14) + block.lowest[at] % 12


def drum_echo(mask: int) -> int:
    """What the drums strike at a position: 1 nothing, 2 kick, 3 snare, 4 kick and snare, 5 another drum."""
    if not mask:
        return 1
    return {(True, False): 2, (False, True): 3, (True, True): 4}.get((bool(mask & KICK), bool(mask & SNARE)), 5)


def next_onset(onsets: Sequence[int], position: int) -> int:
    """One plus the first onset after `position`, 0 if there is none."""
    index = bisect_right(onsets, position)
    return onsets[index] + 1 if index < len(onsets) else 0
