import itertools
from dataclasses import replace

import numpy as np
import pyloudnorm
import pytest

from inference.music.program import Role
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.endings import let_ring
from inference.render.errors import RenderFailed
from inference.render.loudness import true_peaks
from inference.render.signal import Audio
from inference.render.studio import Studio
from tests.fakes.render_jobs import QUARTET
from tests.fakes.scores import quartet_score, single_note_score

STUDIO = Studio.open()


def assert_finished(audio: Audio, rate: int) -> None:
    """As loud as promised, nowhere too loud, and ended."""
    assert pyloudnorm.Meter(rate).integrated_loudness(audio.T.astype(float)) == pytest.approx(-14, abs=0.5)
    assert 20 * np.log10(true_peaks(audio, 48).max()) <= -1.0
    assert np.abs(audio[:, -48:]).max() < 1e-3


def shares(audio: Audio, rate: int, edges: tuple[float, ...]) -> list[float]:
    power = np.abs(np.fft.rfft(audio.mean(axis=0))) ** 2
    hertz = np.fft.rfftfreq(audio.shape[1], 1 / rate)
    bands = itertools.pairwise(edges)
    return [float(power[(hertz >= low) & (hertz < high)].sum() / power.sum()) for low, high in bands]


def test_a_metal_quartet_is_loud_wide_and_spread_over_the_spectrum() -> None:
    audio, rate = STUDIO.record(quartet_score(8), QUARTET, "metal")
    assert_finished(audio, rate)
    assert 0.2 < np.corrcoef(audio)[0, 1] < 0.9
    lows, mids, highs, air = shares(audio, rate, (20, 200, 1_000, 6_000, 20_000))
    assert 0.2 < lows < 0.7
    assert mids > 0.1
    assert highs > 0.1
    assert air > 0.005


def test_the_same_notes_give_the_same_samples() -> None:
    first, _ = STUDIO.record(quartet_score(4), QUARTET, "metal")
    second, _ = STUDIO.record(quartet_score(4), QUARTET, "metal")
    assert np.array_equal(first, second)


def test_the_genre_is_heard() -> None:
    metal, _ = STUDIO.record(quartet_score(4), QUARTET, "metal")
    blues, _ = STUDIO.record(quartet_score(4), QUARTET, "blues")
    length = min(metal.shape[1], blues.shape[1])
    assert np.abs(metal[:, :length] - blues[:, :length]).max() > 0.1


@pytest.mark.parametrize("genre", ["jazz", "metal"])
def test_a_single_note_is_a_song(genre: str) -> None:
    audio, rate = STUDIO.record(single_note_score(), (), genre)
    assert_finished(audio, rate)
    assert 2.0 < audio.shape[1] / rate < 0.5 + 4.7  # it rings out


def test_a_track_without_notes_is_no_trouble() -> None:
    score = quartet_score(4)
    with_silence = replace(score, tracks=(*score.tracks, Track("Choir", 52, False, ())))
    audio, _ = STUDIO.record(with_silence, QUARTET, "metal")
    without, _ = STUDIO.record(score, QUARTET, "metal")
    assert np.array_equal(audio, without)


def test_a_dozen_players_fit_on_the_desk() -> None:
    drums, bass, rhythm, lead = quartet_score(4).tracks
    programs = (0, 18, 25, 27, 48, 61, 65, 81)
    more = tuple(replace(lead, program=program) for program in programs)
    score = replace(quartet_score(4), tracks=(drums, bass, rhythm, lead, *more))
    assert len(score.tracks) == 12
    assert_finished(*STUDIO.record(score, QUARTET, "prog"))


def test_a_change_of_tempo_is_followed() -> None:
    score = replace(quartet_score(4), tempos=(TempoChange(0, 160.0), TempoChange(2 * 1920, 80.0)))
    audio, rate = STUDIO.record(score, QUARTET, "metal")
    assert audio.shape[1] / rate >= score.duration_s == pytest.approx(9.0)


def test_a_score_without_notes_is_refused() -> None:
    with pytest.raises(RenderFailed, match="no notes"):
        STUDIO.record(Score((Track("Drums", 0, True, ()),)), (Player.of(Role.DRUMS),), "metal")


def test_stems_are_one_for_each_player_and_their_sum_is_a_finished_song() -> None:
    stems = list(STUDIO.stems(quartet_score(4), QUARTET, "metal"))
    assert [(stem.track, stem.role) for stem in stems] == [(index, player.role) for index, player in enumerate(QUARTET)]
    assert len({stem.audio.shape for stem in stems}) == 1
    mix = np.sum([stem.audio for stem in stems], axis=0)
    assert_finished(STUDIO.finish(mix, stems[0].rate, "metal"), stems[0].rate)


def test_a_last_chord_rings_for_seconds_and_dies_away_without_a_step() -> None:
    score = quartet_score(2)
    audio, rate = STUDIO.record(score, QUARTET, "metal")
    tail = audio[:, int(score.duration_s * rate) :]
    assert tail.shape[1] > 3 * rate
    quarters = tail[:, : tail.shape[1] // (rate // 4) * (rate // 4)].reshape(2, -1, rate // 4)
    levels = 10 * np.log10(np.mean(np.square(quarters), axis=(0, 2)) + 1e-12)
    assert np.diff(levels).max() < 2
    assert levels[0] - levels[4] < 12  # a second after the written end it is still there
    assert levels[-1] < levels[0] - 25


def test_a_song_that_stops_short_stops_short() -> None:
    stop = (Note(0, 40, PPQ // 4, 110), Note(2 * PPQ, 45, PPQ // 4, 110))
    score = Score((Track("", 30, False, stop),), (TempoChange(0, 160.0),))
    audio, rate = STUDIO.record(score, (), "metal")
    assert audio.shape[1] / rate < score.duration_s + 2.0


def test_nobody_plays_on_who_stopped_before_the_last_note_and_no_organ_rings() -> None:
    early, late = (Note(0, 45, PPQ, 100),), (Note(4 * PPQ, 45, 2 * PPQ, 100),)
    score = Score((Track("", 30, False, early), Track("", 16, False, late), Track("", 0, False, late)))
    ringing = let_ring(score)
    assert [track.notes == before.notes for track, before in zip(ringing.tracks, score.tracks, strict=True)] == [
        True,
        True,
        False,
    ]
    assert ringing.duration_s == pytest.approx(score.duration_s + 4.0, abs=0.01)
