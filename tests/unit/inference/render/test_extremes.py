"""Scores that nobody would write: each is made, or refused with a sentence."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from inference.api import ExtraFile, FileFormat
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ
from inference.render.errors import RenderFailed, ScoreTooLarge
from inference.render.extras import render_extras
from inference.render.job import MAX_NOTES, MAX_TRACKS, RenderedFile, Unmade, check_limits
from inference.render.pipeline import render
from tests.fakes.render_jobs import metal_job
from tests.fakes.scores import quartet_score, single_note_score

PAPER = (ExtraFile.MUSICXML, ExtraFile.SCORE, ExtraFile.TAB, ExtraFile.CHORDS)


def guitar(*notes: Note, program: int = 30) -> Track:
    return Track("Guitar", program, False, tuple(sorted(notes)))


def without(score: Score, *, drums: bool) -> Score:
    """Only the drums, or everything else."""
    return replace(score, tracks=tuple(track for track in score.tracks if track.is_drum is not drums))


def in_meter(score: Score, meter: str) -> Score:
    return replace(score, meters=(MeterChange(0, Meter.parse(meter)),))


def one_tick_long(score: Score) -> Score:
    short = (replace(track, notes=tuple(replace(note, duration=1) for note in track.notes)) for track in score.tracks)
    return replace(score, tracks=tuple(short))


def busy_conductor() -> Score:
    """Another tempo and another meter all the time."""
    tempos = tuple(TempoChange(step * PPQ, 60.0 + step % 120) for step in range(300))
    meters = tuple(MeterChange(step * 2 * PPQ, Meter(2 + step % 2 * 2, 4)) for step in range(150))
    return replace(quartet_score(8), tempos=tempos, meters=meters)


EXTREMES = {
    "one note": single_note_score(),
    "200 notes at once": Score((guitar(*(Note(0, 28 + step // 2, PPQ + step % 2, 90) for step in range(200))),)),
    "pitch 0 and 127": Score((guitar(*(Note(step * PPQ, step % 2 * 127, PPQ, 90) for step in range(8))),)),
    "one tick long": one_tick_long(quartet_score(2)),
    "drums only": without(quartet_score(2), drums=False),
    "no drums": without(quartet_score(2), drums=True),
    "7/8": in_meter(quartet_score(2), "7/8"),
    "2/2": in_meter(quartet_score(2), "2/2"),
    "tempo 20": quartet_score(1, tempo=20.0),
    "tempo 400": quartet_score(4, tempo=400.0),
    "busy conductor": busy_conductor(),
    "silent players": Score((*(Track("", step, False, ()) for step in range(8)), *single_note_score().tracks)),
}


@pytest.mark.parametrize("score", EXTREMES.values(), ids=EXTREMES)
def test_every_extreme_score_is_notes_a_card_and_paper(score: Score, tmp_path: Path) -> None:
    usual = metal_job(quartet_score(1), (FileFormat.MIDI, FileFormat.CARD))  # whose tempo may be asked for
    job = replace(usual, score=score, extras=PAPER)
    made = [*render(job, tmp_path), *render_extras(job, tmp_path)]
    has_strings = any(track.is_drum or track.program in range(24, 40) for track in score.tracks if track.notes)
    assert {one.extra for one in made if isinstance(one, Unmade)} == (set() if has_strings else {ExtraFile.TAB})
    assert all(one.path.stat().st_size > 0 for one in made if isinstance(one, RenderedFile))


@pytest.mark.parametrize("name", ["pitch 0 and 127", "one tick long"])
def test_extreme_scores_can_be_heard_and_seen(name: str, tmp_path: Path) -> None:
    extras = (ExtraFile.OGG, ExtraFile.STEMS, ExtraFile.VIDEO)
    job = replace(metal_job(EXTREMES[name], (FileFormat.MP3,)), extras=extras)
    assert not [one for one in (*render(job, tmp_path), *render_extras(job, tmp_path)) if isinstance(one, Unmade)]


def too_many_notes() -> Iterable[Note]:
    return (Note(step, step % 128, 1, 90) for step in range(MAX_NOTES + 1))


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        (Score(()), "this song has no notes, so there is nothing to play"),
        (Score((guitar(),)), "this song has no notes, so there is nothing to play"),
        (Score((guitar(*too_many_notes()),)), "a song may have 60000 notes at most, and this one has 60001"),
        (
            Score(single_note_score().tracks * (MAX_TRACKS + 112)),
            "a song may have 16 tracks at most, and this one has 128",
        ),
        (quartet_score(600, tempo=120.0), "a song may last 10 minutes at most, and this one lasts 20.0"),
    ],
    ids=["no track", "no note", "too many notes", "128 tracks", "20 minutes"],
)
def test_too_much_and_too_little_are_refused_with_a_sentence(score: Score, sentence: str) -> None:
    with pytest.raises(RenderFailed) as refusal:
        check_limits(score)
    assert str(refusal.value) == sentence
    assert isinstance(refusal.value, ScoreTooLarge) is (score.note_count > 0)
