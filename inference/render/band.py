"""A song on its way to the master: who plays what and when, and the desk where it comes together."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from inference.music.program import Role
from inference.render.endings import fade_from
from inference.render.master import master
from inference.render.mix import Desk
from inference.render.performance import Performance, tones_of
from inference.render.shares import shares_of
from inference.render.signal import Audio
from inference.render.sounds import Sound
from inference.render.synth import RATE, Tone
from inference.render.timeline import Timeline


@dataclass(frozen=True)
class Band:
    """What a studio knows of a song before a note is heard.

    Args:
        sound: the genre's.
        timeline: where ticks stand in the sound.
        written: the sample of the score's end; what sounds on fades.
        quarter_s: the length of a quarter for the echoes.
        performances: of all players, in the score's order.
    """

    sound: Sound
    timeline: Timeline
    written: int
    quarter_s: float
    performances: tuple[Performance, ...]

    @cached_property
    def shares(self) -> tuple[tuple[Performance, ...], ...]:
        """Two halves of the work."""
        return shares_of(self.performances)

    @property
    def in_order(self) -> tuple[Performance, ...]:
        """As the desk gets them: sums of floats depend on their order, so there is but one."""
        own, others = self.shares
        return own + others

    @cached_property
    def lengths(self) -> dict[Tone, int]:
        """For each tone the samples for which the whole band holds it at most."""
        return tones_of(self.performances)

    @cached_property
    def players(self) -> Counter[Role]:
        """How many have each role."""
        return Counter(one.part.role for one in self.performances)


class Mix:
    """A band at the desk."""

    def __init__(self, band: Band) -> None:
        self._band = band
        self._desk = Desk(RATE, band.timeline.length, band.quarter_s, band.sound)

    def add(self, one: Performance, audio: Audio) -> NDArray[np.float64]:
        """Brings a part to the desk and uses its sound up; answers with the gains of its compressor."""
        fade_from(audio, self._band.written)
        role = one.part.role
        return self._desk.add(audio, self._band.sound.strip(role), one.part.pan, self._band.players[role])

    def unmastered(self) -> Audio:
        """The sum, (2, samples)."""
        return self._desk.mixed()

    def mastered(self) -> Audio:
        """The song, (2, samples)."""
        return master(self._desk.mixed(), RATE, self._band.sound)
