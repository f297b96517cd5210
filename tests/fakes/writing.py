"""A song written without a model: uniformly random choices under the grammar's masks."""

import random

import numpy as np

from inference.engine.contract import ComposeJob
from inference.engine.sequence import Sequence
from inference.music.score import Score
from inference.music.spec import SamplingParams, SongSpec
from inference.tokens.grammar import Rules
from inference.tokens.vocabulary import FIELD_SIZES, POSITION, SHAPE_FIELD, Step


def write_at_random(spec: SongSpec, seed: int) -> Score:
    """The score of a complete spec; the same seed gives the same."""
    sequence = Sequence(ComposeJob("random", spec, SamplingParams(seed)), lambda _: None, Rules())
    rng = random.Random(seed)
    while not sequence.is_finished:
        sequence.advance(_drawn(sequence, rng) if sequence.draws else Step(0))
    return sequence.score()


def _drawn(sequence: Sequence, rng: random.Random) -> Step:
    chosen: list[int] = []
    for field in range(len(FIELD_SIZES)):
        allowed = np.flatnonzero(sequence.grammar.mask(field, chosen))
        if field == 0 and len(allowed) > 1 and rng.random() < 0.3:  # else bars fill up with hits
            allowed = allowed[allowed < POSITION] if (allowed < POSITION).any() else allowed
        chosen.append(int(rng.choice(allowed)) if field < SHAPE_FIELD or len(allowed) else 0)
    return Step(*chosen)
