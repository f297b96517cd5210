"""The header of a song as the numbers the network takes; no torch here."""

from bisect import bisect_right
from math import exp, log

from inference.music.pitch import Mode
from inference.music.score import Meter
from inference.music.spec import MAX_DENSITY
from inference.music.units import MAX_BARS, MAX_TEMPO, MIN_TEMPO
from inference.tokens.arrangement import Header

_TEMPO_BINS = 32
_RATIO = log(MAX_TEMPO / MIN_TEMPO) / _TEMPO_BINS
_TEMPO_BOUNDS = tuple(MIN_TEMPO * exp(_RATIO * step) for step in range(1, _TEMPO_BINS))
_BARS_A_BIN = 4

# The order is part of every checkpoint: append, never insert. 0 stands for all others.
_METERS = tuple(Meter.parse(text) for text in ("4/4", "3/4", "6/8", "2/4", "2/2", "7/8", "3/8", "5/8"))

# tempo, tonic, mode, density, bars, meter, opens, closes, free order, bars ahead
SONG_SIZES = (_TEMPO_BINS, 13, 3, 1 + MAX_DENSITY, 2 + MAX_BARS // _BARS_A_BIN, 1 + len(_METERS), 2, 2, 2, 2)


def song_numbers(header: Header) -> tuple[int, ...]:
    """The header as integers below SONG_SIZES."""
    key = header.key
    return (
        bisect_right(_TEMPO_BOUNDS, header.tempo),
        0 if key is None else 1 + key.tonic,
        0 if key is None else 1 + (key.mode is Mode.MINOR),
        header.density or 0,
        min(1 + MAX_BARS // _BARS_A_BIN, header.bars // _BARS_A_BIN),
        1 + _METERS.index(header.meter) if header.meter in _METERS else 0,
        int(header.opens),
        int(header.closes),
        int(header.free_order),
        int(header.ahead > 0),
    )


def genre_shares(header: Header, genres: tuple[str, ...]) -> list[float]:
    """One weight a genre of the model, and one for all others and none."""
    shares = [0.0] * len(genres)
    for name, weight in header.genres:
        if name in genres:
            shares[genres.index(name)] += weight
    return [*shares, 1.0 - sum(shares)]
