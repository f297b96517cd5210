"""Whatever is drawn under the masks decodes and keeps the header's promises."""

import random
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.spec import Player
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.encode import decode, encode, prefix
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.perform import perform
from inference.tokens.state import BandState
from inference.tokens.vocabulary import BAR, END, FIELD_SIZES, NEW, Step, repeats
from tests.unit.inference.tokens.songs import ROSTER, arrangements

RULES = Rules(max_rest=2, max_solo_rest=4, max_repeats=3)


def write_at_random(header: Header, seed: int, rules: Rules = RULES) -> list[Step]:
    """A song of uniformly random choices under the grammar's masks."""
    rng = random.Random(seed)
    state = BandState(header)
    grammar = Grammar(state, rules)
    steps = list(prefix(header))
    for step in steps:
        state.push(step)
    while steps[-1].head != END:
        chosen: list[int] = []
        for field in range(len(FIELD_SIZES)):
            chosen.append(int(rng.choice(np.flatnonzero(grammar.mask(field, chosen)))))
        steps.append(Step(*chosen))
        state.push(steps[-1])
    return steps


@given(st.integers(0, 2**32), st.integers(1, 12), st.booleans())
@settings(max_examples=40, deadline=None)
def test_random_choices_always_end_in_a_song_of_the_bars_asked_for(seed: int, bars: int, free_order: bool) -> None:
    header = Header((), ROSTER, bars, 120.0, None, None, free_order=free_order)
    song = decode(header, write_at_random(header, seed))
    assert len(song.rows) == bars
    assert song.header.players == header.players
    perform(song)


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_no_player_rests_longer_than_the_rule_allows(seed: int) -> None:
    header = Header((), ROSTER, 16, 120.0, None, None)
    rows = decode(header, write_at_random(header, seed)).rows
    for slot, player in enumerate(ROSTER):
        rests, limit = 0, 4 if player.role is Role.LEAD else 2
        for row in rows:
            rests = 0 if row[slot] else rests + 1
            assert rests <= limit


@given(st.integers(0, 2**32), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_nobody_is_silent_all_along_however_short_the_song(seed: int, bars: int) -> None:
    header = Header((), ROSTER, bars, 120.0, None, None)
    rows = decode(header, write_at_random(header, seed)).rows
    assert all(any(column) for column in zip(*rows, strict=True))


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_the_band_never_repeats_more_bars_in_a_row_than_the_rule_allows(seed: int) -> None:
    header = Header((), ROSTER, 24, 120.0, None, None)
    run = 0
    for step in write_at_random(header, seed):
        if step.head == BAR:
            run = run + 1 if repeats(step.value) else 0
            assert run <= RULES.max_repeats


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_the_last_bar_is_written_for_itself(seed: int) -> None:
    header = Header((), ROSTER, 8, 120.0, None, None)
    bars = [step for step in write_at_random(header, seed) if step.head == BAR]
    assert bars[-1].value == NEW


@given(st.integers(0, 2**32), st.sampled_from([None, Key(11, Mode.MAJOR), Key(5, Mode.MINOR)]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_note_of_a_chord_leaves_the_range_of_its_role(seed: int, key: Key | None, strict: bool) -> None:
    ranges = {Role.BASS: (21, 67), Role.RHYTHM: (28, 88), Role.LEAD: (31, 100), Role.KEYS: (21, 108)}
    header = Header((), (Player.of(Role.DRUMS), *map(Player.of, ranges)), 4, 120.0, key, None)
    steps = write_at_random(header, seed, replace(RULES, strict_key=strict))
    score = perform(decode(header, steps))
    for track, (low, high) in zip(score.tracks[1:], ranges.values(), strict=True):
        assert all(low <= note.pitch <= high for note in track.notes)


@given(st.integers(0, 2**32), st.sampled_from([Key(tonic, mode) for tonic in range(12) for mode in Mode]))
@settings(max_examples=40, deadline=None)
def test_under_a_strict_key_no_note_leaves_it(seed: int, key: Key) -> None:
    header = Header((), ROSTER, 6, 120.0, key, None)
    song = decode(header, write_at_random(header, seed, replace(RULES, strict_key=True)))
    pitched = [track for track in perform(song).tracks if not track.is_drum]
    assert {note.pitch % 12 for track in pitched for note in track.notes} <= key.pitch_classes


@given(arrangements())
@settings(max_examples=40, deadline=None)
def test_the_grammar_allows_every_real_song(song: Arrangement) -> None:
    song = replace(song, rows=tuple(row for row in song.rows if any(row)) or song.rows)
    if not any(any(row) for row in song.rows):
        return
    song = replace(song, header=replace(song.header, bars=len(song.rows)))
    state = BandState(song.header)
    grammar = Grammar(state, Rules(max_rest=99, max_solo_rest=99, all_play=False, max_repeats=99, new_ending=False))
    for number, step in enumerate(encode(song)):
        if number > len(ROSTER):
            for field, value in enumerate(step):
                mask = grammar.mask(field, list(step[:field]))
                assert mask[value], (step, field)
        state.push(step)
