"""What is measured of songs of points, and what leanings are to bring near to real ones."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from inference.latent.agreement import Sounds, familiarity
from inference.latent.course import REST, Cells
from inference.latent.leanings import LAGS
from inference.latent.songs import LIKE, Conditions
from inference.music.pitch import Mode
from inference.music.program import Role

DRUMS, BASS, RHYTHM = (1 + tuple(Role).index(role) for role in (Role.DRUMS, Role.BASS, Role.RHYTHM))
_MODE, _DENSITY = 2, 3
_MODES = (None, Mode.MAJOR, Mode.MINOR)
_NONE = float("nan")


def roles_of(conditions: Conditions) -> list[int]:
    """The number of each player's role."""
    return [int(role) for role, _ in conditions.players[0]]


def mode_of(conditions: Conditions) -> Mode | None:
    """That of the key, if one is asked for."""
    return _MODES[int(conditions.song[0, _MODE])]


def density_of(conditions: Conditions) -> int | None:
    """What is asked for, if anything."""
    return int(conditions.song[0, _DENSITY]) or None


@dataclass(frozen=True)
class Heard:
    """A song as the sketch plays it: its form, and what each of its points sounds like."""

    cells: Cells
    sounds: Sounds


def measured(song: Heard, conditions: Conditions) -> Tensor:
    """One number for each leaning, in their order, NaN where there is nothing to measure: [COUNT].

    Shares of what is played are new and nearly as before; of all cells, rests; of the bars so far apart, the same or
    nearly the same; of tones, outside the scale; then means over those who play together, and over all blocks in their
    order, of how unfamiliar they are.
    """
    cells, roles, mode = song.cells, roles_of(conditions), mode_of(conditions)
    plays = cells != REST
    families, new, nearly = _families(song)
    lags = [_coming_back(families, lag) for lag in LAGS]
    outside = _NONE if mode is None else _outside(song, mode)
    pairs = list(_pairs(song, roles))
    together = [_mean([pair[number] for pair in pairs]) for number in range(3)]
    played = max(1, int(plays.sum()))
    return torch.tensor([new / played, nearly / played, 1 - plays.mean(), *lags, outside, *together, _unfamiliar(song)])


def _families(song: Heard) -> tuple[Cells, int, int]:
    """Cells with one number for what is nearly the same, how many blocks are new, and how many are nearly as before."""
    family = np.arange(len(song.sounds))
    new = nearly = 0
    for player in range(song.cells.shape[1]):
        known: list[int] = []
        for block in dict.fromkeys(song.cells[:, player].tolist()):
            if block == REST:
                continue
            if known:
                alike = song.sounds.chosen(torch.tensor(known)).like(song.sounds[block])
                best = int(alike.argmax())
                if alike[best] >= LIKE:
                    family[block] = family[known[best]]
                    nearly += 1
                else:
                    new += 1
            else:
                new += 1
            known.append(block)
    return np.where(song.cells == REST, REST, family[song.cells]), new, nearly


def _coming_back(families: Cells, lag: int) -> float:
    now, then = families[lag:], families[:-lag]
    either = (now != REST) | (then != REST)
    return float(((now == then) & either).sum() / either.sum()) if either.any() else _NONE


def _outside(song: Heard, mode: Mode) -> float:
    played = torch.from_numpy(song.cells[song.cells != REST])
    counts = song.sounds.count[played]
    return float((song.sounds.outside(mode)[played] * counts).sum() / counts.sum()) if counts.sum() else _NONE


def _unfamiliar(song: Heard) -> float:
    played = torch.from_numpy(song.cells[song.cells != REST])
    blocks = played[song.sounds.is_pitched[played]]
    tones = song.sounds.tones[blocks]
    surprise = -(tones * familiarity(tones.cumsum(dim=0) - tones)).sum(dim=1) / tones.sum(dim=1)
    return _mean(surprise.tolist())


def _pairs(song: Heard, roles: Sequence[int]) -> Iterator[tuple[float, float, float]]:
    """Of each two who play in a bar: unison, tones beside, strokes with the bass drum; NaN where it is for others."""
    for row in song.cells:
        playing = [(role, int(block)) for role, block in zip(roles, row, strict=True) if block != REST]
        for number, (role, block) in enumerate(playing):
            for other, earlier in playing[:number]:
                yield _pair(song.sounds, (role, block), (other, earlier))


def _pair(sounds: Sounds, one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float, float]:
    (role, block), (before, earlier) = one, other
    here, there = sounds[block], sounds[earlier]
    if before == DRUMS:
        return _NONE, _NONE, float(here.with_kicks_of(there)) if role == BASS else _NONE
    beside = float(here.beside(there)) if here.count and there.count else _NONE
    return float(here.in_unison(there)) if {role, before} == {BASS, RHYTHM} else _NONE, beside, _NONE


def _mean(values: Sequence[float]) -> float:
    some = [value for value in values if not np.isnan(value)]
    return float(np.mean(some)) if some else _NONE
