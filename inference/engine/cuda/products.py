"""Products of matrices whose rows never feel how many others there are.

Libraries choose how to multiply by the shapes, and with the way of adding up a last bit may change. What counts is the
product of `TILE` rows; another number of rows is multiplied at once only where that gives the very same bits, and else
tile by tile. So a song is the same in an engine of one slot and in one of hundreds.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

TILE = 64
# Fewer rows are worth a graph of their own, and so are these.
SHORT = 16
_BUCKETS = (256,)
_TRIALS = 3


def padded(slots: int) -> int:
    """Rows that buffers have: whole tiles."""
    return -(-slots // TILE) * TILE


class Products:
    """Multiplies the first rows of a buffer.

    Args:
        factors: pairs of weights [inputs, outputs] and bias [outputs] or None, one of each shape that there is.
        slots: songs at a time.
    """

    def __init__(self, factors: Iterable[tuple[Tensor, Tensor | None]], slots: int) -> None:
        self._factors = list(factors)
        rows = padded(slots)
        wanted = {SHORT, rows, *(bucket for bucket in _BUCKETS if bucket < rows)}
        self._whole = {TILE, *agreeing(self._factors, wanted - {TILE}, rows)}
        short = [SHORT] if SHORT in self._whole else []
        self.buckets = [*short, *sorted({TILE} | wanted - {SHORT})]

    def begin(self) -> None:
        """One product of each shape that nobody looks at: libraries set themselves up with the first of a thread."""
        for weight, bias in self._factors:
            _product(torch.zeros(TILE, weight.shape[0], dtype=weight.dtype, device=weight.device), weight, bias)

    def multiply(self, x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> None:
        """`out` becomes x [rows, inputs] times weight, plus bias; rows are one of `buckets`."""
        rows = len(x)
        for first in [0] if rows in self._whole else range(0, rows, TILE):
            last = rows if rows in self._whole else first + TILE
            _multiply(x[first:last], weight, bias, out[first:last])


def agreeing(factors: Iterable[tuple[Tensor, Tensor | None]], wanted: set[int], rows: int) -> set[int]:
    """The numbers of rows that give the bits of tiles.

    Random numbers in every shape there is bring to light where sums are added up in another order: some last bit among
    hundreds of thousands differs.
    """
    good = set(wanted)
    for weight, bias in factors:
        chance = torch.Generator(weight.device).manual_seed(1)
        for _ in range(_TRIALS):
            x = torch.randn(rows, weight.shape[0], generator=chance, device=weight.device).to(weight.dtype)
            tiles = torch.cat([_product(x[first : first + TILE], weight, bias) for first in range(0, rows, TILE)])
            good = {count for count in good if torch.equal(_product(x[:count], weight, bias), tiles[:count])}
    return good


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    out = torch.empty(len(x), weight.shape[1], dtype=weight.dtype, device=weight.device)
    _multiply(x, weight, bias, out)
    return out


def _multiply(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> None:
    if bias is None:
        torch.mm(x, weight, out=out)
    else:
        torch.addmm(bias, x, weight, out=out)
