"""One decode step of our engine beside what else would do it, and beside what the memory allows; all in one run."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median
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
_WEIGHT_BYTES = 2


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

    Args:
        batch: songs at a time.
        ours_ms: our engine writing songs: network, masks, sampling and bookkeeping.
        theirs_ms: `generate` of transformers on a Llama of the same trunk with one head of 354 tokens, in the better of
            float32 and bfloat16; None when it is not installed. One of their tokens is a fifth of one of our steps.
        memory_ms: reading as many bytes as a step must (weights once, every song's keys and values), which is the
            least that any engine with this precision can take; None where there is no native step.
        arithmetic_ms: multiplying as often as a step must (every weight once a song, every song's keys and values) as
            fast as one thread of this processor can, measured as well; None where there is no native step.
    """

    batch: int
    ours_ms: float
    theirs_ms: float | None
    memory_ms: float | None
    arithmetic_ms: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times faster than `transformers`."""
        return None if self.theirs_ms is None else self.theirs_ms / self.ours_ms

    @property
    def over_memory(self) -> float | None:
        """How many times longer than the memory needs."""
        return None if self.memory_ms is None else self.ours_ms / self.memory_ms

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
    songs = _songs(plan)
    measures: dict[str, Callable[[], float]] = {"ours": lambda: _our_step_s(runner, songs, batch)}
    for number, model in enumerate(theirs):
        measures[f"theirs {number}"] = lambda model=model: _their_step_s(model, batch)  # type: ignore[misc]
    if isinstance(runner, NativeRunner):
        size = runner.native.weight_bytes + batch * _cache_bytes(config)
        measures["memory"] = lambda: runner.native.read_s(size)
        products, fused = batch * runner.native.weight_bytes / _WEIGHT_BYTES, batch * _attention_products(config)
        measures["arithmetic"] = lambda: runner.native.multiply_s(products, fused)
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(plan.rounds):
        for name, measure in measures.items():
            taken[name].append(measure())
    middle = {name: 1000 * median(seconds) for name, seconds in taken.items()}
    best = min((ms for name, ms in middle.items() if name.startswith("theirs")), default=None)
    return DecodeRow(batch, middle["ours"], best, middle.get("memory"), middle.get("arithmetic"))


def _songs(plan: DecodePlan) -> Iterator[Sequence]:
    catalogue = load_catalogue(plan.genres)
    for number in count():
        job = ComposeJob(f"bench-{number}", catalogue.complete(plan.spec, number), SamplingParams(number))
        yield Sequence(job, lambda event: None, Rules())


def _our_step_s(runner: BatchRunner, songs: Iterator[Sequence], batch: int) -> float:
    """Seconds a step with every slot taken; a song that ends makes room for the next."""
    running: dict[int, Sequence] = {}
    began = time.perf_counter()
    for _ in range(_OUR_STEPS):
        for slot in range(batch):
            if slot not in running or running[slot].is_finished:
                running[slot] = next(songs)
                running[slot].slot = slot
                runner.join(running[slot])
        runner.step(list(running.values()))
    return (time.perf_counter() - began) / _OUR_STEPS


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


def _their_step_s(model: Any, batch: int) -> float:
    """Seconds a token of each row, without the prompt."""
    import torch

    prompt = torch.randint(1, VALUES, (batch, _PROMPT))
    mask = torch.ones_like(prompt)

    def generate_s(tokens: int) -> float:
        began = time.perf_counter()
        with torch.inference_mode():
            model.generate(
                prompt, attention_mask=mask, max_new_tokens=tokens, min_new_tokens=tokens, do_sample=True, top_p=0.98
            )
        return time.perf_counter() - began

    generate_s(2)
    first_s = generate_s(1)
    return (generate_s(1 + _GENERATED) - first_s) / _GENERATED


def _cache_bytes(config: ModelConfig) -> int:
    """Of one song half way, in half precision."""
    return config.layers * config.kv_heads * 2 * _columns(config) * config.head_size * 2


def _attention_products(config: ModelConfig) -> int:
    """Of one song half way."""
    return config.layers * config.heads * 2 * _columns(config) * config.head_size


def _columns(config: ModelConfig) -> int:
    return min(config.window, _PROMPT + _GENERATED // 2)
