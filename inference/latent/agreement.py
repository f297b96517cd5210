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
from inference.tokens.vocabulary import DRUM_SET, PITCH, POSITIONS, VALUES

SILENT = -1
OCTAVE = 12
_BEATS = 4
_AT_ONCE = 1024
_BEFOREHAND = 0.5  # tones of each pitch class, before any is heard


@dataclass(frozen=True)
class Sounds:
    """What blocks sound like.

    values: int16 [N, POSITIONS], which pitch above the tonic (the lowest) or which drums are struck where, or SILENT.
    """

    values: Tensor

    @classmethod
    @torch.no_grad()
    def of(cls, sketch: Sketch, points: Tensor) -> "Sounds":
        return cls(torch.cat([_heard(sketch, part) for part in torch.split(points, _AT_ONCE)]))

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, block: int) -> "Sounds":
        return Sounds(self.values[block : block + 1])

    def chosen(self, blocks: Tensor) -> "Sounds":
        """Some of them, by number."""
        return Sounds(self.values[blocks])

    @cached_property
    def strikes(self) -> Tensor:
        """Where something is struck: float [N, POSITIONS]."""
        return (self.values != SILENT).float()

    @cached_property
    def strokes(self) -> Tensor:
        """How often: [N]."""
        return self.strikes.sum(dim=1)

    @cached_property
    def kicks(self) -> Tensor:
        """Where the bass drum is: float [N, POSITIONS]."""
        return _KICKS[self.values.long()]

    @cached_property
    def _tones(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of each tone struck its block, its place and its pitch class."""
        block, at = ((self.values >= PITCH) & (self.values < DRUM_SET)).nonzero(as_tuple=True)
        return block, at, (self.values[block, at].long() - PITCH) % OCTAVE

    @cached_property
    def is_pitched(self) -> Tensor:
        """[N]."""
        return self.count > 0

    @cached_property
    def count(self) -> Tensor:
        """How many tones are struck: [N]."""
        return torch.bincount(self._tones[0], minlength=len(self)).float()

    @cached_property
    def classes(self) -> Tensor:
        """How often each pitch class is struck in each beat, of length 1: [N, 48]."""
        return functional.normalize(self._by_beat.flatten(1), dim=1)

    @cached_property
    def tones(self) -> Tensor:
        """How often each pitch class is struck: float [N, 12]."""
        return self._by_beat.sum(dim=1)

    @cached_property
    def _by_beat(self) -> Tensor:
        """The same in each beat: float [N, 4, 12]."""
        block, at, tone = self._tones
        column = (block * _BEATS + at * _BEATS // POSITIONS) * OCTAVE + tone
        counts = torch.bincount(column, minlength=len(self) * _BEATS * OCTAVE)
        return counts.view(len(self), _BEATS, OCTAVE).float()

    @cached_property
    def _by_tone(self) -> Tensor:
        """Who strikes a pitch class somewhere: bool [POSITIONS * 12, N]; few rows of it are ever asked for at once."""
        block, at, tone = self._tones
        struck = torch.zeros(POSITIONS * OCTAVE, len(self), dtype=torch.bool)
        struck[at * OCTAVE + tone, block] = True
        return struck

    def in_unison(self, other: "Sounds") -> Tensor:
        """F1 of what is struck by both at once in one pitch class, with one other block: [N]."""
        _, at, tone = other._tones
        both = self._by_tone[at * OCTAVE + tone].sum(dim=0)
        return 2 * both / (self.count + other.count).clamp(min=1)

    def with_kicks_of(self, drums: "Sounds") -> Tensor:
        """F1 of strikes with another block's bass drum: [N]."""
        both = self.strikes @ drums.kicks[0]
        return 2 * both / (self.strokes + drums.kicks.sum()).clamp(min=1)

    def beside(self, other: "Sounds") -> Tensor:
        """How much alike the pitch classes of each beat are, with one other block: [N]."""
        return self.classes @ other.classes[0]

    def outside(self, mode: Mode) -> Tensor:
        """The share of what is struck outside the scale: [N]."""
        scale = Key(0, mode).pitch_classes
        foreign = torch.tensor([tone not in scale for tone in range(OCTAVE)])
        block, _, tone = self._tones
        counts = torch.bincount(block, weights=foreign[tone].double(), minlength=len(self))
        return counts.float() / self.count.clamp(min=1)

    def unfamiliar(self, heard: Tensor) -> Tensor:
        """How little is struck of what was heard, how often of each pitch class [12]: mean surprise in bits, [N]."""
        return -self.tones @ familiarity(heard) / self.count.clamp(min=1)

    def like(self, other: "Sounds") -> Tensor:
        """What is struck alike over all that either strikes, with one other block: [N]."""
        both = ((self.values == other.values) & (other.values != SILENT)).sum(dim=1)
        return both / (self.strokes + other.strokes - both).clamp(min=1)


def familiarity(heard: Tensor) -> Tensor:
    """Of each pitch class the logarithm of its share of what was heard, a little of each beforehand: [..., 12]."""
    counts = heard + _BEFOREHAND
    return (counts / counts.sum(dim=-1, keepdim=True)).log2()


# Of each value whether it has a bass drum, and of SILENT, which is the last from behind, that it has none.
_KICKS = torch.zeros(VALUES + 1)
_KICKS[DRUM_SET : DRUM_SET + len(DRUM_SETS)] = torch.tensor([float(bool(drums & KICK)) for drums in DRUM_SETS])


def _heard(sketch: Sketch, points: Tensor) -> Tensor:
    known = sketch.known(points)
    owner, at = (sketch.onsets(known) > 0).nonzero(as_tuple=True)
    values = torch.full((len(points), POSITIONS), SILENT, dtype=torch.int16)
    values[owner, at] = sketch.logits(sketch.struck(known, owner, at + 1))[0].argmax(dim=-1).to(torch.int16)
    return values
