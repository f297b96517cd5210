"""Songs of points drawn from the prior, cell by cell.

What the prior likes decides together with what is known anyway: that a bass strikes with the bass drum and with the
guitar, that all play in one key. It learns that, too, but from few songs and slowly.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inference.latent import prior as does
from inference.latent.agreement import Sounds
from inference.latent.course import REST
from inference.latent.points import Points
from inference.latent.prior import LatentPrior
from inference.latent.sketch import Sketch
from inference.latent.songs import Conditions, returning
from inference.music.pitch import Mode
from inference.music.program import Role
from inference.tokens.grammar import Rules

TEMPERATURE = 0.4
_AT_ONCE = 2048

# How much, in natural logarithms, agreement counts beside what the prior likes: tones outside the scale, unisons of
# bass and rhythm, pitch classes of a beat of all others, and strokes of the bass with the bass drum.
OUTSIDE, UNISON, BESIDE, KICKS = -4.0, 5.0, 3.0, 8.0
# How much likelier something new is than the prior says: what it drew came back too often.
NEW = 1.4
_DRUMS, _BASS, _RHYTHM = (1 + tuple(Role).index(role) for role in (Role.DRUMS, Role.BASS, Role.RHYTHM))
_MODE = 2
_FAR = 100.0
_MODES = (None, Mode.MAJOR, Mode.MINOR)


@dataclass(frozen=True)
class Stock:
    """The points that new ones are drawn from.

    known, keys: as the prior hears and finds them, [N, W] each. sounds: as the sketch plays them.
    """

    known: Tensor
    keys: Tensor
    sounds: Sounds

    @classmethod
    @torch.no_grad()
    def of(cls, prior: LatentPrior, sketch: Sketch) -> "Stock":
        known = torch.cat([prior.point(sketch.known(part)) for part in torch.split(prior.stock, _AT_ONCE)])
        return cls(known, prior.key(known), Sounds.of(sketch, prior.stock))


@dataclass(frozen=True)
class Drawing:
    """How songs are drawn; `temperature` of what is chosen among the stock: the colder, the likelier."""

    prior: LatentPrior
    stock: Stock
    temperature: float = TEMPERATURE

    @torch.no_grad()
    def song(self, bars: int, conditions: Conditions, generator: torch.Generator) -> Points:
        """One song; nobody rests longer than in songs that are written without points, and its last bar is played."""
        draft = _Draft(self, bars, conditions)
        for bar in range(bars):
            for player in range(conditions.players.shape[1]):
                draft.take_turn(bar, player, generator)
        return Points(self.prior.stock[torch.tensor(draft.found, dtype=torch.int64)], draft.cells)


class _Draft:
    """A song that is being drawn."""

    def __init__(self, drawing: Drawing, bars: int, conditions: Conditions) -> None:
        prior = drawing.prior
        players, width = conditions.players.shape[1], prior.width
        self.cells = np.full((bars, players), REST, np.int64)
        self.found: list[int] = []  # where in the stock each point is
        self._drawing, self._prior = drawing, prior
        self._rest_limit = Rules().rest_limit(bars)
        self._asked = prior.asked(conditions, torch.tensor([bars]), bars)[0]
        self._roster = prior.roster(conditions)[0]
        self._roles = [int(role) for role, _ in conditions.players[0]]
        mode, sounds = _MODES[int(conditions.song[0, _MODE])], drawing.stock.sounds
        self._outside = torch.zeros(len(sounds.strikes)) if mode is None else OUTSIDE * sounds.outside(mode)
        self._leanings = prior.cells.leanings(bars, players)
        self._memory = prior.cells.nothing()
        self._known, self._offered = torch.zeros(bars, players, width), torch.zeros(bars, players, width)

    def take_turn(self, bar: int, player: int, generator: torch.Generator) -> None:
        """Has a player do something in a bar; turns are taken once and in order."""
        state = self._listen(bar, player)
        chances = self._chances(state, bar, player)
        choice = int(torch.multinomial(chances, 1, generator=generator))
        if choice < bar:
            self.cells[bar, player] = self.cells[choice, player]
        elif choice == len(chances) - 1:
            self.found.append(self._find(state, (bar, player), generator))
            self.cells[bar, player] = len(self.found) - 1
        if self.cells[bar, player] != REST:
            self._known[bar, player] = self._drawing.stock.known[self.found[self.cells[bar, player]]]
        self._offered[bar, player] = self._prior.offer(state, self._known[bar, player])

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
        """Of each earlier bar, of this one (0), a rest and something new, in proportion: [bar + 3]."""
        played = torch.from_numpy(self.cells[: bar + 1, player] != REST)
        speaking = returning(self._alike(bar, bar), self._alike(bar - 1, bar).roll(1, dims=-1))[player]
        offered = self._offered[: bar + 1, player]
        choices = self._prior.choices(
            state[None, None, None], offered[None, :, None], played[None, :, None], speaking[None, None, None]
        )
        chances = choices[0, 0, 0].exp()
        chances[-1] *= NEW
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

    def _find(self, state: Tensor, place: tuple[int, int], generator: torch.Generator) -> int:
        """Something of the stock that the player has not played yet, if there is any."""
        bar, player = place
        scores = self._prior.liking(state.unsqueeze(0), self._drawing.stock.keys)[0] / self._drawing.temperature
        scores = scores + self._agreement(bar, player)
        played = sorted({self.found[point] for point in self.cells[:, player] if point != REST})
        if len(played) < len(scores):
            scores[played] = -torch.inf
        return int(torch.multinomial(scores.softmax(dim=0), 1, generator=generator))

    def _agreement(self, bar: int, player: int) -> Tensor:
        """How well everything of the stock goes with the key and with who played before in the bar."""
        sounds, role = self._drawing.stock.sounds, self._roles[player]
        if role == _DRUMS:
            return torch.zeros(len(sounds.strikes))
        agrees = self._outside
        heard = [(self._roles[other], self.cells[bar, other]) for other in range(player)]
        playing = [(other, sounds[self.found[point]]) for other, point in heard if point != REST]
        pitched = [(other, block) for other, block in playing if other != _DRUMS]
        for other, block in playing:
            if other == _DRUMS and role == _BASS:
                agrees = agrees + KICKS * sounds.with_kicks_of(block)
        for other, block in pitched:
            agrees = agrees + BESIDE / len(pitched) * sounds.beside(block)
            if {role, other} == {_BASS, _RHYTHM}:
                agrees = agrees + UNISON * sounds.in_unison(block)
        return agrees.masked_fill(~sounds.is_pitched, -_FAR)

    def _alike(self, bar: int, upto: int) -> Tensor:
        """Whether each player does in a bar what it did in an earlier one: bool [P, upto + 1]."""
        earlier = np.arange(upto + 1) < bar
        alike = (self.cells[max(0, bar)] == self.cells[: upto + 1]) & earlier[:, None]
        return torch.from_numpy(alike.T)

    def _word(self, bar: int, player: int) -> Tensor:
        kind, ago = does.REST, 0
        if self.cells[bar, player] != REST:
            before = np.flatnonzero(self.cells[:bar, player] == self.cells[bar, player])
            kind, ago = (does.AGAIN, bar - int(before[-1])) if len(before) else (does.NEW, 0)
        word = self._prior.word(self._known[bar, player], torch.tensor(kind), torch.tensor(ago))
        return word + self._roster[player]
