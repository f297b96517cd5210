"""No note of an instrument sticks out among its neighbours, and palm mutes are dark and short on every string."""

from functools import cache

import numpy as np
import pytest
import scipy.signal

from inference.music.program import Role
from inference.render.amp import amplify, shape_tone
from inference.render.evening import even_out
from inference.render.parts import DRY_GUITAR, MUTED_GUITAR, Part
from inference.render.performance import Hit, Performance, sound_of
from inference.render.signal import Audio
from inference.render.soundfonts.soundset import Soundset, load_soundfont, load_soundset
from inference.render.sounds import load_sounds
from inference.render.synth import RATE, Tone, play_tones

SET, AMPS = load_soundset(), load_sounds().amps
PITCHES = range(33, 65)  # A1 to E4
OPEN, MUTED = (SET.preset(program, is_drum=False) for program in (DRY_GUITAR, MUTED_GUITAR))
HELD, STRUCK, SLOT = int(0.8 * RATE), int(0.125 * RATE), int(1.1 * RATE)


@cache
def strings() -> dict[Tone, Audio]:
    tones = {Tone(OPEN, pitch, 96): HELD for pitch in PITCHES} | {Tone(MUTED, pitch, 96): STRUCK for pitch in PITCHES}
    return even_out(play_tones(tones, SET), SET)


def figures(sound: Audio) -> tuple[float, float, float, float]:
    """Middle of the spectrum in Hz, dB above 1 and 2 kHz against all, and seconds until it has fallen by 20 dB."""
    power = np.abs(np.fft.rfft(sound[: int(0.12 * RATE)] * np.hanning(int(0.24 * RATE))[int(0.12 * RATE) :])) ** 2
    hertz = np.fft.rfftfreq(int(0.12 * RATE), 1 / RATE)
    above = [10 * np.log10(power[hertz > edge].sum() / power.sum()) for edge in (1_000, 2_000)]
    level = np.sqrt(np.convolve(np.square(sound), np.ones(480) / 480, mode="same"))
    middle = float((power * hertz).sum() / power.sum())
    return middle, above[0], above[1], float(np.flatnonzero(level > 0.1 * level.max())[-1] / RATE)


@pytest.mark.parametrize("amp", sorted(AMPS))
def test_on_every_string_of_every_amplifier_a_palm_mute_is_darker_and_shorter_than_an_open_note(amp: str) -> None:
    hits: list[Hit] = []
    for number, pitch in enumerate(PITCHES):
        hits.append(Hit(Tone(OPEN, pitch, 96), 2 * number * SLOT, HELD, 1.0))
        hits.append(Hit(Tone(MUTED, pitch, 96), (2 * number + 1) * SLOT, STRUCK, 1.0, is_muted=True))
    part = Performance(Part(0, Role.RHYTHM, DRY_GUITAR, amp, 1, 0.0), (tuple(hits),))
    dry = sound_of(
        part,
        strings(),
        2 * len(PITCHES) * SLOT,
        lambda tone, is_muted: shape_tone(tone, RATE, AMPS[amp], is_muted=is_muted),
    )
    slots = amplify(dry, AMPS[amp], np.array([0]), rate=RATE)[0].reshape(-1, SLOT)
    for pitch, opened, muted in zip(PITCHES, map(figures, slots[::2]), map(figures, slots[1::2]), strict=True):
        assert muted[0] < 0.7 * opened[0], pitch
        assert muted[1] < opened[1] - 4, pitch
        assert muted[2] < opened[2] - 6, pitch
        assert muted[3] < 0.2 * opened[3], pitch


def levels(program: int, pitches: range, seconds: tuple[float, ...]) -> np.ndarray:
    """DB around some moments of long notes between 150 Hz and 6 kHz, a row a pitch."""
    preset = SET.preset(program, is_drum=False)
    tones = {Tone(preset, pitch, 96): int((seconds[-1] + 0.1) * RATE) for pitch in pitches}
    played = even_out(play_tones(tones, SET), SET)
    band = scipy.signal.butter(1, (150, 6_000), "bandpass", fs=RATE, output="sos")
    rows = []
    for tone in tones:
        heard = scipy.signal.sosfilt(band, played[tone].mean(axis=0))
        heard = np.pad(heard, (0, max(0, int(seconds[-1] * RATE) - len(heard))))
        rows.append([np.mean(np.square(heard[int((at - 0.2) * RATE) : int(at * RATE)])) for at in seconds])
    return 10 * np.log10(np.array(rows) + 1e-12)


@pytest.mark.parametrize(
    ("program", "pitches", "most_db"),
    [
        (0, range(48, 85, 3), (3, 7, 8, 14.5)),
        (24, range(40, 76, 3), (3, 4, 6, 8)),
        (25, range(40, 76, 3), (3, 3, 6, 8.5)),
        (26, range(40, 75, 3), (2, 3.5, 4.5, 5)),
        (27, range(33, 66, 3), (2, 3, 7, 7.5)),
        (33, range(28, 56, 3), (4, 4, 5, 6)),
        (48, range(36, 85, 4), (5.5, 5, 5.5, 5.5)),
        (66, range(48, 76, 2), (5, 2.5, 4, 3)),
    ],
)
def test_no_long_note_sticks_out_among_its_neighbours(program: int, pitches: range, most_db: tuple[float, ...]) -> None:
    found = levels(program, pitches, (0.25, 1.0, 4.0, 8.0))
    found[:, 1:] -= found[:, :1] if program < 40 else 0
    off = found[1:-1] - (found[:-2] + found[2:]) / 2
    assert np.all(np.abs(off).max(axis=0) <= most_db), np.round(np.abs(off).max(axis=0), 1)


def test_somebody_elses_soundfont_is_left_as_it_is() -> None:
    own = load_soundfont().replace(b"LnH band", b"My band!", 1)
    other = Soundset(own)
    tones = {Tone(other.preset(24, is_drum=False), 57, 96): RATE // 2}
    played = play_tones(tones, other)
    assert all(even_out(played, other)[tone] is sound for tone, sound in played.items())
    ours = Tone(SET.preset(24, is_drum=False), 57, 96)
    before = play_tones({ours: 2 * RATE}, SET)
    assert not np.array_equal(even_out(before, SET)[ours], before[ours])
