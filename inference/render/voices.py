"""Single voices of a SoundFont, sample by sample as midirenderer (RustySynth) plays them, at a tenth of its work.

A synthesizer computes reverb, chorus and both sides of every block, whoever plays. A voice alone is a straight line
between two samples, a low-pass filter and an envelope.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from inference.render.lowpass import LowPass
from inference.render.soundfonts.envelope import Envelope
from inference.render.soundfonts.soundset import Preset, Voice
from inference.render.soundfonts.wave import Sweep, Wave

BLOCK = 64  # samples for which a synth keeps gain and filter
_FRACTION_BITS = 24
_PIECE = 1 << 14
_FULL_SCALE = 32768.0
_SILENT = 1e-3  # RustySynth gives up what is softer
_LEVEL = 0.5 * (12_800 / 16_383 * 16_256 / 16_383) ** 2  # its own volume, and a channel's volume of 100
_OCTAVE = 12.0
_OPEN = 0.499  # a filter above that part of the sample rate is none
_MOST_SWEEP_S = 0.3  # a filter that moves for longer is not worth its while here


@lru_cache(4096)
def voices_of(preset: Preset, pitch: int, velocity: int) -> tuple[Voice, ...] | None:
    """Those of a tone, if they can be played here: in the middle, without vibrato and long sweeps of the filter."""
    found = tuple(voice for voice in preset.voices if voice.sounds(pitch, velocity))
    waves = [voice.wave for voice in found]
    classes = [wave.exclusive for wave in waves if wave is not None and wave.exclusive]
    if not preset.is_centred or len(set(classes)) < len(classes) or not all(map(_is_simple, waves)):
        return None
    return found


def play_voice(voice: Voice, pitch: float, velocity: int, samples: int, rate: int) -> NDArray[np.float32]:
    """`samples` of a voice that is held all the time, fewer where it is over before.

    Raises:
        ValueError: the voice has no wave.
    """
    wave = voice.wave
    if wave is None:
        raise ValueError("this voice has no wave to play")
    loud = velocity / 127.0
    gain = _LEVEL * loud * loud * 10 ** (-wave.attenuation_db / 20)
    gains = _gains(voice.envelope, gain, -(-samples // BLOCK), rate)
    sound = _oscillate(wave, pitch, min(samples, len(gains) * BLOCK), rate)
    _filter(sound, wave, velocity, rate)
    _shape(sound, gains)
    return sound


def _is_simple(wave: Wave | None) -> bool:
    return wave is not None and (wave.sweep is None or wave.sweep.settles_s <= _MOST_SWEEP_S)


def _oscillate(wave: Wave, pitch: float, samples: int, rate: int) -> NDArray[np.float32]:
    """The sample at another speed, by straight lines between its values."""
    ratio = wave.rate / rate * 2 ** (wave.scale * (pitch - wave.root) / _OCTAVE)
    step = int(ratio * (1 << _FRACTION_BITS))
    if wave.loop is None:
        samples = min(samples, -(-((len(wave.pcm) - 1) << _FRACTION_BITS) // max(1, step)))
    source = _source(wave, ((samples * step) >> _FRACTION_BITS) + 2)
    rise, sound = np.diff(source), np.empty(samples, np.float32)
    for start in range(0, samples, _PIECE):
        part = sound[start : start + _PIECE]
        places = _counted()[: len(part)] * step
        places += start * step
        along = np.bitwise_and(places, (1 << _FRACTION_BITS) - 1).astype(np.float32)
        along *= np.float32(1.0 / (1 << _FRACTION_BITS))
        places >>= _FRACTION_BITS
        np.take(source, places, out=part, mode="clip")  # which is the quick way; there is nothing to clip
        along *= np.take(rise, places, mode="clip")
        part += along
    return sound


@cache
def _counted() -> NDArray[np.int64]:
    return np.arange(_PIECE, dtype=np.int64)


def _source(wave: Wave, samples: int) -> NDArray[np.float32]:
    """As many samples of it as are needed, its loop written out."""
    if wave.loop is None or samples <= wave.loop[1]:
        return wave.pcm[:samples].astype(np.float32)
    first, end = wave.loop
    source = np.empty(samples, np.float32)
    source[:end] = wave.pcm[:end]
    at, length = end, end - first
    while at < samples:  # twice as many each time
        more = (
            min(at - first, samples - at) if at - first < length else min((at - first) // length * length, samples - at)
        )
        source[at : at + more] = source[first : first + more]
        at += more
    return source


def _filter(sound: NDArray[np.float32], wave: Wave, velocity: int, rate: int) -> None:
    """The low-pass filter, in place."""
    past = np.zeros((2, 2), np.float32)  # before and behind the filter: the sample before the last, and the last
    for cutoff_hz, start, stop in _stretches(wave, velocity, -(-len(sound) // BLOCK), rate):
        part = sound[start * BLOCK : stop * BLOCK]
        ends = part[-2:].copy()
        if cutoff_hz < _OPEN * rate:
            _low_pass(cutoff_hz, wave.resonance_db, rate).hear(part, past)
        if stop * BLOCK < len(sound):
            past = np.stack((ends, part[-2:]))


def _stretches(wave: Wave, velocity: int, blocks: int, rate: int) -> Iterator[tuple[float, int, int]]:
    """(cutoff in Hz, first block, block behind the last) for which the filter stands still."""
    if wave.sweep is None:
        yield wave.cutoff_hz, 0, blocks
        return
    moving = min(blocks, int(wave.sweep.settles_s * rate / BLOCK) + 2)
    wanted = wave.cutoff_hz * 2 ** (wave.sweep.cents * _swept(wave.sweep, velocity, moving, rate) / 1200)
    steps: list[float] = []
    before = wave.cutoff_hz
    for hertz in wanted.tolist():
        before = min(2.0 * before, max(0.5 * before, hertz))  # it may not jump
        steps.append(before)
    while len(steps) < blocks and steps[-1] != wanted[-1]:
        steps.append(min(2.0 * steps[-1], max(0.5 * steps[-1], float(wanted[-1]))))
    at = 0
    for hertz, same in groupby(steps):
        length = len(list(same))
        yield hertz, at, at + length
        at += length
    if at < blocks:
        yield steps[-1], at, blocks


def _swept(sweep: Sweep, velocity: int, blocks: int, rate: int) -> NDArray[np.float64]:
    """How far the filter has moved, 0 to 1, at the end of each block. Hard notes are quicker."""
    attack_s = sweep.attack_s * (145 - velocity) / 144
    time = np.arange(1, blocks + 1) * (BLOCK / rate) - sweep.delay_s
    late = time - attack_s - sweep.hold_s
    rising = np.where(time < 0, 0.0, np.minimum(1.0, time / attack_s))
    return np.where(late < 0, rising, np.maximum(1.0 - late / sweep.decay_s, sweep.sustain))


@lru_cache(1024)
def _low_pass(hertz: float, resonance_db: float, rate: int) -> LowPass:
    return LowPass(hertz, resonance_db, rate)


def _gains(envelope: Envelope, gain: float, blocks: int, rate: int) -> NDArray[np.float64]:
    """Of each block at its end, as long as the voice lives."""
    level = envelope.level(np.arange(1, blocks + 1) * (BLOCK / rate))
    begins = int((envelope.delay_s + envelope.attack_s + envelope.hold_s) * rate / BLOCK)
    over = np.flatnonzero(level[begins:] <= _SILENT)
    return np.asarray(gain * level[: begins + int(over[0]) if len(over) else blocks], dtype=np.float64)


def _shape(sound: NDArray[np.float32], gains: NDArray[np.float64]) -> None:
    """The envelope, in place: a straight line in each block, and a step where there would be hardly any slope."""
    ends = gains.astype(np.float32)
    starts = np.concatenate((ends[:1], ends[:-1]))
    starts = np.where(np.abs(ends - starts) < _SILENT, ends, starts)
    is_heard = np.maximum(starts, ends) >= _SILENT
    ends, starts = ends * is_heard / np.float32(_FULL_SCALE), starts * is_heard / np.float32(_FULL_SCALE)
    line = np.arange(BLOCK, dtype=np.float32) / np.float32(BLOCK)
    whole = len(sound) // BLOCK
    steps = sound[: whole * BLOCK].reshape(whole, BLOCK)
    for at in range(0, whole, _PIECE // BLOCK):
        some = slice(at, min(whole, at + _PIECE // BLOCK))
        steps[some] *= starts[some, None] + (ends - starts)[some, None] * line
    rest = sound[whole * BLOCK :]
    if len(rest):
        rest *= starts[whole] + (ends[whole] - starts[whole]) * line[: len(rest)]
