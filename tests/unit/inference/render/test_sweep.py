"""Every genre's sound at slow and fast tempos, low and high: nothing clips, buzzes, hums, stays silent or drowns."""

import numpy as np
import pytest

from inference.evaluation.balance import LIMIT_LU, role_levels
from inference.evaluation.sound import measure
from inference.music.genre import Genre, load_catalogue
from inference.music.program import Role
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.signal import Audio
from inference.render.soundcheck import sound_check
from inference.render.sounds import DEFAULT_SOUNDS, load_sounds
from inference.render.studio import Care, Studio

STUDIO = Studio.open()
GENRES = load_catalogue(DEFAULT_SOUNDS.parent / "genres.toml").genres


def assert_clean(audio: Audio, rate: int) -> None:
    figures = measure(audio, rate)
    assert np.isfinite(audio).all()
    assert figures.lufs == pytest.approx(-14, abs=0.5)
    assert figures.true_peak_db <= -1.0
    assert figures.dc < 1e-3
    assert longest_flat_top(audio) < 4
    assert np.abs(audio[:, -48:]).max() < 1e-3


def longest_flat_top(audio: Audio) -> int:
    """Samples in a row that stand still at the very top, as they do where a signal is cut off."""
    longest = 0
    for channel in audio:
        top = np.abs(channel) > 0.999 * np.abs(channel).max()
        still = top[1:] & top[:-1] & (np.abs(np.diff(channel)) < 1e-6)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], still.astype(int), [0]))))
        longest = max(longest, *(edges[1::2] - edges[::2] + 1), 0)
    return longest


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_slow_and_low_no_preset_clips_or_hums_and_every_role_is_as_loud_as_it_should_be(genre: Genre) -> None:
    stems = list(STUDIO.stems(sound_check(genre.roster, 60.0, 2, -12), genre.roster, genre.name))
    mix = np.sum([stem.audio for stem in stems], axis=0)
    assert_clean(STUDIO.finish(mix, stems[0].rate, genre.name), stems[0].rate)
    levels = role_levels(stems, STUDIO.sounds.of(genre.name))
    off = {role.value: one.heard - one.wanted for role, one in levels.items()}
    assert off == pytest.approx(dict.fromkeys(off, 0.0), abs=LIMIT_LU)


@pytest.mark.parametrize("genre", GENRES, ids=lambda genre: genre.name)
def test_fast_and_high_no_preset_clips_or_hums(genre: Genre) -> None:
    score = sound_check(genre.roster, 400.0, 2, 24)
    assert_clean(*STUDIO.record(score, genre.roster, genre.name))


@pytest.mark.parametrize("genre", ["metal", "jazz", "electronic"])
def test_the_slowest_tempo_is_played(genre: str) -> None:
    roster = next(one.roster for one in GENRES if one.name == genre)
    assert_clean(*STUDIO.record(sound_check(roster, 20.0, 2), roster, genre))


def test_two_hundred_notes_at_once_are_a_song() -> None:
    wall = tuple(Note(0, pitch, 2 * PPQ, 127) for pitch in range(30, 80))
    score = Score(tuple(Track("", program, False, wall) for program in (0, 30, 48, 81)))
    assert score.note_count == 200
    assert_clean(*STUDIO.record(score, (), "metal"))


def test_the_quick_mix_is_as_loud_and_as_clean() -> None:
    roster = GENRES[0].roster
    assert_clean(*STUDIO.record(sound_check(roster, 160.0, 4), roster, "metal", Care.QUICK))


def struck(pitch: int, length: int) -> Score:
    """One stroke, a long rest, and another one."""
    notes = (Note(0, pitch, length, 110), Note(12 * PPQ, pitch, length, 110))
    return Score((Track("", 30, False, notes),), (TempoChange(0, 160.0),))


@pytest.mark.parametrize("amp", sorted(load_sounds().amps))
def test_amplifiers_are_silent_between_notes(amp: str) -> None:
    sounds = load_sounds()
    metal = sounds.of("metal")
    quiet = metal.model_copy(update={"rhythm_amp": amp, "rhythm": metal.rhythm.model_copy(update={"room_db": None})})
    studio = Studio(STUDIO.soundset, sounds.model_copy(update={"sounds": sounds.sounds | {"metal": quiet}}))
    (stem,) = studio.stems(struck(45, PPQ), (Player.of(Role.RHYTHM),), "metal")
    rest = stem.audio[:, int(2.0 * stem.rate) : int(4.4 * stem.rate)]
    assert np.abs(rest).max() < 1e-3 * np.abs(stem.audio).max()


def centroid_and_length(audio: Audio, rate: int) -> tuple[float, float]:
    """Middle of the spectrum (Hz) and seconds until it has fallen by 20 dB."""
    mono = audio.mean(axis=0)[: 3 * rate]
    power = np.abs(np.fft.rfft(mono[: rate // 4])) ** 2
    hertz = np.fft.rfftfreq(rate // 4, 1 / rate)
    level = np.sqrt(np.convolve(np.square(mono), np.ones(480) / 480, mode="same"))
    return float((power * hertz).sum() / power.sum()), float(np.flatnonzero(level > 0.1 * level.max())[-1] / rate)


@pytest.mark.parametrize("genre", ["metal", "nu-metal", "hard-rock", "blues"])
def test_palm_mutes_are_shorter_and_darker_than_open_notes(genre: str) -> None:
    ratios = []
    for pitch in (40, 43, 47):
        (muted,) = STUDIO.stems(struck(pitch, PPQ // 4), (Player.of(Role.RHYTHM),), genre)
        (opened,) = STUDIO.stems(struck(pitch, 2 * PPQ), (Player.of(Role.RHYTHM),), genre)
        (dull, short), (bright, long) = (centroid_and_length(one.audio, one.rate) for one in (muted, opened))
        assert short < 0.3 * long
        ratios.append(dull / bright)
    assert max(ratios) < 1.0
    assert np.mean(ratios) < 0.75
