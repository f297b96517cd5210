"""Notes of instruments with several layers are let go as the synthesizer lets them go, and end without a click."""

import io

import midirenderer
import mido
import numpy as np
import pytest
import soundfile

from inference.render.soundfonts.soundset import load_soundset
from inference.render.synth import RATE, Tone, falling, play_tones

SET = load_soundset()
HELD = (80 * RATE // 1000 // 64 * 64, 600 * RATE // 1000 // 64 * 64)
WINDOWS_S = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.8))
LAYERED = (19, 44, 49, 50, 51, 52, 53, 55, 60, 61, 62, 81, 88, 89, 90, 91, 92, 94, 95)  # organ, strings, choirs, pads
HELD_ON = (16, 18, 20, 40, 48, 65, 80)


def let_go(tone: Tone, held: int) -> np.ndarray:
    """What the synth itself makes of a note of `held` samples, from its end on."""
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=640_000)])  # a tick is half a block
    controls = {7: 100, 10: 64, 91: 0, 93: 0, 42: 0}
    track += [mido.Message("control_change", control=number, value=value) for number, value in controls.items()]
    track.append(mido.Message("program_change", program=tone.preset.program))
    track.append(mido.Message("note_on", note=tone.pitch, velocity=tone.velocity, time=1))
    track.append(mido.Message("note_off", note=tone.pitch, time=held // 32))
    track.append(mido.Message("control_change", control=3, value=0, time=RATE // 32))
    content = io.BytesIO()
    mido.MidiFile(ticks_per_beat=960, tracks=[track]).save(file=content)
    wav = midirenderer.render_wave_from(SET.fonts[tone.preset.font], content.getvalue())
    sound: np.ndarray = soundfile.read(io.BytesIO(wav))[0].sum(axis=1)
    return sound[64:]


def level(sound: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(sound))) + 1e-9))


def made(tone: Tone, held: int) -> tuple[np.ndarray, np.ndarray]:
    """Our note while it is held, and what follows."""
    long = play_tones({tone: 2 * RATE}, SET)[tone].mean(axis=0)
    fall = falling(tone, held)
    return long[:held], long[held : held + len(fall)] * fall[: len(long) - held]


@pytest.mark.parametrize("program", LAYERED)
def test_a_layered_sound_dies_away_as_the_synth_has_it(program: int) -> None:
    tone = Tone(SET.preset(program, is_drum=False), 60, 90)
    for held in HELD:
        wanted = let_go(tone, held)
        sounding, rest = made(tone, held)
        rest = np.pad(rest, (0, RATE))
        last = slice(max(0, held - 2_400), held)
        before = level(sounding[last]) - level(wanted[last])  # the synth's voices stand in the middle of two channels
        for start, end in WINDOWS_S:
            window = slice(int(start * RATE), int(end * RATE))
            if level(wanted[held:][window]) > level(wanted[last]) - 25:
                assert level(rest[window]) - before == pytest.approx(level(wanted[held:][window]), abs=5)


@pytest.mark.parametrize("program", [*LAYERED, *HELD_ON])
@pytest.mark.parametrize("pitch", [48, 72])
def test_a_short_note_of_what_is_held_is_soon_gone_and_ends_without_a_click(program: int, pitch: int) -> None:
    tone = Tone(SET.preset(program, is_drum=False), pitch, 90)
    sounding, rest = made(tone, HELD[0])
    whole = np.concatenate((sounding, rest))
    assert np.abs(rest[-48:]).max() < 0.005 * np.abs(whole).max()
    assert np.abs(rest[int(2.2 * RATE) :]).max(initial=0.0) < 0.05 * np.abs(whole).max()
    bends = np.abs(np.diff(whole, 2))
    usual = np.percentile(bends[: HELD[0]], 99.9)
    assert bends[HELD[0] - 100 : HELD[0] + 300].max() < 5 * usual
