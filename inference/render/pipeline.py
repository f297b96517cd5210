"""From a job to its files, at once in this process."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from PIL import Image

from inference.api import ExtraFile, FileFormat
from inference.midi import write_midi
from inference.music.recipe import RECIPE_MARK
from inference.music.report import count_bars
from inference.render.errors import write_error
from inference.render.heard import form_of, recipe_of
from inference.render.job import RenderedFile, RenderJob, check_limits
from inference.render.mp3 import Tags, encode_mp3_beside
from inference.render.pictures import Card, draw_card, jpeg_bytes, png_bytes
from inference.render.signal import Audio
from inference.render.sounds import DEFAULT_SOUNDS
from inference.render.studio import Studio
from inference.render.together import Record, record_alone

MEDIA_TYPES = {FileFormat.MIDI: "audio/midi", FileFormat.MP3: "audio/mpeg", FileFormat.CARD: "image/png"}


def render(
    job: RenderJob,
    folder: Path,
    soundfont: Path | None = None,
    sounds: Path = DEFAULT_SOUNDS,
    record: Record = record_alone,
) -> list[RenderedFile]:
    """Writes the files of `job.formats` into `folder` (which must exist), in that order.

    Raises:
        RenderFailed: with its kinds; no file of the job is then left behind half written.
    """
    check_limits(job.score)
    drawer = _Drawer(job)
    makers: dict[FileFormat, Callable[[], bytes]] = {
        FileFormat.MIDI: lambda: _midi(job),
        FileFormat.CARD: lambda: drawer.png,
        FileFormat.MP3: lambda: _mp3(job, drawer, *record(job, Studio.open(soundfont, sounds))),
    }
    # the MP3 first: the card is drawn while it is encoded
    made = {kind: makers[kind]() for kind in sorted(job.formats, key=lambda kind: kind is not FileFormat.MP3)}
    return [save(made[kind], folder / f"{job.stem}.{kind}", MEDIA_TYPES[kind]) for kind in job.formats]


class _Drawer:
    """Draws the song's card at most once: for its file, and for the MP3's cover."""

    def __init__(self, job: RenderJob) -> None:
        self._job = job

    @cached_property
    def png(self) -> bytes:
        return png_bytes(self._picture)

    @cached_property
    def cover(self) -> bytes:
        return jpeg_bytes(self._picture)

    @cached_property
    def _picture(self) -> Image.Image:
        return draw_card(card_of(self._job))


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
    recipe = recipe_of(job)
    if recipe is not None:
        facts.append(f"seed {recipe.sampling.seed}")
    return Card(job.title, job.genre_title, tuple(filter(None, facts)), job.colour, job.score, form_of(job))


def _midi(job: RenderJob) -> bytes:
    score = job.score
    if job.recipe_json and not any(text.startswith(RECIPE_MARK) for text in score.meta):
        score = replace(score, meta=(*score.meta, RECIPE_MARK + job.recipe_json))
    return write_midi(score, job.spec.key)


def _mp3(job: RenderJob, drawer: _Drawer, audio: Audio, rate: int) -> bytes:
    def describe() -> Tags:
        if FileFormat.CARD in job.formats:
            _ = drawer.png  # as well, while there is time
        tempo = job.spec.tempo or job.score.tempos[0].tempo
        return Tags(job.title, job.genre_title, tempo, str(job.spec.key or ""), job.recipe_json, drawer.cover)

    return encode_mp3_beside(audio, rate, describe, job.max_file_bytes)


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
