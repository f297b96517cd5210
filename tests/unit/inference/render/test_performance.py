from itertools import pairwise

import numpy as np
import pytest

from inference.music.program import Role
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.errors import ScoreTooLarge
from inference.render.parts import split_parts
from inference.render.performance import Performance, perform, sound_of, tones_of
from inference.render.soundfonts.soundset import load_soundset
from inference.render.sounds import load_sounds
from inference.render.synth import RATE, play_tones
from inference.render.timeline import Timeline

SET = load_soundset()
METAL = load_sounds().of("metal")
BAR = 4 * PPQ
EIGHTH = PPQ // 2


def performances(score: Score, roster: tuple[Player, ...] = ()) -> list[Performance]:
    return perform(score, split_parts(score, roster, METAL), Timeline(score, RATE), SET)


def sound(score: Score, samples: int) -> np.ndarray:
    (one,) = performances(score)
    return sound_of(one, play_tones(tones_of([one]), SET), samples)


def guitar(notes: list[Note], program: int = 30, tempo: float = 160.0) -> Score:
    return Score((Track("", program, False, tuple(sorted(notes))),), (TempoChange(0, tempo),))


def test_equal_bars_are_equal_samples_at_a_tempo_that_divides_no_sample() -> None:
    riff = [Note(bar * BAR + step * EIGHTH, 40 + step % 3, EIGHTH, 100) for bar in range(12) for step in range(8)]
    score = guitar(riff, tempo=173.0)
    lines = Timeline(score, RATE).bar_samples
    played = sound(score, int(score.duration_s * RATE))
    bars = [played[:, start : start + 40_000] for start in lines[2:-1]]
    assert len(bars) == 9
    assert all(np.array_equal(bars[0], bar) for bar in bars[1:])


def test_bar_lines_are_where_the_clock_says_however_long_the_song() -> None:
    score = guitar([Note(bar * BAR, 40, EIGHTH, 100) for bar in range(200)], tempo=173.0)
    ideal = np.arange(200) * 4 * 60 / 173 * RATE
    assert np.abs(Timeline(score, RATE).bar_samples - ideal).max() <= 0.003 * RATE + 1


def test_changes_of_tempo_and_meter_are_followed() -> None:
    track = Track("", 0, False, tuple(Note(tick, 60, 100, 90) for tick in range(0, 12 * PPQ, PPQ)))
    tempos = (TempoChange(0, 120.0), TempoChange(4 * PPQ, 60.0))
    meters = (MeterChange(0, Meter()), MeterChange(4 * PPQ, Meter(3, 4)))
    timeline = Timeline(Score((track,), tempos, meters), RATE)
    assert timeline.bars.tolist() == [0, 4 * PPQ, 7 * PPQ, 10 * PPQ]
    assert timeline.samples(np.array([0, 2 * PPQ, 4 * PPQ, 5 * PPQ, 8 * PPQ])).tolist() == [
        0,
        RATE,
        2 * RATE,
        3 * RATE,
        6 * RATE,
    ]


def test_a_tone_is_played_once_however_often_it_stands_in_the_song() -> None:
    riff = [Note(step * EIGHTH, 40, EIGHTH, 100) for step in range(400)]
    (one,) = performances(guitar(riff, program=33))
    assert len(tones_of([one])) == 1


def test_velocities_of_one_layer_share_a_tone_and_differ_in_gain() -> None:
    (one,) = performances(guitar([Note(step * PPQ, 60, PPQ, 97 + 5 * step) for step in range(3)], program=0))
    gains = [hit.gain for hit in one.takes[0]]
    assert len(tones_of([one])) == 1
    assert all(low < high for low, high in pairwise(gains))


def test_two_takes_are_the_same_notes_a_few_milliseconds_apart() -> None:
    score = guitar([Note(step * PPQ, 45, PPQ, 100) for step in range(16)])
    (one,) = performances(score, (Player.of(Role.RHYTHM),))
    left, right = one.takes
    late = [(b.at - a.at) / RATE for a, b in zip(left, right, strict=True)]
    assert 0 <= min(late) < max(late) <= 0.011
    assert len(set(late)) > 3
    assert {hit.tone.cents for hit in left} != {hit.tone.cents for hit in right}


def test_palm_mutes_are_played_on_the_muted_guitar() -> None:
    (one,) = performances(guitar([Note(0, 40, PPQ // 4, 100), Note(BAR, 40, PPQ, 100)]))
    assert [(hit.tone.preset.program, hit.is_muted) for hit in one.takes[0]] == [(28, True), (27, False)]


def test_a_closing_hi_hat_silences_the_open_one() -> None:
    hats = (Note(0, 46, 60, 100), Note(PPQ, 42, 60, 100), Note(BAR, 49, 60, 100))
    (one,) = performances(Score((Track("", 0, True, hats),)))
    second = one.takes[0][1].at
    assert [hit.stop for hit in one.takes[0]] == [second, None, None]
    open_alone = sound(Score((Track("", 0, True, hats[:1]),)), 2 * RATE)
    closed = sound(Score((Track("", 0, True, hats[:2]),)), 2 * RATE)
    later = slice(second + 20_000, second + 40_000)
    assert np.abs(closed[:, later]).max() < 0.3 * np.abs(open_alone[:, later]).max()


def test_drums_stand_at_their_own_places() -> None:
    crash = sound(Score((Track("", 0, True, (Note(0, 49, 60, 100),)),)), RATE)
    kick = sound(Score((Track("", 0, True, (Note(0, 36, 60, 100),)),)), RATE)
    assert np.abs(crash[1]).max() > 1.5 * np.abs(crash[0]).max()
    assert len(kick) == 1


def test_two_hundred_notes_at_once_add_up() -> None:
    wall = [Note(0, pitch, PPQ, 127) for pitch in range(28, 100)]
    wide = Score(tuple(Track("", program, False, tuple(wall)) for program in (0, 48, 61)))
    played = [sound_of(one, play_tones(tones_of([one]), SET), RATE) for one in performances(wide)]
    assert all(np.isfinite(one).all() and np.abs(one).max() > 1.0 for one in played)


def test_a_crowd_of_different_notes_is_played_with_fewer_layers() -> None:
    crowd = tuple(Note(0, pitch, 6 * PPQ, velocity) for pitch in range(30, 100) for velocity in range(1, 128, 9))
    (one,) = performances(Score((Track("", 48, False, crowd),), (TempoChange(0, 30.0),)))
    assert len(tones_of([one])) < 70 * 8


def test_more_different_long_notes_than_can_be_played_are_refused() -> None:
    endless = tuple(Note(0, pitch, 500 * PPQ, 100) for pitch in range(128))
    with pytest.raises(ScoreTooLarge, match="too many different"):
        performances(Score((Track("", 48, False, endless),)))
