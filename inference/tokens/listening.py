"""What a player is conditioned on within a bar: the parts already written, and its own earlier block."""

from typing import NamedTuple

from inference.tokens.block import HARMONIES, Block, drum_echo, harmony, next_onset

# Sizes of the integers `Heard.at` gives.
HEARD_SIZES = (6, HARMONIES, HARMONIES, 129)


class Heard(NamedTuple):
    """Complete blocks; None where there is none.

    drums; first, last: the first pitched player of the bar's roster that has written, and the last if it is another;
    before: the player's own latest block of an earlier bar.
    """

    drums: Block | None
    first: Block | None
    last: Block | None
    before: Block | None

    def next_strokes(self, position: int) -> tuple[int, int, int, int]:
        """One plus the position of the next kick, and of the next onsets of first, last and before; 0 for none."""
        drums, first, last, before = self
        return (
            next_onset(drums.kicks, position) if drums else 0,
            next_onset(first.onsets, position) if first else 0,
            next_onset(last.onsets, position) if last else 0,
            next_onset(before.onsets, position) if before else 0,
        )

    def at(self, position: int) -> tuple[int, int, int, int]:
        """What sounds at a position: the drums, the harmonies of first and last, 1 + lowest pitch of before."""
        drums, first, last, before = self
        return (
            drum_echo(drums.lowest.get(position, 0)) if drums else 0,
            harmony(first, position),
            harmony(last, position),
            1 + before.lowest.get(position, -1) if before and not before.is_drum else 0,
        )
