"""PCM -> tagged MP3."""

import io
from dataclasses import dataclass

import lameenc
import numpy as np
from mutagen.id3 import APIC, COMM, ID3, TBPM, TCON, TIT2, TKEY, TPE1, TXXX, Encoding, Frame, PictureType

from inference.render.signal import Audio

BITRATE_KBPS = 192
_QUALITY = 5  # a third faster than LAME's own choice and, at this bit rate, as close to the original
_ENCODER_GAIN = 0.9675  # LAME turns its input down by this at this bit rate; taken back beforehand
_CHUNK = 1 << 18
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


def encode_mp3(audio: Audio, rate: int, tags: Tags) -> bytes:
    """A constant bit rate MP3 (variable ones get no length header from LAME's binding) behind an ID3v2.4 tag.

    Args:
        audio: shape (2, samples), full scale +-1.
        rate: samples a second, one that MPEG-1 knows (32, 44.1 or 48 kHz).
        tags: what to write in front.
    """
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_bit_rate(BITRATE_KBPS)
    encoder.set_in_sample_rate(rate)
    encoder.set_channels(audio.shape[0])
    encoder.set_quality(_QUALITY)
    file = io.BytesIO()
    for start in range(0, audio.shape[1], _CHUNK):
        file.write(encoder.encode(_pcm16(audio[:, start : start + _CHUNK])))
    file.write(encoder.flush())
    return _tag(tags) + file.getvalue()


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
