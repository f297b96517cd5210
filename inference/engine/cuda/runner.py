"""Runs the model for a batch of songs on a card; on a processor the same, to be tested."""

import time
from collections import deque
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from inference.engine.cuda.card import CardKernels
from inference.engine.cuda.kernels import HostKernels, Kernels
from inference.engine.cuda.network import StepNetwork
from inference.engine.cuda.replay import Replay
from inference.engine.rules.song import Joining, joining
from inference.engine.sequence import Sequence
from inference.model.inputs import StepInputs
from inference.model.song import genre_shares, song_numbers
from inference.model.transformer import Composer
from inference.tokens.arrangement import Header
from inference.tokens.vocabulary import FIELD_SIZES

_FED = len(FIELD_SIZES)


@dataclass(frozen=True)
class _Flight:
    """A step that the card was asked for: whose, and where its report will lie once `landed` says so."""

    songs: dict[int, Sequence]
    report: Tensor
    landed: torch.cuda.Event | None


def kernels_of(device: torch.device, *, half: bool | None = None) -> Kernels:
    """Kernels for a device, with `half` (bfloat16 in the trunk) as it is good at by default. Raises CardUnavailable."""
    half = device.type == "cuda" if half is None else half
    return CardKernels(device, half=half) if device.type == "cuda" else HostKernels(half=half)


class CardRunner:
    """Implements `BatchRunner`. The card goes from step to step by itself; we follow to hear what was written.

    On a card a step is asked for before the report of the one before is read, so a song that has just joined stands
    still for one call. A song's numbers depend neither on its company nor on the number of slots: kernels take each row
    for itself, and see products.py for the matrices.

    Args:
        model: the weights.
        slots: songs at a time.
        device: `cuda`, or `cpu` for tests.
        kernels: compiled for the device; None is `kernels_of` it.
        late: steps between asking and reading; None is what the device is good at.

    Raises:
        CardUnavailable: there is no card, or the kernels cannot be had for it or for this model.
    """

    def __init__(
        self,
        model: Composer,
        slots: int,
        device: torch.device,
        *,
        kernels: Kernels | None = None,
        late: int | None = None,
    ) -> None:
        is_card = device.type == "cuda"
        kernels = kernels or kernels_of(device)
        self.slots, self.device = slots, device
        # What a song adds to every input is a few sums, made beside the card's work.
        self._model = model.cpu().eval()
        with torch.inference_mode():
            self.network = StepNetwork(self._model, slots, kernels, device)
        self._late = int(is_card) if late is None else late
        self._owners: dict[int, Sequence] = {}
        self._kept: dict[int, tuple[Tensor, ...]] = {}
        self._flights: deque[_Flight] = deque()
        self._reports = [
            torch.zeros_like(self.network.songs["out"], device="cpu", pin_memory=is_card) for _ in range(self._late + 1)
        ]
        self._launched = 0
        self._replay = Replay(self.network)
        with torch.inference_mode():
            self._replay.prepare(self.network.buckets)

    @torch.inference_mode()
    def join(self, sequence: Sequence) -> None:
        """Takes in a sequence whose `slot` is set and that has not begun."""
        slot, told = sequence.slot, joining(sequence)
        with self._replay.on_stream():
            self._tell(slot, told, sequence)
            self.network.run("join", range(slot, slot + 1))
        self._owners[slot] = sequence

    @torch.inference_mode()
    def step(self, sequences: list[Sequence]) -> None:
        """Asks for the next step of each sequence, and advances those whose step before is there.

        Raises:
            RuntimeError: the card and the grammar are not of one mind, which would be our fault.
        """
        with self._replay.on_stream():
            self._leave_all_but(sequences)
            if self._owners:
                self._launch()
        if len(self._flights) > self._late:
            self._land(self._flights.popleft())

    def summary(self, slot: int) -> Tensor:
        """What the trunk said of the last step that was asked for in a slot: float [2C]."""
        self._replay.wait()
        return self.network.knowing.memory["summary"][slot].float().cpu().clone()

    @torch.inference_mode()
    def card_s(self, steps: int) -> float:
        """Seconds a step takes the card while nobody reads along. What is being written is lost."""
        rows = self._bucket(1 + max(self._owners, default=0))
        self._replay.wait()
        began = time.perf_counter()
        with self._replay.on_stream():
            for _ in range(steps):
                self._replay.step(rows, guided=False)
        self._replay.wait()
        self._owners.clear()
        self._flights.clear()
        return (time.perf_counter() - began) / steps

    def _tell(self, slot: int, told: Joining, sequence: Sequence) -> None:
        song = self._song(sequence, sequence.header)
        is_guided = sequence.job.sampling.guidance != 1
        blind = self._song(sequence, replace(sequence.header, genres=())) if is_guided else song
        parts = (torch.from_numpy(told.opening.ravel()), torch.from_numpy(told.given), song, blind)
        # What a slot points to must stay while anything may still read it: until the next song takes the slot.
        self._kept[slot] = tuple(self._sent(part) for part in parts)
        entries = {
            "headers": torch.from_numpy(told.header),
            "settings": torch.from_numpy(told.settings),
            "seeds": torch.tensor(sequence.job.sampling.noise_seed),
            "lists": torch.tensor([*(part.data_ptr() for part in self._kept[slot]), is_guided, len(song)]),
            "cells": torch.from_numpy(told.cells),
        }
        for name, entry in entries.items():
            self.network.songs[name][slot].copy_(self._sent(entry))

    def _sent(self, part: Tensor) -> Tensor:
        """On the device; a card fetches it when its turn comes, and nobody waits."""
        if self.device.type == "cpu":
            return part.clone()
        return part.pin_memory().to(self.device, non_blocking=True)

    def _song(self, sequence: Sequence, header: Header) -> Tensor:
        """What the song adds to every input: [1, C], or as many as its course has rows."""
        shares = torch.tensor([genre_shares(header, self._model.config.genres)])
        numbers, nothing = torch.tensor([song_numbers(header)]), torch.zeros(0)
        song = self._model.embed_song(StepInputs(nothing, nothing, nothing, numbers, shares))[0]
        return song if sequence.course is None else song + torch.from_numpy(sequence.course.table)

    def _leave_all_but(self, sequences: list[Sequence]) -> None:
        staying = {id(sequence) for sequence in sequences}
        for slot in [slot for slot, owner in self._owners.items() if id(owner) not in staying]:
            self.network.run("leave", range(slot, slot + 1))
            del self._owners[slot]

    def _launch(self) -> None:
        rows = self._bucket(1 + max(self._owners))
        guided = any(owner.job.sampling.guidance != 1 for owner in self._owners.values())
        self._replay.step(rows, guided=guided)
        report = self._reports[self._launched % len(self._reports)]
        self._launched += 1
        report.copy_(self.network.songs["out"], non_blocking=True)
        self._flights.append(_Flight(dict(self._owners), report, self._replay.mark()))

    def _land(self, flight: _Flight) -> None:
        if flight.landed is not None:
            flight.landed.synchronize()
        said = flight.report.tolist()
        for slot, sequence in flight.songs.items():
            # Whoever took the slot since then is none of this flight's business.
            if self._owners.get(slot) is sequence:
                self._advance(sequence, said[slot])

    def _advance(self, sequence: Sequence, said: list[int]) -> None:
        fed, closed, begun = said[_FED:]
        if fed != sequence.fed + 1:
            raise RuntimeError(f"the card has fed {fed} steps of a song, not {sequence.fed + 1}")
        sequence.take(said[:_FED], closed, begun)
        if sequence.is_finished:
            del self._owners[sequence.slot]

    def _bucket(self, rows: int) -> int:
        return next(bucket for bucket in self.network.buckets if bucket >= rows)
