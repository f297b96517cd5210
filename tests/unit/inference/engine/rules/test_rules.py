"""State, grammar and leanings of the rules in C++ are those of the reference, for whatever song or edit."""

import ctypes
import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.engine.native.build import library
from inference.engine.native.errors import NativeUnavailable
from inference.engine.native.told import Told, tables
from inference.engine.rules.song import told
from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import Player, SamplingParams
from inference.music.touch import PLAIN, Touch
from inference.tokens.arrangement import Header
from inference.tokens.block import CONTENT_SIZE
from inference.tokens.encode import prefix
from inference.tokens.given import Cell, Given, Open, Plan, Recall, Since, Tied, needs_free_order
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.state import CONTEXT_SIZES, ECHO_SIZES, BandState
from inference.tokens.vocabulary import END, FIELD_SIZES, NONE, Step
from tests.unit.inference.tokens.songs import ROSTER, arrangements

FORCED_ROOM = 4096
DUET = (Player.of(Role.DRUMS), Player.of(Role.KEYS))
METERS = (Meter(), Meter(3, 4), Meter(6, 8))
KEYS = (None, Key(0, Mode.MAJOR), Key(4, Mode.MINOR), Key(11, Mode.MAJOR))


@pytest.fixture(scope="module")
def native() -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL(str(library()))
    except NativeUnavailable as error:
        pytest.skip(str(error))
    loaded.lnh_author_create.restype = ctypes.c_void_p
    loaded.lnh_author_allow.restype = ctypes.c_float
    return loaded


class Port:
    """The grammar of the library for one song."""

    def __init__(self, loaded: ctypes.CDLL, header: Header, rules: Rules, plan: Plan | None) -> None:
        self._library = loaded
        song = told(header, rules, plan, (), SamplingParams(0))
        self._at = ctypes.c_void_p(loaded.lnh_author_create(tables(), ctypes.byref(Told.of(song))))

    def close(self) -> None:
        self._library.lnh_author_destroy(self._at)

    def push(self, step: Step) -> tuple[int, list[int], list[float]]:
        fields, context = np.array(step, np.int32), np.zeros(len(CONTEXT_SIZES), np.int32)
        content = np.zeros(CONTENT_SIZE, np.float32)
        bars = self._library.lnh_author_push(self._at, *map(_at, (fields, context, content)))
        return bars, context.tolist(), content.tolist()

    def echo(self, head: int) -> list[int]:
        echo = np.zeros(len(ECHO_SIZES), np.int32)
        self._library.lnh_author_echo(self._at, head, _at(echo))
        return list(echo.tolist())

    def allow(self, field: int, chosen: list[int]) -> tuple[list[bool], list[float], float]:
        """The mask, what leans on the values that are allowed, and the temperature."""
        before = np.array([*chosen, *[NONE] * (len(FIELD_SIZES) - len(chosen))], np.int32)
        mask, leaning = np.zeros(FIELD_SIZES[field], np.bool_), np.zeros(FIELD_SIZES[field], np.float32)
        temperature = self._library.lnh_author_allow(self._at, field, *map(_at, (before, mask, leaning)))
        return mask.tolist(), leaning[mask].tolist(), temperature

    def forced(self) -> list[Step]:
        steps = np.zeros((FORCED_ROOM, len(FIELD_SIZES)), np.int32)
        count = self._library.lnh_author_forced(self._at, _at(steps), FORCED_ROOM)
        return [Step(*step) for step in steps[:count].tolist()]


def _at(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def compare(loaded: ctypes.CDLL, header: Header, rules: Rules, plan: Plan | None, seed: int) -> Iterator[Step]:
    """A song of random choices under the reference's masks; at every step both are asked everything."""
    rng = random.Random(seed)
    state = BandState(header)
    grammar, port = Grammar(state, rules, plan), Port(loaded, header, rules, plan)
    forced = [*prefix(header), *(plan.opening() if plan else ())]
    step = Step(NONE)
    while step.head != END:
        step = forced.pop(0) if forced else _drawn(rng, state, grammar, port)
        state.push(step)
        content = np.array(state.content, np.float32).tolist()
        assert port.push(step) == (len(state.rows), list(state.context()), content), step
        if not forced:
            forced = grammar.forced()
            assert port.forced() == forced
        yield step
    port.close()


def _drawn(rng: random.Random, state: BandState, grammar: Grammar, port: Port) -> Step:
    chosen: list[int] = []
    for field in range(len(FIELD_SIZES)):
        mask, leaning = grammar.mask(field, chosen), grammar.leaning(field, chosen)
        leans = np.zeros(len(mask)) if leaning is None else leaning
        expected = mask.tolist(), leans[mask].tolist(), np.float32(grammar.temperature(field, chosen))
        assert port.allow(field, chosen) == expected, (field, chosen)
        chosen.append(int(rng.choice(np.flatnonzero(mask))))
        if field == 0:
            assert port.echo(chosen[0]) == list(state.echo(chosen[0]))
    return Step(*chosen)


headers = st.builds(
    Header,
    st.just(()),
    st.sampled_from([ROSTER, DUET]),
    st.integers(1, 20),
    st.just(120.0),
    st.sampled_from(KEYS),
    st.one_of(st.none(), st.integers(1, 8)),
    st.sampled_from(METERS),
    closes=st.booleans(),
    free_order=st.booleans(),
)
_weights = st.one_of(st.just(0.0), st.floats(-3, 3, width=16))
_temperatures = st.sampled_from((0.5, 1.0, 1.7))
touches = st.one_of(
    st.just(PLAIN),
    st.builds(Touch, **dict.fromkeys(("pedal", "kick", "riff", "unison", "chord", "page", "key", "kit"), _weights)),
    st.builds(
        Touch,
        **dict.fromkeys(
            ("again", "four", "far", "later", "page", "tones", "groove", "section", "smooth", "full"), _weights
        ),
    ),
    st.builds(Touch, **dict.fromkeys(("drums", "rhythm", "form", "low", "high"), _temperatures)),
)
rule_sets = st.builds(
    Rules,
    max_rest=st.integers(1, 4),
    max_solo_rest=st.integers(1, 8),
    max_repeats=st.integers(1, 16),
    new_ending=st.booleans(),
    strict_key=st.booleans(),
    touch=touches,
)


@given(headers, rule_sets, st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_a_new_song_is_shown_masked_and_leant_on_alike(
    native: ctypes.CDLL, header: Header, rules: Rules, seed: int
) -> None:
    assert list(compare(native, header, rules, None, seed))[-1].head == END


@st.composite
def edits(draw: st.DrawFn) -> Given:
    """A random song in which random cells are open or tied, with or without bars ahead, in either order."""
    song = draw(arrangements())
    rows = song.rows[:16]
    count = len(rows)
    ahead = draw(st.integers(0, count // 2))
    rng = random.Random(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from((0.0, 0.1, 0.5, 0.9)))
    order = [*range(count - ahead, count), *range(count - ahead)]

    def cell(bar: int, slot: int) -> Cell:
        if rng.random() > share:
            return rows[bar][slot]
        kind = rng.choice((Open.FREE, Open.FRESH, Recall, Since, Tied))
        if kind in (Recall, Since):
            return kind(rng.choice(order[: order.index(bar) + 1]))
        if kind is not Tied:
            return kind
        earlier = [one for one in order[: order.index(bar)] if not _is_free(grid[one][slot])]
        return Tied(rng.choice(earlier)) if earlier else Open.FREE

    grid: dict[int, list[Cell]] = {bar: [] for bar in range(count)}
    for bar in order:
        for slot in range(len(ROSTER)):
            grid[bar].append(cell(bar, slot))
    cells = tuple(tuple(grid[bar]) for bar in range(count))
    free_order = needs_free_order(cells) or draw(st.booleans())
    return Given(replace(song.header, bars=count, ahead=ahead, free_order=free_order), cells)


def _is_free(cell: Cell) -> bool:
    return cell is Open.FREE or isinstance(cell, Recall | Since)


@given(edits(), rule_sets, st.integers(0, 2**32))
@settings(max_examples=100, deadline=None)
def test_an_edit_is_forced_shown_masked_and_leant_on_alike(
    native: ctypes.CDLL, known: Given, rules: Rules, seed: int
) -> None:
    assert list(compare(native, known.header, rules, Plan(known), seed))[-1].head == END


def test_a_cell_tied_to_one_that_need_not_be_new_is_refused() -> None:
    header = Header((), DUET, 2, 120.0, None, None)
    plan = Plan(Given(header, ((Open.FREE, None), (Tied(0), None))))
    with pytest.raises(ValueError, match="not to what is free"):
        told(header, Rules(), plan, (), SamplingParams(0))
