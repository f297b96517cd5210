"""A touch persuades the players it names, and nobody else."""

from dataclasses import replace

import numpy as np

from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.spec import Player
from inference.music.touch import PLAIN, Touch
from inference.tokens.arrangement import Header
from inference.tokens.block import KICK
from inference.tokens.encode import prefix
from inference.tokens.given import Plan, formed
from inference.tokens.grammar import Grammar, Rules
from inference.tokens.state import BandState
from inference.tokens.tables import CHORD_SHAPES, DRUM_LANES, DRUM_SETS
from inference.tokens.vocabulary import (
    BAR,
    COPY,
    COPY_DISTANCES,
    DRUM_SET,
    HEAD_FIELD,
    MIXED,
    NEW,
    PITCH,
    POSITION,
    RIFF,
    SHAPE_FIELD,
    TRACK,
    VALUE_FIELD,
    Step,
)

DRUMS, BASS, GUITAR, LEAD = range(4)
ROSTER = tuple(Player.of(role) for role in (Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD))
HEADER = Header((), ROSTER, 8, 120.0, None, None)
KICK_SET = DRUM_SET + next(number for number, lanes in enumerate(DRUM_SETS) if lanes == KICK)
OTHER_SET = DRUM_SET + next(number for number, lanes in enumerate(DRUM_SETS) if not lanes & KICK)
KICKS = [Step(POSITION + place, KICK_SET, 0, 0, 5) for place in (0, 36)]
LOW_E = PITCH + 40
POWER_CHORD = 1 + CHORD_SHAPES.index(0b10000001)


def led(touch: Touch, *steps: Step, header: Header = HEADER) -> Grammar:
    """The grammar of a song after these steps."""
    state = BandState(header)
    for step in (*prefix(header), *steps):
        state.push(step)
    return Grammar(state, Rules(touch=touch))


def note(place: int, value: int) -> Step:
    return Step(POSITION + place, value, 1, 6, 5)


def test_without_a_touch_nobody_is_led() -> None:
    grammar = led(PLAIN, Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS, Step(TRACK + BASS, NEW))
    assert grammar.leaning(HEAD_FIELD, []) is None
    assert grammar.leaning(VALUE_FIELD, [POSITION]) is None
    assert grammar.temperature(VALUE_FIELD, [POSITION]) == 1


def test_the_bass_leans_to_the_bass_drum_and_other_players_do_not() -> None:
    drummed = (Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS)
    leaning = led(Touch(kick=2.0), *drummed, Step(TRACK + BASS, NEW)).leaning(HEAD_FIELD, [])
    assert leaning is not None
    assert np.flatnonzero(leaning).tolist() == [POSITION, POSITION + 36]
    assert led(Touch(kick=2.0), *drummed, Step(TRACK + LEAD, NEW)).leaning(HEAD_FIELD, []) is None


def test_guitars_lean_to_the_rhythm_and_the_pitch_of_the_bass() -> None:
    bass = (Step(BAR, NEW), Step(TRACK + BASS, NEW), note(24, LOW_E), Step(TRACK + GUITAR, NEW))
    grammar = led(Touch(riff=1.0, unison=0.5, chord=0.25), *bass)
    strokes = grammar.leaning(HEAD_FIELD, [])
    assert strokes is not None
    assert np.flatnonzero(strokes).tolist() == [POSITION + 24]
    pitches = grammar.leaning(VALUE_FIELD, [POSITION + 30])
    assert pitches is not None
    assert pitches[LOW_E + 12] == 0.5
    assert pitches[LOW_E + 7] == 0.25
    assert pitches[LOW_E + 6] < 0
    assert grammar.leaning(VALUE_FIELD, [POSITION + 12]) is None  # before the bass begins


def test_players_lean_to_pitch_classes_that_the_others_have_in_the_bar() -> None:
    touch = Touch(tones=0.5)
    bass = (Step(BAR, NEW), Step(TRACK + BASS, NEW), note(24, LOW_E), note(48, LOW_E + 3))
    assert led(touch, *bass).leaning(VALUE_FIELD, [POSITION + 60]) is None, "nobody else has played"
    fifth = Step(POSITION, LOW_E + 10, POWER_CHORD, 6, 5)
    leaning = led(touch, *bass, Step(TRACK + GUITAR, NEW), fifth, Step(TRACK + LEAD, NEW)).leaning(
        VALUE_FIELD, [POSITION]
    )
    assert leaning is not None
    assert {value - LOW_E for value in range(LOW_E, LOW_E + 12) if leaning[value]} == {0, 3, 10, 5}
    assert set(leaning.tolist()) == {0.0, 0.5}


def test_the_drummer_leans_to_sets_with_the_bass_drum() -> None:
    leaning = led(Touch(pedal=0.7), Step(BAR, NEW), Step(TRACK + DRUMS, NEW)).leaning(VALUE_FIELD, [POSITION])
    assert leaning is not None
    assert leaning[KICK_SET] > leaning[OTHER_SET] == 0


def test_a_drummer_who_comes_after_the_bass_leans_to_its_strokes() -> None:
    header = replace(HEADER, free_order=True)
    bass = (Step(BAR, NEW), Step(TRACK + BASS, NEW), note(24, LOW_E), Step(TRACK + DRUMS, NEW))
    grammar = led(Touch(pedal=0.5, kick=2.0, riff=1.0), *bass, header=header)
    strokes = grammar.leaning(HEAD_FIELD, [])
    struck, elsewhere = (grammar.leaning(VALUE_FIELD, [POSITION + place]) for place in (24, 30))
    assert strokes is not None
    assert struck is not None
    assert elsewhere is not None
    assert np.flatnonzero(strokes).tolist() == [POSITION + 24]
    assert (struck[KICK_SET], elsewhere[KICK_SET], struck[OTHER_SET]) == (2.5, 0.5, 0)


def test_what_comes_again_is_favoured_by_distance() -> None:
    touch = Touch(again=0.5, one=0.25, two=-0.75, four=1.0, eight=-1.0, far=0.125)
    leaning = led(touch, Step(BAR, NEW)).leaning(VALUE_FIELD, [BAR])
    assert leaning is not None
    copies = [leaning[COPY + COPY_DISTANCES.index(distance)] for distance in (1, 2, 3, 4, 8, 12, 32)]
    assert copies == [0.75, -0.25, 0.5, 1.5, -0.5, 0.625, 0.625]
    assert (leaning[RIFF], leaning[NEW]) == (0.5, 0)


def test_what_comes_later_is_favoured_where_it_is_known() -> None:
    header = replace(HEADER, bars=4, ahead=2)
    third = (Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS)
    fourth = (Step(BAR, NEW), Step(TRACK + DRUMS, NEW), KICKS[0], Step(TRACK + BASS, NEW), note(0, LOW_E))
    grammar = led(Touch(later=1.5), *third, *fourth, header=header)
    grammar.mask(VALUE_FIELD, [BAR])  # closes the fourth bar
    leaning = grammar.leaning(VALUE_FIELD, [BAR])
    assert leaning is not None
    assert {value: leaning[value] for value in np.flatnonzero(leaning)} == {RIFF + 1: 1.5}  # the third, two bars on
    second = led(Touch(later=1.5), *third, *fourth, Step(BAR, NEW), Step(BAR, MIXED), header=header)
    of_drums, of_bass = (second.leaning(VALUE_FIELD, [TRACK + slot]) for slot in (DRUMS, BASS))
    assert of_drums is not None
    assert of_bass is not None
    assert (np.flatnonzero(of_drums).tolist(), np.flatnonzero(of_bass).tolist()) == ([RIFF], [RIFF])
    assert led(Touch(later=1.5), *third, Step(BAR, MIXED)).leaning(VALUE_FIELD, [TRACK + DRUMS]) is None


def test_players_turn_the_page_together() -> None:
    first = (Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS, Step(TRACK + BASS, NEW), note(0, LOW_E))
    again = (Step(BAR, MIXED), Step(TRACK + DRUMS, COPY))
    grammar = led(Touch(page=2.0), *first, *again)
    leaning = grammar.leaning(VALUE_FIELD, [TRACK + BASS])
    assert leaning is not None
    assert (leaning[COPY], leaning[NEW]) == (2.0, 0.0)
    fresh = led(Touch(page=2.0), *first, Step(BAR, MIXED), Step(TRACK + DRUMS, NEW), KICKS[0])
    leaning = fresh.leaning(VALUE_FIELD, [TRACK + BASS])
    assert leaning is not None
    assert (leaning[COPY], leaning[NEW]) == (0.0, 2.0)


def test_nobody_leans_to_a_place_twice() -> None:
    drummed = (Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS, Step(TRACK + BASS, NEW), note(0, LOW_E))
    leaning = led(Touch(kick=2.0), *drummed).leaning(HEAD_FIELD, [])
    assert leaning is not None
    assert np.flatnonzero(leaning).tolist() == [POSITION + 36]


def _drum_set(lanes: int) -> int:
    return DRUM_SET + DRUM_SETS.index(lanes)


def test_a_drummer_leans_to_what_is_missing_of_the_kit_and_misses_the_snare_from_the_second_beat_on() -> None:
    snare, hat = (1 << DRUM_LANES.index(key) for key in (38, 42))
    opened = (Step(BAR, NEW), Step(TRACK + DRUMS, NEW))
    first = led(Touch(kit=1.5), *opened).leaning(VALUE_FIELD, [POSITION])
    assert first is not None
    assert [first[_drum_set(lanes)] for lanes in (KICK, snare, hat, KICK | hat)] == [1.5, 0.0, 1.5, 3.0]
    kicked = led(Touch(kit=1.5), *opened, KICKS[0]).leaning(VALUE_FIELD, [POSITION + 24])
    assert kicked is not None
    assert [kicked[_drum_set(lanes)] for lanes in (KICK, snare, hat, snare | hat)] == [0.0, 1.5, 1.5, 3.0]


def test_a_drummer_whose_last_bar_had_the_whole_kit_is_not_led() -> None:
    lanes = [1 << DRUM_LANES.index(key) for key in (36, 38, 42)]
    hits = [Step(POSITION + 24 * beat, _drum_set(lane), 0, 0, 5) for beat, lane in enumerate(lanes)]
    bar = (Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *hits)
    leaning = led(Touch(kit=1.5), *bar, Step(BAR, NEW), Step(TRACK + DRUMS, NEW)).leaning(VALUE_FIELD, [POSITION + 24])
    assert leaning is None or not leaning.any()


def test_melodies_lean_to_small_steps_across_the_bar_line_and_basses_do_not() -> None:
    bar = (Step(BAR, NEW), Step(TRACK + LEAD, NEW), note(24, LOW_E))
    for steps, position in ((bar, 48), ((*bar, Step(BAR, NEW), Step(TRACK + LEAD, NEW)), 0)):
        leaning = led(Touch(smooth=0.8), *steps).leaning(VALUE_FIELD, [POSITION + position])
        assert leaning is not None
        assert [value - LOW_E for value in np.flatnonzero(leaning)] == [-2, -1, 1, 2]
    assert led(Touch(smooth=0.8), *bar).leaning(VALUE_FIELD, [POSITION + 24]) is None, "a chord is no step"
    bass = (Step(BAR, NEW), Step(TRACK + BASS, NEW), note(24, LOW_E))
    assert led(Touch(smooth=0.8), *bass).leaning(VALUE_FIELD, [POSITION + 48]) is None


def test_chords_of_rhythm_and_keys_lean_by_their_notes_and_those_of_others_do_not() -> None:
    header = replace(HEADER, players=(*HEADER.players, Player.of(Role.KEYS)))
    keys = len(HEADER.players)
    for slot, is_led in ((GUITAR, True), (keys, True), (LEAD, False), (BASS, False)):
        lead = led(Touch(full=0.5), Step(BAR, NEW), Step(TRACK + slot, NEW), header=header)
        leaning = lead.leaning(SHAPE_FIELD, [POSITION, LOW_E])
        assert (leaning is not None) == is_led
        if leaning is not None:
            triad = 1 + CHORD_SHAPES.index(0b10010001)
            assert [leaning[shape] for shape in (0, 1, POWER_CHORD, triad)] == [0.0, 0.0, 0.5, 1.0]


def test_each_player_has_a_temperature() -> None:
    touch = Touch(drums=0.6, rhythm=0.7, form=0.8, low=0.9, high=1.1)
    heats = {
        slot: [
            led(touch, Step(BAR, NEW), Step(TRACK + slot, NEW)).temperature(field, [POSITION])
            for field in (HEAD_FIELD, VALUE_FIELD)
        ]
        for slot in range(len(ROSTER))
    }
    assert heats == {DRUMS: [0.6, 0.6], BASS: [0.7, 0.9], GUITAR: [0.7, 0.9], LEAD: [0.7, 1.1]}
    assert led(touch, Step(BAR, NEW)).temperature(VALUE_FIELD, [BAR]) == 0.8


def test_the_weights_of_the_key_can_be_lifted() -> None:
    header = replace(HEADER, key=Key(4, Mode.MINOR))
    steps = (Step(BAR, NEW), Step(TRACK + LEAD, NEW))
    held, free = (led(touch, *steps, header=header).leaning(VALUE_FIELD, [POSITION]) for touch in (PLAIN, Touch(key=0)))
    assert held is not None
    assert free is not None
    assert held.any()
    assert not free.any()


def test_a_groove_is_what_the_drummer_alone_brings_back() -> None:
    grammar = led(Touch(groove=0.5), Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS, Step(BAR, MIXED))
    leaning = grammar.leaning(VALUE_FIELD, [TRACK + DRUMS])
    assert leaning is not None
    assert leaning[COPY] == leaning[RIFF] == 0.5
    assert leaning[NEW] == 0
    assert grammar.leaning(VALUE_FIELD, [TRACK + BASS]) is None


def _in_form(form: str, bars: int, *steps: Step, strictly: bool = True) -> Grammar:
    header = replace(HEADER, bars=bars)
    state = BandState(header)
    for step in (*prefix(header), *steps):
        state.push(step)
    return Grammar(state, Rules(touch=Touch(section=2.0)), Plan(formed(header, form, strictly=strictly)))


def test_a_section_that_returns_leans_on_its_first_time() -> None:
    bars = [Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS]
    other = [Step(BAR, NEW), Step(TRACK + DRUMS, NEW), KICKS[0]]
    grammar = _in_form("ABAC", 8, *bars, *other, *other, *other)
    grammar.mask(VALUE_FIELD, [BAR])
    leaning = grammar.leaning(VALUE_FIELD, [BAR])
    assert leaning is not None
    four_bars_ago = COPY + COPY_DISTANCES.index(4)
    assert leaning[four_bars_ago] == 2.0
    assert np.count_nonzero(leaning) == 1


def test_where_a_section_begins_only_the_drummer_may_go_on_unasked() -> None:
    bar = [Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS]
    grammar = _in_form("ABAC", 8, *bar, *bar)
    grammar.mask(VALUE_FIELD, [BAR])
    leaning = grammar.leaning(VALUE_FIELD, [BAR])
    assert leaning is not None
    assert leaning[COPY] == leaning[RIFF] == -2.0
    inside = _in_form("ABAC", 8, *bar, *bar, Step(BAR, MIXED))
    assert inside.leaning(VALUE_FIELD, [TRACK + DRUMS]) is None
    bass = inside.leaning(VALUE_FIELD, [TRACK + BASS])
    assert bass is not None
    assert bass[COPY] == -2.0
    assert bass[NEW] == 0


def test_a_new_section_leans_away_from_what_was_played_before_it_and_not_from_its_own_bars() -> None:
    bar = [Step(BAR, NEW), Step(TRACK + DRUMS, NEW), *KICKS]
    other = [Step(BAR, NEW), Step(TRACK + DRUMS, NEW), KICKS[0]]
    for strictly in (True, False):
        grammar = _in_form("AB", 8, *bar, *bar, *bar, *bar, *other, *other, strictly=strictly)
        grammar.mask(VALUE_FIELD, [BAR])
        leaning = grammar.leaning(VALUE_FIELD, [BAR])
        if not strictly:
            assert leaning is None, "the band's own forms are leant on where a section begins"
            continue
        assert leaning is not None
        weights = {distance: leaning[COPY + place] for place, distance in enumerate(COPY_DISTANCES)}
        assert weights[1] == weights[2] == leaning[NEW] == leaning[MIXED] == 0
        assert weights[4] == leaning[RIFF] == -2.0
