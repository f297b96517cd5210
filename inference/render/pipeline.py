"""From a job to its files, at once in this process."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from PIL import Image

from inference.api import ExtraFile, FileFormat
from inference.midi import write_midi
from inference.music.recipe import RECIPE_MARK
from inference.music.report import count_bars
from inference.render.errors import write_error
from inference.render.job import RenderedFile, RenderJob, check_limits
from inference.render.mp3 import Tags, encode_mp3
from inference.render.pictures import Card, draw_card, jpeg_bytes, png_bytes
from inference.render.sounds import DEFAULT_SOUNDS
from inference.render.studio import Care, Studio

MEDIA_TYPES = {FileFormat.MIDI: "audio/midi", FileFormat.MP3: "audio/mpeg", FileFormat.CARD: "image/png"}


def render(
    job: RenderJob, folder: Path, *, soundfont: Path | None = None, sounds: Path = DEFAULT_SOUNDS
) -> list[RenderedFile]:
    """Writes the files of `job.formats` into `folder` (which must exist), in that order.

    Raises:
        RenderFailed: with its kinds; no file of the job is then left behind half written.
    """
    check_limits(job.score)
    picture = cache(lambda: draw_card(card_of(job)))  # for the card and the MP3's cover, for the MIDI file not at all
    makers: dict[FileFormat, Callable[[], bytes]] = {
        FileFormat.MIDI: lambda: _midi(job),
        FileFormat.CARD: lambda: png_bytes(picture()),
        FileFormat.MP3: lambda: _mp3(job, picture(), Studio.open(soundfont, sounds)),
    }
    return [save(makers[kind](), folder / f"{job.stem}.{kind}", MEDIA_TYPES[kind]) for kind in job.formats]


def card_of(job: RenderJob) -> Card:
    """What the song's card says."""
    seconds = round(job.score.duration_s)
    tempo = job.spec.tempo or job.score.tempos[0].tempo
    facts = [
        f"{tempo:.0f} BPM",
        str(job.spec.key or ""),
        f"{job.spec.bars or count_bars(job.score)} bars",
        f"{seconds // 60}:{seconds % 60:02}",
    ]
    seed = _seed(job.recipe_json)
    if seed is not None:
        facts.append(f"seed {seed}")
    return Card(job.title, job.genre_title, tuple(filter(None, facts)), job.colour, job.score)


def _seed(recipe_json: str) -> int | None:
    try:
        return int(json.loads(recipe_json)["seed"])
    except (ValueError, KeyError, TypeError):
        return None  # a card without a seed line is better than no song


def _midi(job: RenderJob) -> bytes:
    score = job.score
    if job.recipe_json and not any(text.startswith(RECIPE_MARK) for text in score.meta):
        score = replace(score, meta=(*score.meta, RECIPE_MARK + job.recipe_json))
    return write_midi(score, job.spec.key)


def _mp3(job: RenderJob, picture: Image.Image, studio: Studio) -> bytes:
    care = Care.QUICK if job.is_quick else Care.FULL
    audio, rate = studio.record(job.score, job.spec.roster or (), job.spec.main_genre, care)
    tempo = job.spec.tempo or job.score.tempos[0].tempo
    key = str(job.spec.key or "")
    tags = Tags(job.title, job.genre_title, tempo, key, job.recipe_json, jpeg_bytes(picture))
    return encode_mp3(audio, rate, tags, job.max_file_bytes)


def save(content: bytes, path: Path, media_type: str, extra: ExtraFile | None = None) -> RenderedFile:
    """Whole or not at all: readers never see half a file, a full disk leaves none. Raises RenderFailed."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise write_error(error) from error
    return RenderedFile(path, media_type, len(content), extra)
