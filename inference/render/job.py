"""What a render worker is asked for and what it answers."""

import re
from dataclasses import dataclass
from pathlib import Path

from inference.api import DEFAULT_FILE_MIB, ExtraFile, FileFormat
from inference.music.score import Score
from inference.music.spec import MAX_PLAYERS, SongSpec
from inference.render.errors import RenderFailed, ScoreTooLarge

MAX_DURATION_S = 600.0
MAX_NOTES = 60_000
MAX_TRACKS = MAX_PLAYERS + 4
_STEM = re.compile(r"[^/\\\x00-\x1f]{1,120}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class RenderJob:
    """One song to render. Picklable.

    Args:
        score: the notes; at most MAX_NOTES, MAX_TRACKS and MAX_DURATION_S, checked when it is rendered.
        spec: complete (no field is None except title).
        title: any text, for card and tags.
        genre_title: the genre as people read it.
        colour: the genre's colour, `#rrggbb`.
        recipe_json: `Recipe.to_json()`, or empty.
        formats: the files wanted.
        stem: file name without extension.
        extras: what else is wanted.
        max_file_bytes: sound steps down its bit rate to stay below this size.
        is_quick: the recording is a quick mix, for a first impression.

    Raises:
        RenderFailed: stem is no plain file name, colour is no colour.
    """

    score: Score
    spec: SongSpec
    title: str
    genre_title: str
    colour: str
    recipe_json: str
    formats: tuple[FileFormat, ...]
    stem: str
    extras: tuple[ExtraFile, ...] = ()
    max_file_bytes: int = int(DEFAULT_FILE_MIB * 2**20)
    is_quick: bool = False

    def __post_init__(self) -> None:
        if not _STEM.fullmatch(self.stem) or self.stem in (".", ".."):
            raise RenderFailed(f"“{self.stem[:40]}” cannot be the name of a file")
        if not _COLOUR.fullmatch(self.colour):
            raise RenderFailed(f"“{self.colour[:40]}” is not a colour; write one such as #b3202c")


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file that was written. `extra` is what it was made for, None for one of the usual files."""

    path: Path
    media_type: str
    size_bytes: int
    extra: ExtraFile | None = None


@dataclass(frozen=True, slots=True)
class Unmade:
    """A file that could not be made, and why in one sentence."""

    extra: ExtraFile
    reason: str


def check_limits(score: Score) -> None:
    """Raises ScoreTooLarge, or RenderFailed for a score without notes."""
    if score.note_count == 0:
        raise RenderFailed("this song has no notes, so there is nothing to play")
    if score.note_count > MAX_NOTES:
        raise ScoreTooLarge(f"a song may have {MAX_NOTES} notes at most, and this one has {score.note_count}")
    if len(score.tracks) > MAX_TRACKS:
        raise ScoreTooLarge(f"a song may have {MAX_TRACKS} tracks at most, and this one has {len(score.tracks)}")
    if score.duration_s > MAX_DURATION_S:
        minutes = MAX_DURATION_S / 60
        lasts = f"{score.duration_s / 60:.1f}"
        raise ScoreTooLarge(f"a song may last {minutes:g} minutes at most, and this one lasts {lasts}")
