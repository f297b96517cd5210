from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.music.program import Role
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.units import PPQ
from inference.render.errors import RenderFailed
from inference.render.parts import Part, Seat
from inference.render.synth import RING_S, load_soundfont, play

CHORD = tuple(Note(0, pitch, 2 * PPQ, 100) for pitch in (40, 47, 52))


def part_of(score: Score, seats: tuple[Seat, ...] | None = None) -> Part:
    return Part(Role.OTHER, None, score, seats or (Seat(),) * len(score.tracks))


def guitar(notes: tuple[Note, ...] = CHORD) -> Score:
    return Score((Track("", 27, False, notes),))


def test_a_part_rings_for_seconds_after_its_last_note() -> None:
    audio, rate = play(part_of(guitar()), load_soundfont())
    assert audio.shape[1] / rate == pytest.approx(1.0 + RING_S, abs=0.05)
    release = audio[:, round(1.01 * rate) : round(1.05 * rate)]
    assert np.abs(release).max() > 0
    assert np.abs(audio[:, -100:]).max() < 1e-3


def test_the_ring_is_as_long_after_a_change_of_tempo() -> None:
    score = replace(guitar(), tempos=(TempoChange(0, 60.0), TempoChange(PPQ, 240.0)))
    audio, rate = play(part_of(score), load_soundfont())
    assert audio.shape[1] / rate == pytest.approx(1.25 + RING_S, abs=0.05)


@pytest.mark.parametrize(("pan", "silent"), [(-1.0, 1), (1.0, 0)])
def test_a_guitar_on_one_side_cannot_be_heard_on_the_other(pan: float, silent: int) -> None:
    audio, _ = play(part_of(guitar(), (Seat(pan),)), load_soundfont())
    assert np.abs(audio[1 - silent]).max() > 0.05
    assert np.abs(audio[silent]).max() < 1e-4


def test_a_wall_of_sound_is_played_quietly_enough_not_to_clip() -> None:
    wall = tuple(Note(0, pitch, 2 * PPQ, 127) for pitch in range(30, 90))
    audio, _ = play(
        part_of(Score(tuple(Track("", program, False, wall) for program in (48, 61, 81)))), load_soundfont()
    )
    assert 0.1 < np.abs(audio).max() < 1.0


def test_a_file_that_is_no_soundfont_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "piano.sf2"
    wrong.write_bytes(b"RIFF, but not really")
    with pytest.raises(RenderFailed, match="SoundFont"):
        play(part_of(guitar()), load_soundfont(wrong))


def test_a_missing_soundfont_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match=r"gone\.sf2"):
        load_soundfont(tmp_path / "gone.sf2")
