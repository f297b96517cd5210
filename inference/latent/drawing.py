"""Songs of points drawn from the prior, cell by cell.

What the prior likes decides together with what is known anyway: that a bass strikes with the bass drum and with the
guitar, that all play in one key, how busy a song was to be. It learns that, too, but from few songs and slowly.
"""

from dataclasses import dataclass
from functools import cached_property
from math import log

import numpy as np
import torch
from torch import Tensor

from inference.latent import prior as does
from inference.latent.agreement import OCTAVE, Sounds
from inference.latent.course import REST
from inference.latent.habits import BASS, DRUMS, RHYTHM, Heard, density_of, mode_of, roles_of
from inference.latent.leanings import Leanings
from inference.latent.points import Points
from inference.latent.prior import LatentPrior
from inference.latent.sketch import Sketch
from inference.latent.songs import Conditions, returning
from inference.music.pitch import Mode
from inference.music.program import Role
from inference.tokens.busyness import PRIOR_BLOCKS, onsets_for
from inference.tokens.grammar import Rules

TEMPERATURE = 0.7
_AT_ONCE = 2048
# In natural logarithms for twice as many strokes, in a song that is e times too sparse.
BUSY = 4.0
# A variation lies between what was played before and something new, so much of the way: half way is neither.
_LEAST_WAY, _MOST_WAY = 0.05, 0.4
_VARIATIONS = 24  # to choose from
_FAR = 100.0


@dataclass(frozen=True)
class Stock:
    """The points that new ones are drawn from: [N, Z], [N, W] as the prior hears them, and as the sketch plays them."""

    points: Tensor
    known: Tensor
    sounds: Sounds

    @classmethod
    @torch.no_grad()
    def of(cls, prior: LatentPrior, sketch: Sketch) -> "Stock":
        known = torch.cat([prior.point(sketch.known(part)) for part in torch.split(prior.stock, _AT_ONCE)])
        return cls(prior.stock, known, Sounds.of(sketch, prior.stock))

    @cached_property
    def drums(self) -> "Stock":
        """What drummers play."""
        return self._chosen(~self.sounds.is_pitched)

    @cached_property
    def pitched(self) -> "Stock":
        """What all others play."""
        return self._chosen(self.sounds.is_pitched)

    def _chosen(self, which: Tensor) -> "Stock":
        if not which.any():
            return self
        blocks = which.nonzero()[:, 0]
        return Stock(self.points[blocks], self.known[blocks], self.sounds.chosen(blocks))


@dataclass(frozen=True)
class _Block:
    """What a player plays: its point [Z], what is known of it [W], how it sounds, of whose kind it is, and which of
    the stock, if any.
    """

    point: Tensor
    known: Tensor
    sounds: Sounds
    family: int
    number: int | None = None


@dataclass(frozen=True)
class Drawing:
    """How songs are drawn; `temperature` of what is chosen among the stock: the colder, the likelier."""

    prior: LatentPrior
    sketch: Sketch
    stock: Stock
    temperature: float = TEMPERATURE

    @torch.no_grad()
    def song(self, bars: int, conditions: Conditions, generator: torch.Generator) -> Points:
        """One song; nobody rests longer than in songs that are written without points, and its last bar is played."""
        draft = self._draft(bars, conditions, generator)
        return Points(torch.stack([block.point for block in draft.blocks]), draft.cells)

    @torch.no_grad()
    def heard(self, bars: int, conditions: Conditions, generator: torch.Generator) -> Heard:
        """The same as the sketch plays it."""
        draft = self._draft(bars, conditions, generator)
        return Heard(draft.cells, Sounds(torch.cat([block.sounds.values for block in draft.blocks])))

    def _draft(self, bars: int, conditions: Conditions, generator: torch.Generator) -> "_Draft":
        draft = _Draft(self, bars, conditions, generator)
        for bar in range(bars):
            for player in range(conditions.players.shape[1]):
                draft.take_turn(bar, player)
        return draft

    @cached_property
    def keys(self) -> dict[bool, Tensor]:
        """By which the prior finds what drummers play, and what others do."""
        return {True: self.prior.key(self.stock.drums.known), False: self.prior.key(self.stock.pitched.known)}

    def shelf(self, role: int) -> tuple[Stock, Tensor]:
        """What one of that role chooses from, and its keys."""
        is_drum = role == DRUMS
        return self.stock.drums if is_drum else self.stock.pitched, self.keys[is_drum]


class _Draft:
    """A song that is being drawn."""

    def __init__(self, drawing: Drawing, bars: int, conditions: Conditions, generator: torch.Generator) -> None:
        prior = drawing.prior
        players, width = conditions.players.shape[1], prior.width
        self.cells = np.full((bars, players), REST, np.int64)
        self.blocks: list[_Block] = []
        self._families = self.cells.copy()
        self._drawing, self._prior, self._generator = drawing, prior, generator
        self._rest_limit = Rules().rest_limit(bars, Role.DRUMS)  # everybody carries a drawn song
        self._asked = prior.asked(conditions, torch.tensor([bars]), bars)[0]
        self._roster = prior.roster(conditions)[0]
        self._roles = roles_of(conditions)
        self._agreement = _Agreement(Leanings.of(conditions.genres[0] @ prior.leanings), mode_of(conditions))
        self._pace = _Pace(density_of(conditions))
        self._heard = torch.zeros(OCTAVE)  # how often each pitch class
        self._leanings = prior.cells.leanings(bars, players)
        self._memory = prior.cells.nothing()
        self._known, self._offered = torch.zeros(bars, players, width), torch.zeros(bars, players, width)

    def take_turn(self, bar: int, player: int) -> None:
        """Has a player do something in a bar; turns are taken once and in order."""
        state = self._listen(bar, player)
        chances = self._chances(state, bar, player)
        choice = self._drawn(chances)
        if choice < bar:
            self._play(bar, player, int(self.cells[choice, player]))
        elif choice < len(chances) - 2:
            self._play(bar, player, self._add(self._varied(state, (bar, player), choice - bar - 1)))
        elif choice == len(chances) - 1:
            self._play(bar, player, self._add(self._found(state, (bar, player))))
        self._offered[bar, player] = self._prior.offer(state, self._known[bar, player])

    def _play(self, bar: int, player: int, number: int) -> None:
        block = self.blocks[number]
        self.cells[bar, player], self._families[bar, player] = number, block.family
        self._known[bar, player] = block.known
        self._pace.follow(float(block.sounds.strokes))
        self._heard = self._heard + block.sounds.tones[0]

    def _add(self, block: _Block) -> int:
        self.blocks.append(block)
        return len(self.blocks) - 1

    def _drawn(self, chances: Tensor) -> int:
        return int(torch.multinomial(chances, 1, generator=self._generator))

    def _listen(self, bar: int, player: int) -> Tensor:
        """What is known at a player's turn: [W]."""
        prior, step = self._prior, bar * len(self._roster) + player
        told = self._asked[bar, player]
        if bar:
            told = told + prior.own(self._known[bar - 1, player])
        if step:
            told = told + self._word(*divmod(step - 1, len(self._roster)))
        return prior.step(told, self._leanings[:, :, step : step + 1, : step + 1], self._memory)

    def _chances(self, state: Tensor, bar: int, player: int) -> Tensor:
        """Of each earlier bar and this one (0), nearly each of them, a rest and something new: [2 * bar + 4]."""
        played = torch.from_numpy(self.cells[: bar + 1, player] != REST)
        speaking = returning(self._alike(bar, bar), self._alike(bar - 1, bar).roll(1, dims=-1))[player]
        offered = self._offered[: bar + 1, player]
        choices = self._prior.choices(
            state[None, None, None], offered[None, :, None], played[None, :, None], speaking[None, None, None]
        )
        leanings = self._agreement.leanings
        back = leanings.back(bar - torch.arange(bar + 1))
        others = torch.tensor([leanings.rest, leanings.new])
        chances = (choices[0, 0, 0] + torch.cat((back, back + leanings.nearly, others))).exp()
        if self._has_rested(bar, player) or self._would_end_early(bar, player):
            chances[-2] = 0.0
        return chances

    def _has_rested(self, bar: int, player: int) -> bool:
        """Whether a player has rested for as long as one may."""
        rests = self.cells[max(0, bar - self._rest_limit) : bar, player] == REST
        return len(rests) == self._rest_limit and bool(rests.all())

    def _would_end_early(self, bar: int, player: int) -> bool:
        """Whether it is left to this player that the last bar is played."""
        is_last = bar == len(self.cells) - 1 and player == len(self._roster) - 1
        return is_last and bool((self.cells[bar] == REST).all())

    def _found(self, state: Tensor, place: tuple[int, int]) -> _Block:
        """Something of the stock that the player has not played yet, if there is any."""
        shelf, keys = self._drawing.shelf(self._roles[place[1]])
        scores = self._liking(state, keys) + self._fitting(shelf.sounds, place)
        played = {self.blocks[block].number for block in self.cells[:, place[1]] if block != REST} - {None}
        if len(played) < len(scores):
            scores[list(played)] = -torch.inf
        which = self._drawn(scores.softmax(dim=0))
        return _Block(shelf.points[which].float(), shelf.known[which], shelf.sounds[which], len(self.blocks), which)

    def _varied(self, state: Tensor, place: tuple[int, int], earlier: int) -> _Block:
        """What the player played in an earlier bar, moved some of the way to something of the stock."""
        block = self.blocks[self.cells[earlier, place[1]]]
        shelf, keys = self._drawing.shelf(self._roles[place[1]])
        count = min(_VARIATIONS, len(keys))
        towards = torch.multinomial(self._liking(state, keys).softmax(dim=0), count, generator=self._generator)
        way = _LEAST_WAY + (_MOST_WAY - _LEAST_WAY) * torch.rand(count, 1, generator=self._generator)
        points = torch.lerp(block.point.float(), shelf.points[towards].float(), way)
        known = self._prior.point(self._drawing.sketch.known(points))
        sounds = Sounds.of(self._drawing.sketch, points)
        scores = self._liking(state, self._prior.key(known)) + self._fitting(sounds, place)
        which = self._drawn(scores.softmax(dim=0))
        return _Block(points[which], known[which], sounds[which], block.family)

    def _liking(self, state: Tensor, keys: Tensor) -> Tensor:
        return self._prior.liking(state.unsqueeze(0), keys)[0] / self._drawing.temperature

    def _fitting(self, sounds: Sounds, place: tuple[int, int]) -> Tensor:
        """How well blocks go with what was asked and with who played before in the bar."""
        bar, player = place
        heard = [(self._roles[other], self.cells[bar, other]) for other in range(player)]
        playing = [(other, self.blocks[number].sounds) for other, number in heard if number != REST]
        return self._agreement.of(sounds, self._roles[player], playing, self._heard) + self._pace.leaning(sounds)

    def _alike(self, bar: int, upto: int) -> Tensor:
        """Whether each player does in a bar what it did in an earlier one, or nearly: bool [P, upto + 1]."""
        earlier = np.arange(upto + 1) < bar
        alike = (self._families[max(0, bar)] == self._families[: upto + 1]) & earlier[:, None]
        return torch.from_numpy(alike.T)

    def _word(self, bar: int, player: int) -> Tensor:
        kind, ago = does.REST, 0
        if self.cells[bar, player] != REST:
            before = np.flatnonzero(self.cells[:bar, player] == self.cells[bar, player])
            kind, ago = (does.AGAIN, bar - int(before[-1])) if len(before) else (does.NEW, 0)
        word = self._prior.word(self._known[bar, player], torch.tensor(kind), torch.tensor(ago))
        return word + self._roster[player]


@dataclass(frozen=True)
class _Agreement:
    """What a genre leans to, in a mode."""

    leanings: Leanings
    mode: Mode | None

    def of(self, sounds: Sounds, role: int, playing: list[tuple[int, Sounds]], heard: Tensor) -> Tensor:
        """How well blocks go with the key, with those of others, each with its role, and with what was heard: [N]."""
        if role == DRUMS:
            return torch.zeros(len(sounds))
        leanings = self.leanings
        agrees = leanings.unfamiliar * sounds.unfamiliar(heard)
        if self.mode is not None:
            agrees = agrees + leanings.outside * sounds.outside(self.mode)
        pitched = [(other, block) for other, block in playing if other != DRUMS]
        for other, block in playing:
            if other == DRUMS and role == BASS:
                agrees = agrees + leanings.kicks * sounds.with_kicks_of(block)
        for other, block in pitched:
            agrees = agrees + leanings.beside / len(pitched) * sounds.beside(block)
            if {role, other} == {BASS, RHYTHM}:
                agrees = agrees + leanings.unison * sounds.in_unison(block)
        return agrees.masked_fill(~sounds.is_pitched, -_FAR)


class _Pace:
    """Keeps a song about as busy as was asked."""

    def __init__(self, density: int | None) -> None:
        self._target = None if density is None else onsets_for(density)
        self._strokes = PRIOR_BLOCKS * (self._target or 0.0)
        self._blocks = PRIOR_BLOCKS

    def follow(self, strokes: float) -> None:
        """Takes in a block that is played."""
        self._strokes, self._blocks = self._strokes + strokes, self._blocks + 1

    def leaning(self, sounds: Sounds) -> Tensor:
        """Towards blocks of more strokes in a song that has too few, and of fewer in one that has too many: [N]."""
        if self._target is None:
            return torch.zeros(len(sounds))
        missing = log(self._target * self._blocks / self._strokes)
        return BUSY * missing * sounds.strokes.clamp(min=1).log2()
