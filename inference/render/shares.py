"""Who plays what where two processes record one song: its parts in two shares that take about as long."""

from collections.abc import Iterator, Sequence
from itertools import chain

from inference.render.performance import Hit, Performance
from inference.render.synth import RATE

_SHARES = 2
_TONE_COST, _TAKE_COST, _AMP_COST = 0.9, 0.1, 1.7  # milliseconds for each second of a tone, of a take, of one amplified
_HIT_COST = 0.06


def shares_of(performances: Sequence[Performance]) -> tuple[tuple[Performance, ...], ...]:
    """Two shares, the greater one first; the second is empty where one player is alone.

    They follow from the notes only. A desk that takes them in this order makes the same sums wherever they were played.
    """
    shares: tuple[list[Performance], ...] = tuple([] for _ in range(_SHARES))
    costs = [0.0] * _SHARES
    length_s = max((hit.at + hit.length for one in performances for hit in _hits(one)), default=0) / RATE
    priced = [(_cost(one, length_s), one) for one in performances]
    for cost, one in sorted(priced, key=lambda pair: pair[0], reverse=True):  # stable
        least = costs.index(min(costs))
        shares[least].append(one)
        costs[least] += cost
    return tuple(tuple(sorted(share, key=lambda one: one.part.track)) for share in shares)


def _cost(one: Performance, length_s: float) -> float:
    """A rough guess, in milliseconds of one core."""
    tones_s = sum(length + tone.ring_samples for tone, length in one.tones.items()) / RATE
    each = _TAKE_COST + (_AMP_COST if one.part.amp else 0.0)
    return _TONE_COST * tones_s + each * len(one.takes) * length_s + _HIT_COST * sum(map(len, one.takes))


def _hits(one: Performance) -> Iterator[Hit]:
    return chain.from_iterable(one.takes)
