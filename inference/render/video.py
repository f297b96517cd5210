"""Film and sound -> MP4 (H.264, AAC), with PyAV, which is optional."""

import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from inference.render.errors import RenderFailed, ScoreTooLarge
from inference.render.optional import require
from inference.render.pictures.film import HEIGHT, WIDTH, Film, Scene
from inference.render.signal import Audio

FRAMES_PER_S, FEW_FRAMES_PER_S = 25, 12
_CODECS = ("libx264", "h264", "mpeg4")
_AUDIO_KBPS = (160, 128, 96, 64)
_GOOD_VIDEO_KBPS, _LEAST_VIDEO_KBPS = 100, 40
_MOST_VIDEO_KBPS = 2500
_OVERHEAD = 0.93  # of the limit; the rest is for the container and a rate control that is not exact
_SMOOTH_KBPS = 300  # below it, fewer frames are drawn, and each of them better
_SAVED_S, _SAVED_PART = 16.0, 0.03  # of a film, what may be used sooner than its turn: a page that turns is dear
_CHUNK = 1024


def encode_video(scene: Scene, audio: Audio, rate: int, limit_bytes: int | None = None) -> bytes:
    """The piano roll in time with the music, as long as the sound: `FRAMES_PER_S` frames a second, or
    `FEW_FRAMES_PER_S` where a long song must fit a small file.

    Args:
        scene: what to show.
        audio: shape (2, samples), full scale +-1; the score starts at its first sample.
        rate: samples a second.
        limit_bytes: the most the file may have.

    Raises:
        ScoreTooLarge: it does not fit, however poor.
        RenderFailed: PyAV is not installed or has no encoder.
    """
    av = require("av", "video", "a video")
    length_s = audio.shape[1] / rate
    video_kbps, audio_kbps = _bit_rates(length_s, limit_bytes)
    reel = _Reel(scene, audio, rate, FRAMES_PER_S if video_kbps >= _SMOOTH_KBPS else FEW_FRAMES_PER_S)
    with tempfile.TemporaryDirectory(prefix="lnh-video-") as folder:
        path = Path(folder) / "song.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
            container.metadata["title"] = scene.title.replace("\x00", " ")
            picture, sound = _streams(av, container, reel, video_kbps, audio_kbps)
            _encode(av, container, picture, sound, reel)
        content = path.read_bytes()
    if limit_bytes is not None and len(content) > limit_bytes:
        raise ScoreTooLarge(_too_large(length_s, limit_bytes))
    return content


class _Reel:
    """Pictures and sound in the order of their time."""

    def __init__(self, scene: Scene, audio: Audio, rate: int, frames_per_s: int) -> None:
        self._film = Film(scene)
        self._audio = audio
        self.rate = rate
        self.frames_per_s = frames_per_s
        self.length_s = audio.shape[1] / rate

    def frames(self) -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
        for number in range(math.ceil(self.length_s * self.frames_per_s)):
            yield self._film.frame(number / self.frames_per_s, self.length_s)

    def sound(self, start_s: float, end_s: float) -> Iterator[tuple[int, Audio]]:
        """Blocks between two moments, each with the number of its first sample."""
        first, last = (min(self._audio.shape[1], round(at * self.rate)) for at in (start_s, end_s))
        for start in range(first, last, _CHUNK):
            yield start, np.ascontiguousarray(self._audio[:, start : min(last, start + _CHUNK)])


def _bit_rates(length_s: float, limit_bytes: int | None) -> tuple[int, int]:
    """Kilobits a second of picture and sound."""
    if limit_bytes is None:
        return _MOST_VIDEO_KBPS, _AUDIO_KBPS[0]
    total = limit_bytes * _OVERHEAD * 8 / 1000 / max(length_s, 1.0)
    for audio in _AUDIO_KBPS:
        if total - audio >= _GOOD_VIDEO_KBPS:
            return min(_MOST_VIDEO_KBPS, int(total - audio)), audio
    if total - _AUDIO_KBPS[-1] >= _LEAST_VIDEO_KBPS:
        return int(total - _AUDIO_KBPS[-1]), _AUDIO_KBPS[-1]
    raise ScoreTooLarge(_too_large(length_s, limit_bytes))


def _too_large(length_s: float, limit_bytes: int) -> str:
    return f"a video of {length_s / 60:.1f} minutes does not fit into {limit_bytes / 2**20:.3g} MiB"


def _streams(av: Any, container: Any, reel: _Reel, video_kbps: int, audio_kbps: int) -> tuple[Any, Any]:
    codec = next((name for name in _CODECS if name in av.codecs_available and _can_encode(av, name)), None)
    if codec is None:
        raise RenderFailed("this build of PyAV has no encoder for MP4 videos")
    picture = container.add_stream(codec, rate=reel.frames_per_s)
    picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    if codec == "mpeg4":
        picture.bit_rate = video_kbps * 1000
    else:
        saved_s = max(2.0, min(_SAVED_S, _SAVED_PART * reel.length_s))
        most = {"maxrate": f"{video_kbps}k", "bufsize": f"{round(saved_s * video_kbps)}k"}
        pace = "veryfast" if reel.frames_per_s == FRAMES_PER_S else "medium"
        apart = str(40 * reel.frames_per_s)  # frames between two whole pictures at most
        picture.options = {"preset": pace, "tune": "animation", "crf": "22", "aq-mode": "3", "g": apart} | most
    sound = container.add_stream("aac", rate=reel.rate)
    sound.bit_rate = audio_kbps * 1000
    sound.layout = "stereo"
    return picture, sound


def _can_encode(av: Any, name: str) -> bool:
    try:
        return bool(av.codec.Codec(name, "w").is_encoder)
    except av.FFmpegError:
        return False


def _encode(av: Any, container: Any, picture: Any, sound: Any, reel: _Reel) -> None:
    """Picture after picture, each followed by the sound that belongs to it."""
    for number, pixels in enumerate(reel.frames()):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = number
        container.mux(picture.encode(frame))
        for start, block in reel.sound(number / reel.frames_per_s, (number + 1) / reel.frames_per_s):
            container.mux(sound.encode(_samples(av, block, start, reel.rate)))
    container.mux(picture.encode(None))
    container.mux(sound.encode(None))


def _samples(av: Any, block: Audio, start: int, rate: int) -> Any:
    samples = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
    samples.sample_rate = rate
    samples.pts = start
    return samples
