"""Steps as CUDA graphs, one for each bucket; without a card, the steps themselves."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from inference.engine.cuda.network import StepNetwork


class Replay:
    """A step of so many rows at the cost of starting one graph; everything happens on one stream."""

    def __init__(self, network: StepNetwork) -> None:
        self._network = network
        self._is_card = network.device.type == "cuda"
        self._stream = torch.cuda.Stream(network.device) if self._is_card else None  # type: ignore[no-untyped-call]
        self._graphs: dict[tuple[int, bool], torch.cuda.CUDAGraph] = {}

    def prepare(self, buckets: list[int]) -> None:
        """Captures the steps of unguided songs; to be called before any song has joined."""
        if not self._is_card:
            return
        # Weights and empty memory were put there on another stream.
        torch.cuda.synchronize(self._network.device)
        with self.on_stream():
            for rows in buckets:
                # Once for real, for libraries that begin with their first call; no slot is taken yet.
                self._network.step(rows, guided=False)
        torch.cuda.synchronize(self._network.device)
        for rows in buckets:
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
        # Another thread than the one that prepared us may come here, and cuBLAS cannot begin in the midst of a capture.
        with self.on_stream():
            self._network.begin()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
            self._network.step(rows, guided=guided)
        self._graphs[rows, guided] = graph
