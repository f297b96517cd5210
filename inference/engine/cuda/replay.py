"""Steps as CUDA graphs, one for each bucket; without a card, the steps themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from inference.engine.cuda.network import StepNetwork

_TRIALS = 3


class Replay:
    """A step of so many rows at the cost of starting one graph; everything happens on one stream."""

    def __init__(self, network: StepNetwork) -> None:
        self._network = network
        self._is_card = network.device.type == "cuda"
        self._stream = torch.cuda.Stream(network.device) if self._is_card else None  # type: ignore[no-untyped-call]
        self._graphs: dict[tuple[int, bool], torch.cuda.CUDAGraph] = {}

    def prepare(self, buckets: list[int]) -> None:
        """Captures the steps of unguided songs; to be called before any song has joined."""
        with self.on_stream():
            for rows in (*buckets, self._network.slots):
                # Once for real, for libraries that begin with their first call; no slot is taken yet.
                self._network.step(rows, guided=False)
        torch.cuda.synchronize(self._network.device)
        for rows in (*buckets, self._network.slots):
            self._capture(rows, guided=False)

    def step(self, rows: int, *, guided: bool) -> None:
        """Starts a step; on a card, returns at once."""
        if not self._is_card:
            self._network.step(rows, guided=guided)
            return
        if (rows, guided) not in self._graphs:
            self._capture(rows, guided=guided)
        self._graphs[rows, guided].replay()

    def mark(self) -> torch.cuda.Event | None:
        """Says when all that was started so far is done; None where it is already."""
        if self._stream is None:
            return None
        event = torch.cuda.Event(blocking=True)  # type: ignore[no-untyped-call]
        event.record(self._stream)
        return event

    def wait(self) -> None:
        """Returns when all that was started is done."""
        if self._stream is not None:
            self._stream.synchronize()

    @contextmanager
    def on_stream(self) -> Iterator[None]:
        """Everything for the card within goes to the stream of the steps."""
        if self._stream is None:
            yield
            return
        with torch.cuda.stream(self._stream):
            yield

    def _capture(self, rows: int, *, guided: bool) -> None:
        if guided:
            _ = self._network.blind  # whose memory must not belong to the graph
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            self._network.step(rows, guided=guided)
        self._graphs[rows, guided] = graph


def agreeing(network: StepNetwork, buckets: list[int]) -> list[int]:
    """The buckets whose products of matrices have the very bits that those of all slots have.

    Libraries choose how to multiply by the shapes. Random numbers in every shape there is bring to light where they add
    up in another order: some last bit among the many differs.
    """
    products: list[tuple[Tensor, Tensor | None]] = [
        (weight, None) for name, weight in network.weights.items() if name.endswith(".0")
    ]
    products += [(weight, bias) for weight, bias in (*network.heads, network.start)]
    chance = torch.Generator(network.device).manual_seed(1)
    good = list(buckets)
    for weight, bias in products:
        for _ in range(_TRIALS):
            x = torch.randn(network.slots, weight.shape[0], generator=chance, device=network.device).to(weight.dtype)
            whole = _product(x, weight, bias)
            good = [rows for rows in good if torch.equal(_product(x[:rows], weight, bias), whole[:rows])]
    return good


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch.mm(x, weight) if bias is None else torch.addmm(bias, x, weight)
