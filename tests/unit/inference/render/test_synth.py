import io
import itertools
from pathlib import Path

import midirenderer
import mido
import numpy as np
import pytest
import soundfile

from inference.render.errors import RenderFailed
from inference.render.soundfonts.soundset import Soundset, load_soundfont, load_soundset
from inference.render.synth import RATE, Tone, falling, play_tones

SET = load_soundset()
GUITAR, STRINGS, KIT = SET.preset(27, is_drum=False), SET.preset(48, is_drum=False), SET.preset(0, is_drum=True)


def alone(tone: Tone, length: int) -> np.ndarray:
    return play_tones({tone: length}, SET)[tone]


def let_go(tone: Tone, held: int, seconds: float = 3.0) -> np.ndarray:
    """What the synth itself makes of a tone that is let go after `held` samples, whole blocks of 64."""
    controls = {7: 100, 10: 0, 42: 0, 91: 0, 93: 0}
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=640_000)])  # a tick is half a block
    track += [mido.Message("control_change", control=number, value=value) for number, value in controls.items()]
    track.append(mido.Message("program_change", program=tone.preset.program))
    track.append(mido.Message("note_on", note=tone.pitch, velocity=tone.velocity, time=1))
    track.append(mido.Message("note_off", note=tone.pitch, time=held // 32))
    track.append(mido.Message("control_change", control=3, value=0, time=int(seconds * RATE) // 32))
    content = io.BytesIO()
    mido.MidiFile(ticks_per_beat=960, tracks=[track]).save(file=content)
    sound, _ = soundfile.read(io.BytesIO(midirenderer.render_wave_from(SET.fonts[0], content.getvalue())))
    return sound.T[:1, 64:].astype(np.float32)


def test_a_tone_starts_at_its_first_sample_and_rings_after_it_was_let_go() -> None:
    sound = alone(Tone(GUITAR, 45, 100), RATE // 2)
    assert np.abs(sound[:, :200]).max() > 0.002
    assert sound.shape[1] > RATE // 2 + 4_000
    assert np.abs(sound[:, -48:]).max() < 2e-3


def test_a_tone_sounds_the_same_alone_and_among_others() -> None:
    tones = {Tone(GUITAR, pitch, 100, cents): RATE // 3 for pitch in range(40, 52) for cents in (-2.5, 2.5)}
    tones |= {Tone(KIT, pitch, 104): RATE for pitch in (36, 38, 42)}
    together = play_tones(tones, SET)
    for tone in list(tones)[::5]:
        assert np.array_equal(together[tone], alone(tone, tones[tone]))


def test_an_instrument_in_the_middle_is_one_row() -> None:
    assert GUITAR.is_centred
    assert alone(Tone(GUITAR, 52, 100), 4_800).shape[0] == 1


@pytest.mark.parametrize("program", [25, 27, 33, 38, 48])
@pytest.mark.parametrize("held", [40 * 64, 150 * 64, 600 * 64])
def test_a_short_note_is_the_start_of_a_long_one_that_falls_as_the_synth_has_it(program: int, held: int) -> None:
    tone = Tone(SET.preset(program, is_drum=False), 45, 100)
    long, wanted = alone(tone, RATE), let_go(tone, held)
    assert np.abs(long[:, :held] - wanted[:, :held]).max() < 2e-3 * np.abs(wanted).max() + 2 / 32768
    fall = falling(tone, held)
    made = (long[0, held : held + len(fall)] * fall[: long.shape[1] - held])[:RATE]
    error = made - wanted[0, held : held + len(made)]
    assert np.sqrt(np.mean(error**2)) < 0.02 * np.abs(wanted).max()


def test_the_longest_note_of_a_tone_falls_no_faster_than_the_others() -> None:
    tone = Tone(STRINGS, 60, 100)
    for held in (100 * 64, 400 * 64):
        longest, longer = (alone(tone, length)[0, : held + tone.ring_samples] for length in (held, RATE))
        assert np.array_equal(longest[: held + 9_600], longer[: held + 9_600])


@pytest.mark.parametrize("held_ms", [60, 120, 300])
def test_a_pad_let_go_while_it_swells_falls_as_the_synth_lets_it(held_ms: int) -> None:
    tone, held = Tone(SET.preset(89, is_drum=False), 60, 100), held_ms * RATE // 1000 // 64 * 64
    long, wanted = alone(tone, 2 * RATE)[0, held : held + RATE], let_go(tone, held)[0, held : held + RATE]
    made = long * falling(tone, held)[:RATE]
    levels = [20 * np.log10(np.sqrt(np.mean(np.square(one[: RATE // 2])))) for one in (made, wanted)]
    assert levels[0] == pytest.approx(levels[1], abs=2.5)


@pytest.mark.parametrize("program", [0, 24, 48])
@pytest.mark.parametrize("velocity", [40, 72, 112])
def test_a_short_note_rings_on_as_long_as_the_synth_lets_it_at_that_velocity(program: int, velocity: int) -> None:
    tone, held = Tone(SET.preset(program, is_drum=False), 60, velocity), 75 * 64
    long, short = alone(tone, 2 * RATE)[0], let_go(tone, held)[0]
    fall = falling(tone, held)
    made = long[held : held + len(fall)] * fall
    for window in (slice(0, 4_800), slice(4_800, 14_400)):
        wanted, heard = (np.sqrt(np.mean(np.square(one[window]))) for one in (short[held:], made))
        if wanted > 0.01 * np.abs(short).max():
            assert 20 * np.log10(heard / wanted) == pytest.approx(0, abs=1)


@pytest.mark.parametrize(("program", "pitch"), [(0, 40), (0, 64), (24, 52), (25, 40), (36, 33)])
def test_a_string_whose_sample_was_cut_goes_on_dying_away(program: int, pitch: int) -> None:
    tone = Tone(SET.preset(program, is_drum=False), pitch, 100)
    sound = alone(tone, 7 * RATE)[0]
    tenths = sound[: 7 * RATE].reshape(70, -1)
    levels = 20 * np.log10(np.sqrt(np.mean(np.square(tenths), axis=1)) / np.abs(sound).max() + 1e-9)
    seconds = levels.reshape(7, 10).mean(axis=1)
    assert np.all(np.diff(seconds) < 1)
    assert np.diff(seconds)[1:].min() > -20
    assert seconds[-1] > -70
    again = alone(tone, 7 * RATE)[0]
    assert np.array_equal(sound, again)


def test_a_crash_goes_on_dying_away_where_its_sample_was_cut() -> None:
    sound = alone(Tone(KIT, 49, 112), 5 * RATE)[0]
    levels = [20 * np.log10(np.sqrt(np.mean(np.square(sound[at * RATE : (at + 1) * RATE])))) for at in range(5)]
    assert all(4 < before - after < 20 for before, after in itertools.pairwise(levels))


def test_a_tone_falls_by_sixty_decibels_and_ends_in_silence() -> None:
    fall = falling(Tone(STRINGS, 60, 100), RATE)
    assert fall[0] == 1.0
    assert fall[-1] == 0.0
    assert np.all(np.diff(fall) <= 0)


def test_out_of_tune_is_heard_as_out_of_tune() -> None:
    straight, bent = (alone(Tone(STRINGS, 69, 100, cents), RATE)[0, 20_000:40_000] for cents in (0.0, 50.0))
    peaks = [np.abs(np.fft.rfft(one * np.hanning(len(one)), 1 << 18)).argmax() for one in (straight, bent)]
    assert 1200 * np.log2(peaks[1] / peaks[0]) == pytest.approx(50, abs=12)


def test_a_program_that_the_band_has_not_is_played_from_the_general_midi_set() -> None:
    banjo = SET.preset(105, is_drum=False)
    assert (banjo.font, banjo.program) == (1, 105)
    assert np.abs(alone(Tone(banjo, 60, 100), 9_600)).max() > 0.01


def test_a_kit_that_no_font_has_is_the_standard_kit() -> None:
    assert SET.preset(77, is_drum=True).program == 0


def test_every_program_and_every_drum_of_general_midi_sounds() -> None:
    programs = {Tone(SET.preset(program, is_drum=False), 60, 100): 4_800 for program in range(128)}
    silent = {tone.preset.program for tone, sound in play_tones(programs, SET).items() if np.abs(sound).max() < 3e-4}
    assert not silent
    drums = play_tones({Tone(KIT, pitch, 100): RATE // 4 for pitch in range(35, 82)}, SET)
    assert all(np.abs(sound).max() > 1e-3 for sound in drums.values())


def test_a_file_that_is_no_soundfont_is_refused() -> None:
    with pytest.raises(RenderFailed, match="SoundFont"):
        Soundset(b"RIFF, but not really")


def test_a_missing_soundfont_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match=r"gone\.sf2"):
        load_soundfont(tmp_path / "gone.sf2")
