"""Jobs of every kind that a decoder must write alike, and what was written."""

from dataclasses import replace
from typing import Any

import numpy as np

from inference.engine.batch import BatchRunner
from inference.engine.contract import ComposeJob
from inference.latent.course import REST, Course
from inference.latent.features import PLACES
from inference.music.edit import Edit, Operation
from inference.music.packed import pack
from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import MAX_PLAYERS, Player, SamplingParams, SongSpec
from inference.music.touch import Touch
from inference.tokens.editing import shift_of
from inference.tokens.layout import lay_out
from inference.tokens.source import unpack_source
from inference.tokens.vocabulary import Step
from tests.fakes.scores import quartet_score
from tests.unit.inference.engine.tiny import ROSTER, job
from tests.unit.inference.engine.writing import guided, sequence

TOUCH = Touch(0.8, 1.1, 0.9, 0.7, 1.2, 1.0, 2.0, 1.0, 1.5, 1.0, 0.5, 0.7, 0.3, 1.0, 2.0, one=0.6, two=-0.4, later=1.2)
EDITS: tuple[dict[str, Any], ...] = (
    {"operation": Operation.CONTINUE, "add": 4},
    {"operation": Operation.EXTEND, "add": 4},
    {"operation": Operation.REPLACE, "players": ("lead",)},
    {"operation": Operation.REPLACE, "bars": (3, 4)},
    {"operation": Operation.VARY, "strength": 0.6},
    {"operation": Operation.VARY, "bars": (2, 6), "players": ("bass", "rhythm")},
    {"operation": Operation.REMIX, "keep": ("drums",)},
)


def edited(seed: int, **wishes: Any) -> ComposeJob:
    """An edit of a quartet of eight bars."""
    edit = Edit(source=pack(quartet_score(8)), **wishes)
    header = unpack_source(edit.source).arrangement.header
    spec = SongSpec((("metal", 1.0),), key=header.key, edit=edit)
    layout = lay_out(edit, unpack_source(edit.source), None, shift_of(spec, unpack_source(edit.source)), seed)
    known = {"tempo": header.tempo, "meter": header.meter, "density": header.density}
    whole = replace(spec, bars=len(layout.rows), roster=layout.players, **known)
    return ComposeJob("edit", whole, SamplingParams(seed))


def crowd(seed: int) -> ComposeJob:
    """Twelve players in three-four time, in no key, as busy as they like."""
    roles = list(Role)[1:]
    roster = (Player.of(Role.DRUMS), *(Player.of(roles[index % len(roles)]) for index in range(MAX_PLAYERS - 1)))
    spec = SongSpec((("jazz", 1.0),), 8, None, 90.0, Meter(3, 4), roster, None)
    return ComposeJob("crowd", spec, SamplingParams(seed, temperature=1.4, top_p=0.8))


def steered(seed: int, width: int) -> ComposeJob:
    """A song that is pushed elsewhere at every place; of its six bars the last two are the first ones again."""
    plain = job("steered", seed, bars=6)
    players = len(plain.spec.roster or ())
    cells = np.arange(4 * players).reshape(4, players)[[0, 1, 2, 3, 0, 1]]
    cells[1::3, 0] = REST
    rows = np.random.default_rng(seed).normal(0, 0.3, (4 * players, PLACES, width)).astype(np.float32)
    return replace(plain, course=Course(cells, rows))


def every_kind(seed: int, width: int) -> list[ComposeJob]:
    """One job of each."""
    plain = job("plain", seed, bars=12)
    strict = replace(plain, spec=replace(plain.spec, strict_key=True, key=Key(9, Mode.MAJOR), roster=ROSTER))
    led = replace(plain, sampling=replace(plain.sampling, touch=TOUCH, take=1))
    edits = [edited(seed, **wishes) for wishes in EDITS]
    edits += [replace(edit, sampling=replace(edit.sampling, touch=TOUCH)) for edit in edits[2:4]]
    return [plain, strict, led, guided(plain, 2.0), crowd(seed), steered(seed, width), *edits]


def written(runner: BatchRunner, wanted: ComposeJob, slot: int) -> list[Step]:
    """Every step of a song that has a runner to itself, however late the runner says them."""
    song = sequence(wanted)
    song.slot = slot
    runner.join(song)
    steps = [song.step]
    while not song.is_finished:
        before = song.fed
        runner.step([song])
        if song.fed > before:
            steps.append(song.step)
    return steps
