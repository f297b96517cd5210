"""What a step reads and writes, one entry a slot, at addresses that never change. No torch here."""

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from inference.engine.sequence import Sequence
from inference.model.song import SONG_SIZES, genre_shares, song_numbers
from inference.tokens.block import CONTENT_SIZE, NO_CONTENT
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES
from inference.tokens.vocabulary import FIELD_SIZES

WIDEST = max(FIELD_SIZES)
FIELDS = len(FIELD_SIZES)


class Board:
    """Arrays over slots; `mask` and `leaning` are [slots, FIELDS, WIDEST], of which a field uses as much as it needs.

    `bars` are those closed and those begun, where the native step counts them.

    Args:
        slots: songs at a time.
        genres: the model's.
        width: C, numbers that a point of the embedding space adds to a song.
    """

    NAMES: ClassVar = (
        *("fields", "context", "echo", "song", "content", "genres", "has_content", "fed", "seed"),
        *("temperature", "top_p", "guidance", "mask", "leans", "leaning", "chosen", "steer", "bars"),
    )

    def __init__(self, slots: int, genres: tuple[str, ...], width: int) -> None:
        self.slots = slots
        self._names = genres
        self.fields = np.zeros((slots, FIELDS), np.int32)
        self.context = np.zeros((slots, len(CONTEXT_SIZES)), np.int32)
        self.echo = np.zeros((slots, len(ECHO_SIZES)), np.int32)
        self.song = np.zeros((slots, len(SONG_SIZES)), np.int32)
        self.content = np.zeros((slots, CONTENT_SIZE), np.float32)
        self.genres = np.zeros((slots, len(genres) + 1), np.float32)
        self.has_content = np.zeros(slots, np.bool_)
        self.fed = np.zeros(slots, np.int64)
        self.seed = np.zeros(slots, np.uint64)
        self.temperature, self.top_p, self.guidance = (np.ones(slots, np.float32) for _ in range(3))
        self.guided = np.zeros(slots, np.bool_)
        self.mask = np.ones((slots, FIELDS, WIDEST), np.bool_)
        self.leans = np.zeros((slots, FIELDS), np.bool_)
        self.leaning = np.zeros((slots, FIELDS, WIDEST), np.float32)
        self.chosen = np.zeros((slots, FIELDS), np.int32)
        self.steer = np.zeros((slots, width), np.float32)
        self.bars = np.zeros((slots, 2), np.int32)
        self._masks = [
            [self.mask[slot, field, :size] for field, size in enumerate(FIELD_SIZES)] for slot in range(slots)
        ]
        self._leanings = [
            [self.leaning[slot, field, :size] for field, size in enumerate(FIELD_SIZES)] for slot in range(slots)
        ]
        # What was copied last: masks and leanings never change, so the same one need not be copied again.
        self._mask_now: list[list[object]] = [[None] * FIELDS for _ in range(slots)]
        self._leaning_now: list[list[object]] = [[None] * FIELDS for _ in range(slots)]

    def arrays(self) -> list[NDArray[Any]]:
        """In the order of NAMES."""
        return [getattr(self, name) for name in self.NAMES]

    def join(self, sequence: Sequence) -> None:
        """Writes down what holds for the whole song; `sequence.slot` is set."""
        slot, sampling = sequence.slot, sequence.job.sampling
        self.song[slot] = song_numbers(sequence.header)
        self.genres[slot] = genre_shares(sequence.header, self._names)
        self.seed[slot] = sampling.noise_seed
        self.temperature[slot] = sampling.temperature
        self.top_p[slot] = sampling.top_p
        self.guidance[slot] = sampling.guidance
        self.guided[slot] = sampling.guidance != 1
        self.steer[slot] = 0.0

    def steer_on(self, sequences: list[Sequence]) -> list[int]:
        """Writes down where those are steered that have come to another place of their course; returns their slots."""
        slots = []
        for sequence in sequences:
            if (row := sequence.turned_to()) is not None:
                self.steer[sequence.slot] = row
                slots.append(sequence.slot)
        return slots

    def show(self, sequences: list[Sequence]) -> None:
        """Writes down the last step of each, and its place."""
        slots = [sequence.slot for sequence in sequences]
        # One assignment for all: numpy takes longer to begin with a row than to write it.
        self.fields[slots] = [sequence.step for sequence in sequences]
        self.context[slots] = [sequence.state.context() for sequence in sequences]
        self.fed[slots] = [sequence.fed for sequence in sequences]
        for sequence in sequences:
            slot, content = sequence.slot, sequence.state.content
            if content is not NO_CONTENT:
                self.content[slot] = content
                self.has_content[slot] = True
            elif self.has_content[slot]:
                self.content[slot] = 0.0
                self.has_content[slot] = False

    def show_echo(self, sequences: list[Sequence], heads: list[int]) -> None:
        """Writes down what the band does where each next step falls; `heads` has one entry a slot."""
        self.echo[[sequence.slot for sequence in sequences]] = [
            sequence.state.echo(heads[sequence.slot]) for sequence in sequences
        ]

    def allow(self, sequences: Iterable[Sequence], fields: tuple[int, ...]) -> None:
        """Writes down what each may draw, what it leans to, and how hot, after what it has `chosen`.

        Fields that are asked for together are drawn at one temperature.
        """
        chosen = self.chosen.tolist()
        for sequence in sequences:
            slot, grammar, before = sequence.slot, sequence.grammar, chosen[sequence.slot]
            if sequence.is_led:
                self.temperature[slot] = sequence.job.sampling.temperature * grammar.temperature(fields[0], before)
            for field in fields:
                mask, leaning = grammar.mask(field, before), grammar.leaning(field, before)
                if mask is not self._mask_now[slot][field]:
                    self._mask_now[slot][field] = mask
                    self._masks[slot][field][:] = mask
                if leaning is not self._leaning_now[slot][field]:
                    self._leaning_now[slot][field] = leaning
                    self.leans[slot, field] = leaning is not None
                    self._leanings[slot][field][:] = 0.0 if leaning is None else leaning
