"""PCM -> tagged MP3."""

import io
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import lameenc
import numpy as np
from mutagen.id3 import APIC, COMM, ID3, TBPM, TCON, TIT2, TKEY, TPE1, TXXX, Encoding, Frame, PictureType

from inference.render.errors import ScoreTooLarge
from inference.render.signal import Audio

BITRATE_KBPS = 192
_STEREO_KBPS = (BITRATE_KBPS, 160, 128, 112, 96, 80, 64)
_MONO_KBPS = (56, 48, 40, 32)
_FRAME_SAMPLES = 1152
_SPARE_FRAMES = 4
_QUALITY, _BEST_QUALITY = 5, 7  # LAME's effort, 0 most; at the best bit rate shaping the noise gains nothing
_ENCODER_GAIN = 0.9675  # LAME turns its input down by this at this bit rate; taken back beforehand
_CHUNK = 1 << 20
_MOST_TAG_BYTES = 1 << 19
ARTIST = "LnH"
RECIPE_FRAME = "LnH recipe"


@dataclass(frozen=True, slots=True)
class Tags:
    """What the file says about itself; `cover` is a JPEG."""

    title: str
    genre: str
    tempo: float
    key: str
    recipe_json: str
    cover: bytes


@dataclass(frozen=True, slots=True)
class Quality:
    """Bit rate and channels of an MP3."""

    kbps: int
    channels: int

    def size_bytes(self, samples: int, rate: int) -> int:
        """An upper bound, without tags."""
        frames = math.ceil(samples / _FRAME_SAMPLES) + _SPARE_FRAMES
        return math.ceil(frames * _FRAME_SAMPLES / rate * self.kbps * 125)


BEST = Quality(BITRATE_KBPS, 2)
_LADDER = (*(Quality(kbps, 2) for kbps in _STEREO_KBPS), *(Quality(kbps, 1) for kbps in _MONO_KBPS))


def fitting_quality(samples: int, rate: int, limit_bytes: int) -> Quality:
    """The best that fits: stereo down to 64 kbit/s, then mono down to 32.

    Raises:
        ScoreTooLarge: nothing does.
    """
    fitting = (quality for quality in _LADDER if quality.size_bytes(samples, rate) <= limit_bytes)
    quality = next(fitting, None)
    if quality is None:
        minutes, limit = samples / rate / 60, limit_bytes / 2**20
        raise ScoreTooLarge(f"an MP3 of {minutes:.1f} minutes does not fit into {limit:.2g} MiB, not even in mono")
    return quality


def encode_mp3(audio: Audio, rate: int, tags: Tags, limit_bytes: int | None = None) -> bytes:
    """A constant bit rate MP3 (variable ones get no length header from LAME's binding) behind an ID3v2.4 tag.

    Args:
        audio: shape (2, samples), full scale +-1.
        rate: samples a second, one that MPEG-1 knows (32, 44.1 or 48 kHz).
        tags: what to write in front.
        limit_bytes: the most the file may have; the bit rate steps down, then the sound is mono.

    Raises:
        ScoreTooLarge: it does not fit at any bit rate.
    """
    tag = _tag(tags)
    quality = BEST if limit_bytes is None else fitting_quality(audio.shape[1], rate, limit_bytes - len(tag))
    return tag + encode_frames(audio, rate, quality)


def encode_mp3_beside(audio: Audio, rate: int, describe: Callable[[], Tags], limit_bytes: int | None) -> bytes:
    """The same as `encode_mp3`; while LAME works, which lets other threads run, this one calls `describe` for the tags.

    Raises:
        ScoreTooLarge: it does not fit at any bit rate.
    """
    if limit_bytes is not None and BEST.size_bytes(audio.shape[1], rate) + _MOST_TAG_BYTES > limit_bytes:
        return encode_mp3(audio, rate, describe(), limit_bytes)  # the tag's size decides the bit rate
    with ThreadPoolExecutor(1, "lame") as lame:
        encoding = lame.submit(encode_frames, audio, rate, BEST)
        tags = describe()
        tag, frames = _tag(tags), encoding.result()
    if len(tag) > _MOST_TAG_BYTES:
        return encode_mp3(audio, rate, tags, limit_bytes)
    return tag + frames


def encode_frames(audio: Audio, rate: int, quality: Quality) -> bytes:
    """The sound alone, without a tag."""
    heard = audio if quality.channels == audio.shape[0] else _mono(audio)
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(quality.kbps)
    encoder.set_in_sample_rate(rate)
    encoder.set_out_sample_rate(rate)  # LAME would take a lower one at low bit rates
    encoder.set_channels(heard.shape[0])
    encoder.set_quality(_BEST_QUALITY if quality == BEST else _QUALITY)
    file = io.BytesIO()
    for start in range(0, heard.shape[1], _CHUNK):
        file.write(encoder.encode(_pcm16(heard[:, start : start + _CHUNK])))
    file.write(encoder.flush())
    return file.getvalue()


def _mono(audio: Audio) -> Audio:
    """Both sides in one, as loud as they were together."""
    mono: Audio = audio.mean(axis=0, keepdims=True, dtype=np.float32)
    power = float(np.mean(np.square(mono)))
    if power == 0:
        return mono
    louder = math.sqrt(float(np.mean(np.square(audio))) / power)
    scaled: Audio = mono * np.float32(min(louder, float(np.abs(audio).max() / np.abs(mono).max())))
    return scaled


def _pcm16(audio: Audio) -> bytes:
    loud = np.clip(audio.T / np.float32(_ENCODER_GAIN), -1.0, 1.0) * 32767
    samples: bytes = np.rint(loud).astype("<i2").tobytes()
    return samples


def _tag(tags: Tags) -> bytes:
    texts = {TIT2: tags.title, TPE1: ARTIST, TCON: tags.genre, TBPM: f"{tags.tempo:.0f}", TKEY: tags.key}
    cover = {"mime": "image/jpeg", "type": PictureType.COVER_FRONT, "desc": "card", "data": tags.cover}
    wanted: list[tuple[type[Frame], dict[str, object]]] = [
        (kind, {"text": text}) for kind, text in texts.items() if text
    ]
    wanted.append((APIC, cover))
    if tags.recipe_json:
        wanted.append((TXXX, {"desc": RECIPE_FRAME, "text": tags.recipe_json}))
        wanted.append((COMM, {"lang": "eng", "desc": "", "text": tags.recipe_json}))
    tag = ID3()  # type: ignore[no-untyped-call]  # mutagen annotates its classes but not its constructors
    for kind, fields in wanted:
        tag.add(kind(encoding=Encoding.UTF8, **fields))  # type: ignore[no-untyped-call]
    file = io.BytesIO()
    tag.save(file, v2_version=4)
    return file.getvalue()
