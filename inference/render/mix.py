"""The desk: every part through its strip into one stereo sum, with a small room around it."""

from functools import cache

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from inference.render.loudness import gated_lufs, step_powers
from inference.render.signal import Audio, compress, convolve, gain_of, tone_filter
from inference.render.sounds import Curve, Strip

_DRUMS_LUFS = -20.0
_HIGHEST_PEAK_DB = 6.0
_ROOM_TAIL_S = 0.6
_ROOM_SEED = 5
_ECHOES = ((0.75, 0, 1.0), (1.5, 1, 0.5))  # (quarters late, side, part of the send)


class Desk:
    """Adds parts one after the other, so that only the sums stay in memory."""

    def __init__(self, rate: int, samples: int, quarter_s: float, room_s: float) -> None:
        """`samples` is the length of the longest part, `quarter_s` the length of a quarter for the echoes."""
        self.rate = rate
        self._quarter_s = quarter_s
        self._room_s = room_s
        length = samples + int(rate * _ROOM_TAIL_S)
        self._sum = np.zeros((2, length), np.float32)
        self._room = np.zeros((2, length), np.float32)

    def add(self, audio: Audio, strip: Strip) -> None:
        """Treats a stereo part as its strip says and adds it to the sum."""
        treated = self._treat(audio, strip)
        treated *= np.float32(self._gain(treated, strip.level))
        placed = _place(treated, strip)[:, : self._sum.shape[1]]
        self._sum[:, : placed.shape[1]] += placed
        self._room[:, : placed.shape[1]] += placed * np.float32(gain_of(strip.room_db))
        if strip.echo_db is not None:
            self._echo(placed, gain_of(strip.echo_db))

    def mixed(self) -> Audio:
        """The sum with its room, (2, n)."""
        return self._sum + convolve(self._room, _room(self.rate, self._room_s))

    def _treat(self, audio: Audio, strip: Strip) -> Audio:
        toned = convolve(audio, _tone(strip.tone, self.rate)) if strip.tone else audio
        if strip.squeeze > 1:
            toned = compress(toned, self.rate, 0.0, strip.squeeze)
        return _saturate(toned, strip.drive_db) if strip.drive_db else toned

    def _gain(self, audio: Audio, level: float) -> float:
        """To the strip's loudness while it plays: the balance then holds for every instrument and SoundFont."""
        peak = float(np.abs(audio).max(initial=0.0))
        if peak == 0:
            return 0.0
        # measured at full scale: soft notes would lie under the gate of the measure
        loudness = gated_lufs(step_powers(audio / np.float32(peak), self.rate, self.rate // 10))
        return gain_of(min(_DRUMS_LUFS + level - loudness, _HIGHEST_PEAK_DB)) / peak

    def _echo(self, placed: Audio, send: float) -> None:
        sides = placed.mean(axis=0)
        for quarters, side, share in _ECHOES:
            late = int(quarters * self._quarter_s * self.rate)
            length = min(len(sides), self._sum.shape[1] - late)
            if length > 0:
                self._sum[side, late : late + length] += sides[:length] * np.float32(send * share)


def _saturate(audio: Audio, drive_db: float) -> Audio:
    """Rounds off the peaks that stand more than a little over the average."""
    level = float(np.sqrt(np.mean(np.square(audio)))) or 1.0
    push = np.float32(gain_of(drive_db - 18.0) / level)
    return np.asarray(np.tanh(audio * push) / push, dtype=np.float32)


def _place(audio: Audio, strip: Strip) -> Audio:
    """Width by middle and side, then balance."""
    middle = audio.mean(axis=0)
    side = (audio[0] - audio[1]) * np.float32(strip.width / 2)
    left, right = min(1.0, 1.0 - strip.pan), min(1.0, 1.0 + strip.pan)
    return np.stack([(middle + side) * np.float32(left), (middle - side) * np.float32(right)])


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
