import io

import midirenderer
import mido
import numpy as np
import pytest
import scipy.signal
import soundfile

from inference.render.lowpass import LowPass
from inference.render.soundfonts.soundset import Preset, load_soundset
from inference.render.synth import RATE
from inference.render.voices import play_voice, voices_of

SET = load_soundset()
LENGTH = 72_000 // 64 * 64
SIXTEEN_BITS = 1 / 32768


def by_the_synth(preset: Preset, notes: list[tuple[int, int]]) -> list[np.ndarray]:
    """Each (pitch, velocity) alone, shape (samples,)."""
    channel = 9 if preset.is_drum else 0
    controls = {7: 100, 10: 0, 42: 0, 91: 0, 93: 0}
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=640_000)])  # a tick is half a block
    track += [
        mido.Message("control_change", channel=channel, control=at, value=value) for at, value in controls.items()
    ]
    track.append(mido.Message("program_change", channel=channel, program=preset.program, time=1))
    for pitch, velocity in notes:
        track.append(mido.Message("note_on", channel=channel, note=pitch, velocity=velocity))
        track.append(mido.Message("control_change", channel=channel, control=120, value=0, time=LENGTH // 32))
        track.append(mido.Message("note_off", channel=channel, note=pitch, time=64))
    content = io.BytesIO()
    mido.MidiFile(ticks_per_beat=960, tracks=[track]).save(file=content)
    sound, _ = soundfile.read(io.BytesIO(midirenderer.render_wave_from(SET.fonts[0], content.getvalue())))
    starts = [64 + at * (LENGTH + 32 * 64) for at in range(len(notes))]
    return [sound[start : start + LENGTH, 0] for start in starts]


def by_us(preset: Preset, pitch: int, velocity: int) -> np.ndarray:
    sound = np.zeros(LENGTH)
    for voice in voices_of(preset, pitch, velocity) or ():
        played = play_voice(voice, pitch, velocity, len(sound), RATE)
        sound[: len(played)] += played
    return sound


def apart(preset: Preset, notes: list[tuple[int, int]]) -> float:
    """The greatest difference, in parts of the tone's peak; what 16 bits round away does not count."""
    errors = []
    for (pitch, velocity), wanted in zip(notes, by_the_synth(preset, notes), strict=True):
        error = by_us(preset, pitch, velocity)[: len(wanted)] - wanted
        errors.append((np.sqrt(np.mean(error**2)) - SIXTEEN_BITS) / np.abs(wanted).max())
    return max(errors)


@pytest.mark.parametrize("program", [0, 4, 7, 16, 18, 24, 25, 26, 27, 28, 32, 33, 34, 36, 38, 48, 61, 81])
def test_a_voice_alone_is_what_the_synthesizer_plays(program: int) -> None:
    assert apart(SET.preset(program, is_drum=False), [(33, 120), (52, 40), (69, 88)]) < 1e-3


@pytest.mark.parametrize("kit", [0, 8, 16, 32])
def test_a_drum_alone_is_what_the_synthesizer_plays(kit: int) -> None:
    assert apart(SET.preset(kit, is_drum=True), [(pitch, 104) for pitch in (36, 38, 42, 46, 47, 49, 51)]) < 1e-3


def test_what_a_voice_cannot_say_is_left_to_the_synthesizer() -> None:
    pad, kit_in_stereo = SET.preset(89, is_drum=False), SET.preset(25, is_drum=True)
    assert voices_of(pad, 60, 100) is None  # its filter moves for seconds
    assert voices_of(kit_in_stereo, 38, 100) is None
    violin_that_trembles = SET.preset(40, is_drum=False)
    assert voices_of(violin_that_trembles, 60, 100) is None


def test_the_filter_is_the_one_sample_after_sample() -> None:
    rng = np.random.default_rng(3)
    for hertz in (60.0, 900.0, 19_912.0):
        sound = rng.standard_normal(9_997).astype(np.float32)
        low_pass = LowPass(hertz, 3.0, RATE)
        wanted = scipy.signal.lfilter(low_pass.numerator, low_pass.denominator, sound.astype(float))
        low_pass.hear(sound, np.zeros((2, 2), np.float32))
        assert np.abs(sound - wanted).max() < 1e-4 * np.abs(wanted).max()
