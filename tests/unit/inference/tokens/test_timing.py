"""Played notes go where they were meant; what keeps no time is told from what does."""

import random
from dataclasses import replace

import pytest

from inference.music.score import Note, Score, Track
from inference.music.units import PPQ
from inference.tokens.timing import is_on_time, keep_time, put_on_grid, share_on_grid
from tests.fakes.scores import quartet_score

KEPT, FREE = 0.15, 0.1


def _played(score: Score, offset: int, spread: float, seed: int = 1) -> Score:
    """Every note `offset` ticks late and some more by chance."""
    rng = random.Random(seed)
    return replace(
        score,
        tracks=tuple(
            replace(
                track,
                notes=tuple(
                    sorted(
                        replace(note, tick=max(0, note.tick + offset + round(rng.gauss(0, spread))))
                        for note in track.notes
                    )
                ),
            )
            for track in score.tracks
        ),
    )


def _places(score: Score) -> set[tuple[str, int, int]]:
    return {(track.name, note.tick, note.pitch) for track in score.tracks for note in track.notes}


@pytest.mark.parametrize(("offset", "spread"), [(0, 10), (30, 6), (-35, 6), (20, 14)])
def test_loose_and_late_playing_comes_back_to_where_it_was_written(offset: int, spread: float) -> None:
    written = quartet_score(24)
    shifted = replace(
        written,
        tracks=tuple(
            replace(track, notes=tuple(replace(note, tick=note.tick + 4 * PPQ) for note in track.notes))
            for track in written.tracks
        ),
    )
    played = _played(shifted, offset, spread)
    assert not is_on_time(played)
    timing = keep_time(played)
    assert timing.saved > KEPT
    same = _places(put_on_grid(played, timing)) & _places(shifted)
    assert len(same) >= 0.98 * len(_places(shifted))


def test_swing_becomes_triplets() -> None:
    rng = random.Random(2)
    notes = [Note(beat * PPQ + at + rng.randint(-9, 9), 60, 60, 90) for beat in range(1, 64) for at in (0, 310)]
    score = Score((Track("ride", 0, True, tuple(notes)),))
    grid = put_on_grid(score, keep_time(score))
    assert {note.tick % PPQ for note in grid.tracks[0].notes} == {0, 320}


def test_a_slow_drift_is_followed() -> None:
    notes = [Note(beat * 240 + round(beat * 0.12), 60, 60, 90) for beat in range(8, 300)]
    score = Score((Track("keys", 0, False, tuple(notes)),))
    grid = put_on_grid(score, keep_time(score))
    assert [note.tick for note in grid.tracks[0].notes] == [beat * 240 for beat in range(8, 300)]


def test_notes_at_random_keep_no_time() -> None:
    rng = random.Random(3)
    notes = tuple(sorted(Note(rng.randint(0, 400 * PPQ), 60, 60, 90) for _ in range(2000)))
    score = Score((Track("keys", 0, False, notes),))
    assert share_on_grid(score) < 0.6
    assert keep_time(score).saved < FREE


def test_a_bent_tempo_keeps_no_time() -> None:
    ticks, tick, rng = [], 0.0, random.Random(4)
    for _ in range(1500):
        tick += 120 * (1 + 0.15 * rng.gauss(0, 1))
        ticks.append(round(tick))
    score = Score((Track("keys", 0, False, tuple(Note(at, 60, 60, 90) for at in sorted(ticks))),))
    assert keep_time(score).saved < FREE


def test_a_sequenced_score_is_left_alone() -> None:
    assert is_on_time(quartet_score(8))
