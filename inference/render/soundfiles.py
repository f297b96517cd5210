"""PCM -> tagged FLAC and Ogg Opus, through libsndfile."""

import base64
import io
import math
from typing import Any

import numpy as np
import scipy.signal
import soundfile
from mutagen.flac import FLAC, Picture
from mutagen.id3 import PictureType
from mutagen.oggopus import OggOpus

from inference.render.errors import ScoreTooLarge
from inference.render.mp3 import ARTIST, Tags
from inference.render.signal import Audio

_OPUS_RATE = 48_000
_CHUNK = 1 << 18
_OPUS_LEVELS = (0.75, 0.8, 0.85, 0.9, 0.95)  # libsndfile's name for about 140, 115, 90, 65 and 40 kbit/s


def encode_flac(audio: Audio, rate: int, tags: Tags | None, limit_bytes: int | None = None) -> bytes:
    """16 bits a sample, without loss.

    Args:
        audio: shape (2, samples), full scale +-1.
        rate: samples a second.
        tags: None writes none.
        limit_bytes: the most the file may have.

    Raises:
        ScoreTooLarge: it has more.
    """
    file = _write(audio, rate, {"format": "FLAC", "subtype": "PCM_16"})
    if tags is not None:
        flac = FLAC(file)  # type: ignore[no-untyped-call]
        flac.update(_comments(tags))  # type: ignore[no-untyped-call]
        flac.add_picture(_picture(tags))  # type: ignore[no-untyped-call]
        file.seek(0)
        flac.save(file)
    content = file.getvalue()
    if limit_bytes is not None and len(content) > limit_bytes:
        raise _too_large("FLAC", len(content), limit_bytes)
    return content


def encode_ogg(audio: Audio, rate: int, tags: Tags, limit_bytes: int | None = None) -> bytes:
    """Ogg Opus at about 140 kbit/s, less where the limit asks for it, with the card as its cover.

    Raises:
        ScoreTooLarge: it does not fit at 40 kbit/s either.
    """
    heard = audio if rate == _OPUS_RATE else _resampled(audio, rate)
    limit = math.inf if limit_bytes is None else limit_bytes
    size = 0
    for level in _OPUS_LEVELS:
        options = {"format": "OGG", "subtype": "OPUS", "compression_level": level}
        file = _write(heard, _OPUS_RATE, options)
        size = len(file.getvalue()) + 2 * len(tags.cover) + 2 * len(tags.recipe_json) + 4096
        if size <= limit:
            return _tagged_opus(file, tags)
    raise _too_large("Ogg Opus file", size, limit)


def _tagged_opus(file: io.BytesIO, tags: Tags) -> bytes:
    opus = OggOpus(file)  # type: ignore[no-untyped-call]
    opus.update(_comments(tags))  # type: ignore[no-untyped-call]
    picture = _picture(tags).write()  # type: ignore[no-untyped-call]
    opus["metadata_block_picture"] = [base64.b64encode(picture).decode()]
    file.seek(0)
    opus.save(file)
    return file.getvalue()


def _write(audio: Audio, rate: int, options: dict[str, Any]) -> io.BytesIO:
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, audio.shape[0], **options) as sound:
        for start in range(0, audio.shape[1], _CHUNK):
            sound.write(np.clip(audio[:, start : start + _CHUNK].T, -1.0, 1.0))
    file.seek(0)
    return file


def _resampled(audio: Audio, rate: int) -> Audio:
    common = np.gcd(rate, _OPUS_RATE)
    return np.asarray(scipy.signal.resample_poly(audio, _OPUS_RATE // common, rate // common, axis=-1), np.float32)


def _comments(tags: Tags) -> dict[str, list[str]]:
    texts = {
        "TITLE": tags.title,
        "ARTIST": ARTIST,
        "GENRE": tags.genre,
        "BPM": f"{tags.tempo:.0f}",
        "INITIALKEY": tags.key,
        "LNH_RECIPE": tags.recipe_json,
    }
    return {name: [text.replace("\x00", " ")] for name, text in texts.items() if text}


def _picture(tags: Tags) -> Picture:
    picture = Picture()  # type: ignore[no-untyped-call]
    picture.type, picture.mime, picture.desc, picture.data = PictureType.COVER_FRONT, "image/jpeg", "card", tags.cover
    return picture


def _too_large(name: str, size_bytes: int, limit_bytes: float) -> ScoreTooLarge:
    found, most = size_bytes / 2**20, limit_bytes / 2**20
    return ScoreTooLarge(f"the {name} would have {found:.1f} MiB, and a file may have {most:.3g} MiB here")
