"""What is multiplied for one song has the same bits whoever else there is."""

import pytest
import torch
from torch import Tensor

from inference.engine.cuda import products
from inference.engine.cuda.products import SHORT, Products, agreeing, padded


def factors(kind: torch.dtype) -> list[tuple[Tensor, Tensor | None]]:
    generator = torch.Generator().manual_seed(3)
    weight = torch.randn(96, 200, generator=generator).to(kind)
    return [(weight, None), (weight, torch.randn(200, generator=generator).to(kind))]


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("slots", [1, 64, 70, 300])
def test_every_bucket_gives_the_bits_of_the_largest(kind: torch.dtype, slots: int) -> None:
    made = Products(factors(kind), slots)
    assert made.buckets[-1] == padded(slots)
    x = torch.randn(padded(slots), 96).to(kind)
    for weight, bias in factors(kind):
        whole = torch.empty(len(x), 200, dtype=kind)
        made.multiply(x, weight, bias, whole)
        for rows in made.buckets:
            part = torch.empty(rows, 200, dtype=kind)
            made.multiply(x[:rows], weight, bias, part)
            assert torch.equal(part, whole[:rows])


def test_a_number_of_rows_that_rounds_otherwise_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def multiply(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> None:
        out.copy_(x @ weight)
        if len(x) == SHORT:
            out[3, 5] += 1e-6

    monkeypatch.setattr(products, "_multiply", multiply)
    weight = torch.ones(8, 8)
    assert agreeing([(weight, None)], {SHORT, 64, 128}, 128) == {64, 128}
