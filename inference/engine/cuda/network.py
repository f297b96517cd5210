"""A whole step of all songs: kernels and products of matrices in one fixed order, nothing asked of the processor."""

import torch
from torch import Tensor

from inference.engine.cuda.errors import CardUnavailable
from inference.engine.cuda.kernels import Kernels
from inference.engine.cuda.places import Place, cache_memory, place_of, row_of, song_memory, step_memory
from inference.engine.cuda.products import Products, padded
from inference.engine.cuda.tables import head_matrices, matrices, model_tables
from inference.engine.rules.tables import music_tables
from inference.model.config import ModelConfig
from inference.model.transformer import Composer
from inference.tokens.vocabulary import FIELD_SIZES

# What fits into the memory that a team shares, as network.hpp says.
_MOST_WIDTH, _MOST_QUERY, _MOST_SCORES, _MOST_GROUP = 1024, 256, 4096, 16


class Pass:
    """One sequence a song: the model's memory of it, and what it passes from kernel to kernel."""

    def __init__(self, memory: dict[str, Tensor], place: Place, cascade: int) -> None:
        self.memory, self.place = memory, place
        self._cascade = cascade

    def rows(self, name: str, rows: int) -> Tensor:
        """The first rows of a buffer."""
        return self.memory[name][:rows]

    def products(self, field: int, rows: int) -> Tensor:
        """[rows, row_of(field)], without gaps, at the beginning of the room for logits."""
        columns = row_of(field, self._cascade)
        return self.memory["logits"].flatten()[: rows * columns].view(rows, columns)


class StepNetwork:
    """Weights, songs and the step. Kernels and matrices are the same on a card and on a processor.

    Args:
        model: on any device; its weights are copied.
        slots: songs at a time.
        kernels: they say whether the trunk is in bfloat16 or float32; the cascade is in float32 always.
        device: where everything lies.

    Raises:
        CardUnavailable: the model is too large for the kernels.
    """

    def __init__(self, model: Composer, slots: int, kernels: Kernels, device: torch.device) -> None:
        _check_shape(model.config)
        self.config, self.slots, self.device = model.config, slots, device
        self._kernels = kernels
        self._kind = torch.bfloat16 if kernels.half else torch.float32
        with torch.no_grad():
            music = {name: torch.from_numpy(table) for name, table in music_tables().items()}
            tables = model_tables(model) | music
            weights = {name: weight.detach() for name, weight in matrices(model).items()}
            heads = [head_matrices(model, field, self._columns(field)) for field in range(len(FIELD_SIZES))]
            start = (model.cascade.start.weight.t().contiguous(), model.cascade.start.bias)
        self._tables = {name: _placed(table, device) for name, table in tables.items()}
        self.weights = {name: weight.to(device, self._kind).contiguous() for name, weight in weights.items()}
        self.heads = [(_placed(weight, device), _placed(bias, device)) for weight, bias in heads]
        self.start = (_placed(start[0], device), _placed(start[1], device))
        self.songs = song_memory(kernels, slots, device)
        one_of_each = [(weight, None) for name, weight in self.weights.items() if name.endswith(".0")]
        self._products = Products([*one_of_each, *self.heads, self.start], slots)
        memory = self._memory()
        both = {f"blind_{name}": torch.zeros_like(memory[name]) for name in ("state", "logits")}
        self.knowing = self._pass(memory | both, blind=False)
        self._blind: Pass | None = None

    @property
    def place(self) -> Place:
        return self.knowing.place

    def run(self, name: str, rows: range) -> None:
        """A kernel that is about songs alone: `join`, `leave`."""
        self._kernels.run(name, self.place, 0, rows)

    @property
    def blind(self) -> Pass:
        """The second sequences, whose cache is made when the first guided song comes."""
        if self._blind is None:
            memory = self._memory()
            # The first sequences' draws look at what these predict.
            memory |= {name: self.knowing.memory[f"blind_{name}"] for name in ("state", "logits")}
            memory |= {f"blind_{name}": memory[name] for name in ("state", "logits")}
            self._blind = self._pass(memory, blind=True)
        return self._blind

    @property
    def buckets(self) -> list[int]:
        """Numbers of rows that a step can be of, ascending; the last holds all slots."""
        return self._products.buckets

    def begin(self) -> None:
        """Whatever a thread's first product of matrices brings with it happens here; changes nothing."""
        self._products.begin()

    def step(self, rows: int, *, guided: bool) -> None:
        """Feeds the last step of each of the first `rows` songs, draws its next, and writes it down."""
        passes = (self.knowing, self.blind) if guided else (self.knowing,)
        for one in passes:
            self._trunk(one, rows)
        for field in range(len(FIELD_SIZES)):
            for one in passes:
                self._products.multiply(one.rows("state", rows), *self.heads[field], one.products(field, rows))
            self._kernels.run("choose", self.place, field, self._songs_in(rows))
        self._kernels.run("advance", self.place, 0, self._songs_in(rows))

    def _songs_in(self, rows: int) -> range:
        """Slots; what is beyond them only fills a tile."""
        return range(min(rows, self.slots))

    def _trunk(self, one: Pass, rows: int) -> None:
        kernels, place, weights, every = self._kernels, one.place, self.weights, self._songs_in(rows)
        normed, joint, mixed = one.rows("normed", rows), one.rows("joint", rows), one.rows("mixed", rows)
        out_of, wide, gated = one.rows("out_of", rows), one.rows("wide", rows), one.rows("gated", rows)
        multiply = self._products.multiply
        kernels.run("embed", place, 0, every)
        for layer in range(self.config.layers):
            kernels.run("normalise", place, 2 * layer, every)
            multiply(normed, weights[f"joint.{layer}"], None, joint)
            kernels.run("attend", place, layer, every, self.config.kv_heads)
            multiply(mixed, weights[f"out.{layer}"], None, out_of)
            kernels.run("normalise", place, 2 * layer + 1, every)
            multiply(normed, weights[f"wide.{layer}"], None, wide)
            kernels.run("gate", place, 0, every)
            multiply(gated, weights[f"down.{layer}"], None, out_of)
        kernels.run("normalise", place, 2 * self.config.layers, every)
        multiply(one.rows("summary", rows), *self.start, one.rows("state", rows))
        kernels.run("begin", place, 0, every)

    def _memory(self) -> dict[str, Tensor]:
        rows, kind, device = padded(self.slots), self._kind, self.device
        return step_memory(self.config, rows, kind, device) | cache_memory(self.config, self.slots, kind, device)

    def _pass(self, memory: dict[str, Tensor], *, blind: bool) -> Pass:
        place = place_of(self.songs | self._tables | memory, self.config, self.slots, blind=blind)
        return Pass(memory, place, self.config.cascade_width)

    def _columns(self, field: int) -> int:
        return row_of(field, self.config.cascade_width)


def _placed(table: Tensor, device: torch.device) -> Tensor:
    return table.detach().to(device).contiguous()


def _check_shape(config: ModelConfig) -> None:
    group = config.heads // config.kv_heads
    fits = (
        config.width <= _MOST_WIDTH,
        config.head_size % 8 == 0,
        group * config.head_size <= _MOST_QUERY,
        group * config.window <= _MOST_SCORES,
        group <= _MOST_GROUP,
    )
    if not all(fits):
        raise CardUnavailable("this model is too large for the memory that a team of the card shares")
