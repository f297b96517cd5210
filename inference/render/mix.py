"""The desk: every part through its strip into one stereo sum, with a small room around it.

Every role is brought to its own loudness, song by song: the gated loudness of ITU-R BS.1770 while it plays. Listeners
preferred mixes balanced so to those of psychoacoustic models (Wichern et al., AES 139, 2015). Who is heard now and then
is as loud then as those who play all the time, and no louder.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from inference.render.loudness import gated_lufs, rough_powers
from inference.render.signal import (
    Audio,
    Curve,
    add_scaled,
    blocks,
    compression_of,
    convolve,
    gain_of,
    hop_levels_db,
    hop_of,
    peak_of,
    ramp,
    sounding,
    tone_filter,
)
from inference.render.sounds import Sound, Strip

_DRUMS_LUFS = -20.0
_HIGHEST_PEAK_DB = 6.0
_ROOM_TAIL_S = 0.6
_ROOM_SEED = 5
_ROOM_POWER = 3.4  # of what it makes of a sound within its band
_ECHOES = ((0.75, 0, 1.0), (1.5, 1, 0.5))  # (quarters late, side, part of the send)
_SPREAD_S = 0.013
_LISTEN_S, _LISTEN_MOST_S = 2.0, 30.0


class Desk:
    """Adds parts one after the other, so that only the sums stay in memory."""

    def __init__(self, rate: int, samples: int, quarter_s: float, sound: Sound) -> None:
        """`samples` is the length of every part, `quarter_s` the length of a quarter for the echoes."""
        self.rate = rate
        self._quarter_s = quarter_s
        self._room_s = sound.room_s
        self._tone = sound.tone
        self._sum = np.zeros((2, samples + int(rate * _ROOM_TAIL_S)), np.float32)
        self._room: Audio | None = None

    def add(self, audio: Audio, strip: Strip, pan: float = 0.0, players: int = 1) -> NDArray[np.float64]:
        """Treats a part, mono or stereo, as its strip says and adds it to the sum; uses `audio` up.

        The strip's tone is not applied here but by `tone_of`, to single notes. `pan` is added to the strip's; `players`
        share the role and with it the strip's level. Answers with the gains of the strip's compressor, one a
        millisecond.
        """
        squeezed = _treat(audio, self.rate, strip)
        gain = self._gain(audio, strip, pan) / math.sqrt(players)
        sums = [(self._sum, 1.0)]
        if strip.room_db is not None:
            sums.append((self._the_room(), gain_of(strip.room_db)))
        ways = _ways(len(audio), strip, pan, int(_SPREAD_S * self.rate))
        for start, stop in blocks(audio.shape[1]):
            for way in ways:
                heard = audio[way.source, max(0, start - way.late) : max(0, stop - way.late)]
                for total, send in sums:
                    add_scaled(total[way.side], stop - len(heard), heard, way.gain * gain * send)
        if strip.echo_db is not None:
            self._echo(audio, gain * gain_of(strip.echo_db))
        return squeezed

    def mixed(self) -> Audio:
        """The sum with its room, (2, n)."""
        if self._room is not None:
            self._sum += convolve(self._room, _room(self.rate, self._room_s), out=self._room)
            self._room = None
        return self._sum

    def _the_room(self) -> Audio:
        """What goes into the room; a desk without one needs no memory for it."""
        if self._room is None:
            self._room = np.zeros_like(self._sum)
        return self._room

    def _gain(self, audio: Audio, strip: Strip, pan: float) -> float:
        """To the strip's loudness while it plays: the balance then holds for every instrument and SoundFont.

        Measured is what will be heard: in its place, wide or narrow, with its echoes and room, and through the tone of
        the whole.
        """
        peak = peak_of(audio)
        if peak == 0:
            return 0.0
        heard = _excerpts(audio, self.rate)
        added = _sent(strip)
        if len(audio) == 1:
            beside = 0.0 if strip.spread_db is None else gain_of(2 * strip.spread_db)
            added *= sum(side * side for side in _sides(strip, pan)) * (1.0 + beside)
        else:
            heard = _place(heard, strip, pan)
        # as if it were at full scale: soft notes would lie under the gate of the measure
        powers = rough_powers(heard, self.rate, self.rate // 10, self._tone) / peak**2
        loudness = gated_lufs(powers) + 10 * math.log10(added)
        return gain_of(min(_DRUMS_LUFS + strip.level - loudness, _HIGHEST_PEAK_DB)) / peak

    def _echo(self, audio: Audio, send: float) -> None:
        for quarters, side, share in _ECHOES:
            late = int(quarters * self._quarter_s * self.rate)
            for start, stop in blocks(min(audio.shape[1], self._sum.shape[1] - late)):
                for channel in audio:
                    add_scaled(self._sum[side], late + start, channel[start:stop], send * share / len(audio))


def tone_of(tone: Audio, rate: int, strip: Strip) -> Audio:
    """A single note through the strip's tone controls: the same as the whole part, for a fraction of the work."""
    if not strip.tone:
        return tone
    taps = _tone(strip.tone, rate)
    return convolve(np.pad(tone, ((0, 0), (0, len(taps) // 2))), taps)


def _treat(audio: Audio, rate: int, strip: Strip) -> NDArray[np.float64]:
    """Compression and the rounding of peaks that stand out, in place; the compressor's gains."""
    if (strip.squeeze <= 1 and not strip.drive_db) or not np.any(audio):
        return np.ones(0)
    hop = hop_of(rate)
    levels = hop_levels_db(audio, hop)
    gains = compression_of(levels, 0.0, strip.squeeze) if strip.squeeze > 1 else None
    push = _push(levels, gains, strip.drive_db) if strip.drive_db else None
    for start, stop in blocks(audio.shape[1], hop):
        block = audio[:, start:stop]
        if gains is not None:
            block *= ramp(gains, start // hop, hop, stop - start)
        if push is not None:
            block *= push
            np.tanh(block, out=block)
            block /= push
    return np.ones(0) if gains is None else gains


def _push(levels: NDArray[np.float64], gains: NDArray[np.float64] | None, drive_db: float) -> np.float32:
    """The gain into the curve: it follows the average level while they play, so that a preset fits every instrument.

    `levels` are those before the compressor, in dB.
    """
    heard = levels if gains is None else levels + 20 * np.log10(gains)
    return np.float32(gain_of(drive_db - 18.0) / np.sqrt(np.mean(10 ** (sounding(heard) / 10))))


def _excerpts(audio: Audio, rate: int) -> Audio:
    """A part of up to half a minute as it is, of a longer one as much in excerpts spread over it."""
    length, most = int(_LISTEN_S * rate), int(_LISTEN_MOST_S * rate)
    if audio.shape[1] <= most:
        return audio
    every = length * (audio.shape[1] // most + 1)
    return np.concatenate([audio[:, at : at + length] for at in range(0, audio.shape[1], every)], axis=1)


@dataclass(frozen=True, slots=True)
class _Way:
    """From a part's channel to a side of the sum, `late` samples late."""

    side: int
    source: int
    gain: float
    late: int = 0


def _ways(channels: int, strip: Strip, pan: float, late: int) -> list[_Way]:
    """What `_place` does, and for a part in mono a second microphone, if the strip has one.

    What the late copy adds on one side it takes away on the other: in mono both are gone again.
    """
    left, right = _sides(strip, pan)
    if channels == 1:
        ways = [_Way(0, 0, left), _Way(1, 0, right)]
        if strip.spread_db is not None:
            beside = gain_of(strip.spread_db)
            ways += [_Way(0, 0, beside, late), _Way(1, 0, -beside, late)]
    else:
        own, other = (1.0 + strip.width) / 2, (1.0 - strip.width) / 2
        ways = [_Way(0, 0, own * left), _Way(0, 1, other * left), _Way(1, 0, other * right), _Way(1, 1, own * right)]
    return [way for way in ways if way.gain]


def _place(audio: Audio, strip: Strip, pan: float) -> Audio:
    """Width by middle and side, then balance."""
    left, right = map(np.float32, _sides(strip, pan))
    if len(audio) == 1:
        return np.concatenate((audio * left, audio * right))
    middle = (audio[0] + audio[1]) * np.float32(0.5)
    side = (audio[0] - audio[1]) * np.float32(strip.width / 2)
    return np.stack([(middle + side) * left, (middle - side) * right])


def _sent(strip: Strip) -> float:
    """By how many times echoes and room add to a part's power."""
    room = 0.0 if strip.room_db is None else _ROOM_POWER * gain_of(2 * strip.room_db)
    echo = 0.0 if strip.echo_db is None else gain_of(2 * strip.echo_db)
    return 1.0 + room + echo * sum(share * share for _, _, share in _ECHOES) / 2


def _sides(strip: Strip, pan: float) -> tuple[float, float]:
    """Gains of left and right."""
    pan = min(1.0, max(-1.0, strip.pan + pan))
    return min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)


@cache
def _tone(curve: Curve, rate: int) -> NDArray[np.float32]:
    return tone_filter(curve, rate)


@cache
def _room(rate: int, seconds: float) -> NDArray[np.float32]:
    """A room's answer: noise that falls by 60 dB in `seconds`, duller than it came, different on both sides."""
    length = int(rate * min(seconds, _ROOM_TAIL_S))
    time = np.arange(length) / rate
    noise = np.random.default_rng(_ROOM_SEED).standard_normal((2, length)) * 10 ** (-3 * time / seconds)
    band = scipy.signal.butter(2, (180, 7000), "bandpass", fs=rate, output="sos")
    answer = scipy.signal.sosfilt(band, noise)
    answer[:, : int(0.004 * rate)] = 0.0
    return np.asarray(answer / np.sqrt(np.square(answer).sum(axis=1, keepdims=True)), dtype=np.float32)
