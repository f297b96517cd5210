"""What goes together: blocks as the sketch plays them, and how well each agrees with what is played already."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn import functional

from inference.latent.sketch import Sketch
from inference.music.pitch import Key, Mode
from inference.tokens.block import KICK
from inference.tokens.tables import DRUM_SETS
from inference.tokens.vocabulary import DRUM_SET, PITCH, POSITIONS

_OCTAVE = 12
_BEATS = 4
_AT_ONCE = 1024


@dataclass(frozen=True)
class Sounds:
    """What blocks sound like.

    strikes, kicks: float [N, POSITIONS], where something, or the bass drum, is struck.
    tones: float [N, POSITIONS, 12], which pitch class above the tonic is struck where; none by drums.
    """

    strikes: Tensor
    kicks: Tensor
    tones: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, sketch: Sketch, points: Tensor) -> "Sounds":
        parts = [_heard(sketch, part) for part in torch.split(points, _AT_ONCE)]
        return cls(*(torch.cat([part[number] for part in parts]) for number in range(3)))

    def __getitem__(self, block: int) -> "Sounds":
        return Sounds(*(part[block : block + 1] for part in (self.strikes, self.kicks, self.tones)))

    @cached_property
    def is_pitched(self) -> Tensor:
        """[N]."""
        return self.count > 0

    @cached_property
    def count(self) -> Tensor:
        """How many tones are struck: [N]."""
        return self.tones.sum(dim=(1, 2))

    @cached_property
    def classes(self) -> Tensor:
        """How often each pitch class is struck in each beat, of length 1: [N, 48]."""
        beats = self.tones.view(len(self.tones), _BEATS, -1, _OCTAVE).sum(dim=2).flatten(1)
        return functional.normalize(beats, dim=1)

    @cached_property
    def _by_tone(self) -> Tensor:
        """Who strikes a pitch class somewhere: [POSITIONS * 12, N]; few rows of it are ever asked for at once."""
        return self.tones.flatten(1).T.contiguous()

    def in_unison(self, other: "Sounds") -> Tensor:
        """F1 of what is struck by both at once in one pitch class, with one other block: [N]."""
        both = self._by_tone[other.tones.flatten() > 0].sum(dim=0)
        return 2 * both / (self.count + other.count).clamp(min=1)

    def with_kicks_of(self, drums: "Sounds") -> Tensor:
        """F1 of strikes with another block's bass drum: [N]."""
        both = self.strikes @ drums.kicks[0]
        return 2 * both / (self.strikes.sum(dim=1) + drums.kicks.sum()).clamp(min=1)

    def beside(self, other: "Sounds") -> Tensor:
        """How much alike the pitch classes of each beat are, with one other block: [N]."""
        return self.classes @ other.classes[0]

    def outside(self, mode: Mode) -> Tensor:
        """The share of what is struck outside the scale: [N]."""
        scale = Key(0, mode).pitch_classes
        foreign = [tone for tone in range(_OCTAVE) if tone not in scale]
        return self.tones.sum(dim=1)[:, foreign].sum(dim=1) / self.count.clamp(min=1)


def _heard(sketch: Sketch, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    known = sketch.known(points)
    strikes = sketch.onsets(known) > 0
    owner, at = strikes.nonzero(as_tuple=True)
    value = sketch.logits(sketch.struck(known, owner, at + 1))[0].argmax(dim=-1)
    kicks, tones = torch.zeros(len(points), POSITIONS), torch.zeros(len(points), POSITIONS, _OCTAVE)
    has_kick = torch.tensor([bool(drums & KICK) for drums in DRUM_SETS])
    drums = value >= DRUM_SET
    kicks[owner[drums], at[drums]] = has_kick[value[drums] - DRUM_SET].float()
    pitched = (value >= PITCH) & ~drums
    tones[owner[pitched], at[pitched], (value[pitched] - PITCH) % _OCTAVE] = 1.0
    return strikes.float(), kicks, tones
