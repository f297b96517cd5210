"""Times one decode step of the engine beside transformers and the limits of memory and arithmetic, in one run."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import mean, median
from typing import Any

from inference.engine import Decoder, load_runner
from inference.engine.batch import BatchRunner
from inference.engine.contract import ComposeJob
from inference.engine.native.runner import NativeRunner
from inference.engine.sequence import Sequence
from inference.model.config import ModelConfig
from inference.model.stored import read_checkpoint
from inference.music.genre import load_catalogue
from inference.music.spec import SamplingParams, SongSpec
from inference.tokens.grammar import Rules
from inference.tokens.vocabulary import VALUES

BATCHES = (1, 16)
_PROMPT, _GENERATED = 256, 64  # their context is as long as that of a song half way
_OUR_STEPS = 400
_APART = 24  # steps between the beginnings of songs
_SCALE_BYTES = 4


@dataclass(frozen=True, slots=True)
class DecodePlan:
    """The weights and how they are decoded; `rounds` times each, in turns."""

    checkpoint: Path
    decoder: Decoder
    threads: int
    genres: Path
    spec: SongSpec
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class DecodeRow:
    """Milliseconds of one step of `batch` songs, medians over the rounds.

    On one thread it is the processor's time that counts, so that other programs do not.

    Args:
        batch: songs at a time.
        ours_ms: our engine writing songs: network, masks, sampling and bookkeeping.
        theirs_ms: `generate` of transformers on a Llama of the same trunk with one head of 354 tokens, in the better of
            float32 and bfloat16; None when it is not installed. One of their tokens is a fifth of one of our steps.
        memory_ms: reading as many bytes as a step of ours must (weights once, every song's keys and values), which is
            the least that an engine with our precision can take; None where there is no native step.
        arithmetic_ms: multiplying as often as a step must (every weight once a song, every song's keys and values) as
            fast as one thread of this processor can, measured as well; None where there is no native step.
        halves_ms: reading as many numbers as a step of ours must, but in 16 bits each, as the checkpoint and the caches
            of other engines have them; None where there is no native step.
        columns: steps that a song sees, on average.
    """

    batch: int
    ours_ms: float
    theirs_ms: float | None
    memory_ms: float | None
    arithmetic_ms: float | None = None
    halves_ms: float | None = None
    columns: float = 0.0

    @property
    def ratio(self) -> float | None:
        """How many times faster than `transformers`."""
        return None if self.theirs_ms is None else self.theirs_ms / self.ours_ms

    @property
    def over_memory(self) -> float | None:
        """How many times longer than the memory needs."""
        return None if self.memory_ms is None else self.ours_ms / self.memory_ms

    @property
    def over_halves(self) -> float | None:
        """How many times longer than the memory needs for 16 bits a number."""
        return None if self.halves_ms is None else self.ours_ms / self.halves_ms

    @property
    def over_roofline(self) -> float | None:
        """How many times longer than whichever needs longer, the memory or the arithmetic."""
        if self.memory_ms is None or self.arithmetic_ms is None:
            return None
        return self.ours_ms / max(self.memory_ms, self.arithmetic_ms)


def decode_rows(plan: DecodePlan) -> list[DecodeRow]:
    """Measures each of BATCHES; some minutes. Best in a process of its own.

    Raises:
        CheckpointError: the checkpoint is missing or damaged.
        NativeUnavailable: the native step is insisted on and cannot be had.
    """
    import torch

    torch.set_num_threads(plan.threads)
    config, _ = read_checkpoint(plan.checkpoint)
    theirs = _transformers(config)
    return [_row(plan, config, batch, theirs) for batch in BATCHES]


def _row(plan: DecodePlan, config: ModelConfig, batch: int, theirs: list[Any]) -> DecodeRow:
    runner = load_runner(plan.checkpoint, batch, plan.threads, plan.decoder)
    batch = min(batch, runner.slots)
    clock = time.thread_time if plan.threads == 1 else time.perf_counter
    busy = _Busy(runner, _songs(plan), batch)
    measures: dict[str, Callable[[], float]] = {"ours": lambda: busy.step_s(clock)}
    for number, model in enumerate(theirs):
        measures[f"theirs {number}"] = lambda model=model: _their_step_s(model, batch, clock)  # type: ignore[misc]
    if isinstance(runner, NativeRunner):
        native = runner.native
        small, fine = native.weights(1), native.weights(2)
        measures["memory"] = lambda: native.read_s(small + 2 * fine + int(_cache_bytes(config, busy)), clock)
        measures["halves"] = lambda: native.read_s(2 * (small + fine + int(_cached(config, busy))), clock)
        # Heads that share keys and values multiply them each.
        seen = config.heads // config.kv_heads
        measures["arithmetic"] = lambda: native.multiply_s(
            batch * small + seen * _cached(config, busy), batch * fine, clock
        )
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(plan.rounds):
        for name, measure in measures.items():
            taken[name].append(measure())
    middle = {name: 1000 * median(seconds) for name, seconds in taken.items()}
    best = min((ms for name, ms in middle.items() if name.startswith("theirs")), default=None)
    bounds = (middle.get("memory"), middle.get("arithmetic"), middle.get("halves"))
    return DecodeRow(batch, middle["ours"], best, *bounds, busy.columns)


def _songs(plan: DecodePlan) -> Iterator[Sequence]:
    catalogue = load_catalogue(plan.genres)
    for number in count():
        job = ComposeJob(f"bench-{number}", catalogue.complete(plan.spec, number), SamplingParams(number))
        yield Sequence(job, lambda event: None, Rules())


class _Busy:
    """An engine with every slot taken by songs that began one after another; one that ends makes room for the next."""

    def __init__(self, runner: BatchRunner, songs: Iterator[Sequence], batch: int) -> None:
        self._runner, self._songs, self.batch = runner, songs, batch
        self._running: dict[int, Sequence] = {}
        self._seen: list[int] = []
        for slot in range(batch):
            self._join(slot)
            for _ in range(_APART):
                self._step()

    @property
    def columns(self) -> float:
        """Steps that a song saw on average, in all steps that were timed."""
        return mean(self._seen)

    def step_s(self, clock: Callable[[], float]) -> float:
        """Seconds a step."""
        seconds = 0.0
        for _ in range(_OUR_STEPS // _APART + 1):
            began = clock()
            for _ in range(_APART):
                self._step()
            seconds += clock() - began
            self._seen += [sequence.fed for sequence in self._running.values()]
        return seconds / (_OUR_STEPS // _APART + 1) / _APART

    def _step(self) -> None:
        for slot, sequence in list(self._running.items()):
            if sequence.is_finished:
                self._join(slot)
        self._runner.step(list(self._running.values()))

    def _join(self, slot: int) -> None:
        sequence = self._running[slot] = next(self._songs)
        sequence.slot = slot
        self._runner.join(sequence)


def _transformers(config: ModelConfig) -> list[Any]:
    """The same trunk as a Llama with one head over our largest field, in each number format; none if not installed."""
    try:
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError:
        return []
    import torch

    shape = LlamaConfig(
        vocab_size=VALUES,
        hidden_size=config.width,
        intermediate_size=config.hidden,
        num_hidden_layers=config.layers,
        num_attention_heads=config.heads,
        num_key_value_heads=config.kv_heads,
        max_position_embeddings=config.window,
        pad_token_id=0,
    )
    models: list[Any] = [LlamaForCausalLM(shape) for _ in range(2)]
    return [model.eval().to(kind) for model, kind in zip(models, (torch.float32, torch.bfloat16), strict=True)]


def _their_step_s(model: Any, batch: int, clock: Callable[[], float]) -> float:
    """Seconds a token of each row, without the prompt."""
    import torch

    prompt = torch.randint(1, VALUES, (batch, _PROMPT))
    mask = torch.ones_like(prompt)

    def generate_s(tokens: int) -> float:
        began = clock()
        with torch.inference_mode():
            model.generate(
                prompt, attention_mask=mask, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=True, top_p=0.98
            )
        return clock() - began

    generate_s(2)
    first_s = generate_s(1)
    return (generate_s(1 + _GENERATED) - first_s) / _GENERATED


def _cached(config: ModelConfig, busy: _Busy) -> float:
    """Numbers in the keys and values of all songs."""
    columns = min(config.window, busy.columns)
    return busy.batch * config.layers * config.kv_heads * 2 * columns * config.head_size


def _cache_bytes(config: ModelConfig, busy: _Busy) -> float:
    """As we keep them: a byte each, and with every key and every value a scale."""
    return _cached(config, busy) * (1 + _SCALE_BYTES / config.head_size)
