"""The native library as Python sees it."""

import ctypes
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.engine.board import Board
from inference.engine.native.errors import NativeUnavailable
from inference.engine.native.told import Told, tables
from inference.engine.rules.song import Joining
from inference.model.config import ModelConfig
from inference.model.errors import CheckpointError
from inference.model.song import SONG_SIZES
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.listening import HEARD_SIZES
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES, STROKES
from inference.tokens.vocabulary import FIELD_SIZES, PITCH, POSITION

_VERSION = 4
_LANES = 16
_READ_TIMES = 100
_ROUNDS, _UNITS = 200_000, 6  # the latter as in step.cpp

Weights = Mapping[str, NDArray[np.float32]]
Clock = Callable[[], float]  # in seconds
_POINTER = ctypes.c_void_p


class _Shape(ctypes.Structure):
    """In the order of `Shape` in parts.hpp."""

    _fields_ = tuple(
        (name, ctypes.c_int32)
        for name in (
            *("width", "layers", "heads", "kv_heads", "hidden", "cascade", "window", "slots", "genres", "content"),
            *("contexts", "songs", "echoes", "strokes", "before", "head_offset", "value_offset"),
        )
    )


class _Board(ctypes.Structure):
    """In the order of `Board` in parts.hpp."""

    _fields_ = tuple((name, _POINTER) for name in Board.NAMES)


@dataclass(frozen=True, slots=True)
class DrawSettings:
    """Of one draw; `noise` is in 0..1."""

    temperature: float
    top_p: float
    noise: float


class NativeStep:
    """A model inside the library. Not for two threads at a time.

    Args:
        path: the library.
        config: the model's shape.
        weights: every tensor of the model by name.
        board: where inputs, masks and draws lie, for as long as this lives.
        threads: that share the songs of a batch.

    Raises:
        NativeUnavailable: the library cannot be loaded, or the model's shape is not for it.
        CheckpointError: a weight is missing, unknown or of another shape.
    """

    def __init__(self, path: Path, config: ModelConfig, weights: Weights, board: Board, threads: int = 1) -> None:
        _check_shape(config)
        self._library = _load(path)
        self._board = board
        sizes = np.array([*CONTEXT_SIZES, *SONG_SIZES, *ECHO_SIZES], np.int32)
        rates = np.array([10_000.0 ** (-2 * i / config.head_size) for i in range(config.head_size // 2)], np.float32)
        tensors = _in_order(weights, _tensors(config))
        pointers = (_POINTER * len(tensors))(*(tensor.ctypes.data for tensor in tensors))
        shape, places = _shape(config, board), _Board(*(array.ctypes.data for array in board.arrays()))
        self._native = self._library.lnh_create(
            *(ctypes.byref(shape), tables(), sizes.ctypes.data, rates.ctypes.data),
            *(pointers, ctypes.byref(places), threads),
        )
        if not self._native:
            raise NativeUnavailable("there is not enough memory for the native step")
        # Addresses are asked for once: that takes longer than the calls themselves.
        self._slots = np.zeros(board.slots, np.int32)
        self._slots_at, self._guided_at = self._slots.ctypes.data, board.guided.ctypes.data

    def __del__(self) -> None:
        native = getattr(self, "_native", None)
        if native:
            self._library.lnh_destroy(native)

    def weights(self, bytes_each: int) -> int:
        """How many weights of so many bytes one step reads at least once."""
        return int(self._library.lnh_weights(self._native, bytes_each))

    def logits(self, slot: int, field: int) -> NDArray[np.float32]:
        """Float [FIELD_SIZES[field]] from which `field` was drawn last in a slot."""
        address = self._library.lnh_logits(self._native, slot)
        return np.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(ctypes.c_float)), (FIELD_SIZES[field],)).copy()

    def join(self, slots: list[int]) -> None:
        """Reads the board's song numbers, genres and points: of new songs, and of those whose points changed."""
        self._check(self._library.lnh_join(self._native, self._slots_at, self._guided_at, self._listed(slots)))

    def begin(self, slot: int, song: Joining) -> None:
        """Takes over the state of a new song."""
        self._check(self._library.lnh_begin(self._native, slot, ctypes.byref(Told.of(song))))

    def write(self, slots: list[int]) -> None:
        """Feeds the last step of songs taken over, and finds the next: the board's `chosen`, `fed` and `bars`."""
        self._check(self._library.lnh_write(self._native, self._slots_at, self._guided_at, self._listed(slots)))

    def step(self, slots: list[int]) -> None:
        """Feeds each slot's step on the board to the trunk."""
        self._check(self._library.lnh_step(self._native, self._slots_at, self._guided_at, self._listed(slots)))

    def draw(self, slots: list[int], first: int, last: int) -> None:
        """Draws the fields first..last of each slot's next step into the board's `chosen`."""
        count = self._listed(slots)
        self._check(self._library.lnh_draw(self._native, self._slots_at, self._guided_at, count, first, last))

    def draw_one(
        self, logits: NDArray[np.float32], mask: NDArray[np.bool_], leaning: NDArray[np.float32], how: DrawSettings
    ) -> int:
        """One draw outside any song, as `inference.engine.sampler.draw` does it."""
        addresses = (logits.ctypes.data, mask.ctypes.data, leaning.ctypes.data)
        return int(self._library.lnh_draw_one(*addresses, len(logits), how.temperature, how.top_p, how.noise))

    def read_s(self, size: int, clock: Clock = time.perf_counter) -> float:
        """Seconds to read `size` bytes from beginning to end, time after time: what memory allows."""
        buffer = np.ones(size // 4, np.float32)
        self._library.lnh_read(buffer.ctypes.data, len(buffer))
        began = clock()
        for _ in range(_READ_TIMES):
            self._library.lnh_read(buffer.ctypes.data, len(buffer))
        return (clock() - began) / _READ_TIMES

    def multiply_s(self, small: float, fine: float, clock: Clock = time.perf_counter) -> float:
        """Seconds for so many products of two integers of 8 bits, and of 16, each added to a sum, at full speed."""

        def seconds(work: Callable[[int, int], object], group: int) -> float:
            work(_ROUNDS // 10, 1)
            began = clock()
            work(_ROUNDS, 1)
            return (clock() - began) / (_ROUNDS * _UNITS * _LANES * group)

        library = self._library
        return small * seconds(library.lnh_few_dots, library.lnh_group()) + fine * seconds(library.lnh_pair_dots, 2)

    def _listed(self, slots: list[int]) -> int:
        self._slots[: len(slots)] = slots
        return len(slots)

    def _check(self, failed: int) -> None:
        if failed:
            raise RuntimeError(f"native step: {self._library.lnh_trouble(self._native).decode()}")


def _shape(config: ModelConfig, board: Board) -> _Shape:
    return _Shape(
        *(config.width, config.layers, config.heads, config.kv_heads, config.hidden, config.cascade_width),
        *(config.window, board.slots, len(config.genres) + 1, CONTENT_SIZE),
        *(len(CONTEXT_SIZES), len(SONG_SIZES), len(ECHO_SIZES), STROKES, len(HEARD_SIZES) - 1),
        *(POSITION - 1, PITCH - 1),
    )


def _check_shape(config: ModelConfig) -> None:
    if any(size % _LANES for size in (config.width, config.head_size, config.cascade_width)):
        raise NativeUnavailable(f"the native step needs a model whose widths are multiples of {_LANES}")


def _load(path: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str(path))
        if library.lnh_version() != _VERSION:
            raise NativeUnavailable(f"{path} is another version of the native step")
    except (OSError, AttributeError) as error:
        raise NativeUnavailable(f"the native step cannot be loaded: {error}") from error
    number, slots = ctypes.c_int, (_POINTER, _POINTER, _POINTER, ctypes.c_int)
    signatures: dict[str, tuple[object, Sequence[object]]] = {
        "lnh_create": (_POINTER, (*(_POINTER,) * 6, number)),
        "lnh_destroy": (None, (_POINTER,)),
        "lnh_trouble": (ctypes.c_char_p, (_POINTER,)),
        "lnh_weights": (ctypes.c_size_t, (_POINTER, ctypes.c_size_t)),
        "lnh_logits": (_POINTER, (_POINTER, number)),
        "lnh_join": (number, slots),
        "lnh_begin": (number, (_POINTER, number, _POINTER)),
        "lnh_write": (number, slots),
        "lnh_step": (number, slots),
        "lnh_draw": (number, (*slots, number, number)),
        "lnh_read": (ctypes.c_float, (_POINTER, ctypes.c_size_t)),
        "lnh_group": (number, ()),
        "lnh_few_dots": (number, (ctypes.c_long, number)),
        "lnh_pair_dots": (number, (ctypes.c_long, number)),
        "lnh_draw_one": (number, (_POINTER, _POINTER, _POINTER, number, *(ctypes.c_float,) * 3)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _tensors(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Names and shapes in the order in which composer.hpp reads them."""
    width, cascade = config.width, config.cascade_width
    return {
        **{f"fields.{i}.weight": (size, width) for i, size in enumerate(FIELD_SIZES)},
        **{f"context.{i}.weight": (size, width) for i, size in enumerate(CONTEXT_SIZES)},
        "content.weight": (width, CONTENT_SIZE),
        **{f"song.{i}.weight": (size, width) for i, size in enumerate(SONG_SIZES)},
        "genres.weight": (width, len(config.genres) + 1),
        **{name: shape for layer in range(config.layers) for name, shape in _block_tensors(f"blocks.{layer}", config)},
        "norm.weight": (width,),
        **_linear("cascade.start", cascade, 2 * width),
        **{f"cascade.chosen.{i}.weight": (size, cascade) for i, size in enumerate(FIELD_SIZES[:-1])},
        **{f"cascade.echo.{i}.weight": (size, cascade) for i, size in enumerate(ECHO_SIZES)},
        **{f"cascade.cell.weight_{part}": (3 * cascade, cascade) for part in ("ih", "hh")},
        **{f"cascade.cell.bias_{part}": (3 * cascade,) for part in ("ih", "hh")},
        **{
            name: shape
            for i, size in enumerate(FIELD_SIZES)
            for name, shape in _linear(f"cascade.logits.{i}", size, cascade).items()
        },
        **_linear("cascade.strokes", len(CONTEXT_SIZES) - STROKES, cascade),
        **_linear("cascade.before", 1, cascade),
    }


def _linear(name: str, outputs: int, inputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def _block_tensors(block: str, config: ModelConfig) -> list[tuple[str, tuple[int, ...]]]:
    width, shared = config.width, config.kv_heads * config.head_size
    attention = {"query": (width, width), "key": (shared, width), "value": (shared, width), "out": (width, width)}
    feed = {"gate": (config.hidden, width), "up": (config.hidden, width), "down": (width, config.hidden)}
    return [
        (f"{block}.attention_norm.weight", (width,)),
        *((f"{block}.attention.{name}.weight", shape) for name, shape in attention.items()),
        (f"{block}.hidden_norm.weight", (width,)),
        *((f"{block}.{name}.weight", shape) for name, shape in feed.items()),
    ]


def _in_order(weights: Weights, shapes: dict[str, tuple[int, ...]]) -> list[NDArray[np.float32]]:
    if {name: weight.shape for name, weight in weights.items()} != shapes:
        raise CheckpointError("the checkpoint is damaged: its weights have other names or shapes than they should")
    return [np.ascontiguousarray(weights[name], np.float32) for name in shapes]
