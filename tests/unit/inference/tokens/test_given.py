"""Whatever is drawn around given cells decodes to exactly those cells."""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.music.form import read_form, sections
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.encode import decode, encode, prefix
from inference.tokens.given import Cell, Given, Open, Plan, Recall, Since, Tied, formed, needs_free_order
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.state import BandState
from inference.tokens.vocabulary import BAR, END, FIELD_SIZES, NEW, Step, repeats
from inference.tokens.written import written_rows
from tests.unit.inference.tokens.songs import ROSTER, arrangements

RULES = Rules(max_rest=2, max_solo_rest=2, max_repeats=3)


def write_around(known: Given, seed: int, rules: Rules = RULES) -> list[Step]:
    """Uniformly random choices under the masks, forced steps as they come."""
    rng = random.Random(seed)
    plan = Plan(known)
    state = BandState(known.header)
    grammar = Grammar(state, rules, plan)
    steps: list[Step] = []
    forced = [*prefix(known.header), *plan.opening()]
    while not steps or steps[-1].head != END:
        if forced:
            step = forced.pop(0)
        else:
            chosen: list[int] = []
            for field in range(len(FIELD_SIZES)):
                chosen.append(int(rng.choice(np.flatnonzero(grammar.mask(field, chosen)))))
            step = Step(*chosen)
        state.push(step)
        steps.append(step)
        if not forced:
            forced = grammar.forced()
    return steps


@st.composite
def edits(draw: st.DrawFn) -> tuple[Arrangement, Given]:
    """A random song in which random cells are open or tied, with or without bars ahead, in either order."""
    song = draw(arrangements())
    song = replace(song, rows=song.rows[:16])
    count = len(song.rows)
    ahead = draw(st.integers(0, count // 2))
    rng = random.Random(draw(st.integers(0, 2**32)))
    share = draw(st.sampled_from((0.1, 0.5, 0.9)))
    order = [*range(count - ahead, count), *range(count - ahead)]

    def cell(bar: int, slot: int) -> Cell:
        if rng.random() > share:
            return song.rows[bar][slot]
        kind = rng.choice((Open.FREE, Open.FREE, Open.FRESH, Tied))
        if kind is not Tied:
            return kind
        earlier = order[: order.index(bar)]
        return Tied(rng.choice(earlier)) if earlier else Open.FREE

    rows = tuple(tuple(cell(bar, slot) for slot in range(len(ROSTER))) for bar in range(count))
    free_order = needs_free_order(rows) or draw(st.booleans())
    header = replace(song.header, bars=count, ahead=ahead, free_order=free_order)
    return replace(song, header=header), Given(header, rows)


@given(edits(), st.integers(0, 2**32))
@settings(max_examples=120, deadline=None)
def test_what_is_given_is_played_and_what_is_tied_is_alike(edit: tuple[Arrangement, Given], seed: int) -> None:
    song, known = edit
    written = decode(known.header, write_around(known, seed))
    assert written.header == known.header
    for bar, cells in enumerate(known.rows):
        for slot, cell in enumerate(cells):
            played = written.rows[bar][slot]
            if isinstance(cell, Tied):
                assert played == written.rows[cell.bar][slot]
            elif cell is Open.FRESH:
                assert played is not None
            elif not isinstance(cell, Open):
                assert played == cell == song.rows[bar][slot]


@given(arrangements(), st.integers(0, 8))
@settings(max_examples=40, deadline=None)
def test_a_song_given_whole_is_written_in_its_canonical_steps(song: Arrangement, ahead: int) -> None:
    header = replace(song.header, ahead=min(ahead, len(song.rows)))
    whole = Arrangement(header, song.rows)
    assert write_around(Given(header, whole.rows), seed=1) == list(encode(whole))


@given(arrangements(), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_given_blocks_are_canonical_wherever_they_stand(song: Arrangement, seed: int) -> None:
    header = replace(song.header, free_order=True)
    known = Given(header, tuple((Open.FREE, *row[1:]) for row in song.rows))
    state = BandState(header)
    for step in write_around(known, seed):
        if step.is_track and state.in_bar and step.slot > 0:
            block = song.rows[len(state.rows)][step.slot]
            assert block is not None
            (expected,) = written_rows(Arrangement(header, ((block,),)))[0]
            assert expected is not None
            assert step.value == state.track_value(step.slot, expected)
        state.push(step)


@given(arrangements(), st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_fresh_cells_repeat_nothing(song: Arrangement, seed: int) -> None:
    known = Given(song.header, tuple((Open.FRESH,) * len(ROSTER) for _ in song.rows))
    for step in write_around(known, seed):
        assert not repeats(step.value)


def test_a_silent_bar_that_is_given_stays_silent() -> None:
    header = Header((), ROSTER, 3, 120.0, None, None)
    known = Given(header, ((Open.FREE,) * 4, (None,) * 4, (Open.FREE,) * 4))
    rows = decode(header, write_around(known, 3)).rows
    assert any(rows[0])
    assert not any(rows[1])
    assert any(rows[2])


def test_the_last_bar_is_new_where_it_is_open_even_if_the_given_part_repeats() -> None:
    header = Header((), ROSTER, 4, 120.0, None, None)
    free = decode(header, write_around(Given(header, ((Open.FREE,) * 4,) * 4), 5)).rows[0]
    drums = free[0] or next(block for block in free if block)
    known = Given(header, tuple((drums, Open.FRESH, Open.FREE, None) for _ in range(4)))
    steps = write_around(known, 9)
    last = len(steps) - 1 - next(n for n, step in enumerate(reversed(steps)) if step.head == BAR)
    tracks = [step for step in steps[last:] if step.is_track]
    assert repeats(tracks[0].value)
    assert all(step.value == NEW for step in tracks[1:])


@given(st.text("ABCD", min_size=1, max_size=8).map(read_form), st.integers(8, 64), st.booleans())
def test_a_bar_of_a_form_leans_on_the_first_time_of_its_section_or_away_from_what_was_before(
    form: str, bars: int, strictly: bool
) -> None:
    header = Header((), ROSTER, bars, 120.0, None, None)
    rows = formed(header, form, strictly=strictly).rows
    assert len(rows) == bars
    cut = sections(form, bars)
    for number, section in enumerate(cut):
        first = form.index(form[number])
        for bar in section:
            (cell,) = set(rows[bar])
            if number > first:
                assert isinstance(cell, Recall)
                assert cell.bar in cut[first]
            else:
                assert cell == (Since(section.start) if strictly or bar == section.start else Open.FREE)
