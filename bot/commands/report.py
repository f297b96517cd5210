"""What a command prints about a song: text, or one JSON object."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from bot.domain.song import Song, SongFile
from inference.api import Comparison, FileFormat

_FIELDS = {"band": "roster"}  # names of the report that differ from the spec's


@dataclass(frozen=True, slots=True)
class Delivery:
    """A song and where its files are.

    Args:
        song: as the service made it.
        paths: its files.
        seconds: for each stage.
        asked: the fields of the spec that a person chose; a replay's request has all of them.
        identical: a replay's verdict, whether the notes are those of the original.
    """

    song: Song
    paths: tuple[Path, ...]
    seconds: dict[str, float]
    asked: tuple[str, ...]
    identical: bool | None = None

    @property
    def report(self) -> list[Comparison]:
        """The song's report, in which only what a person chose counts as asked."""
        return [
            line if _FIELDS.get(line.name, line.name) in self.asked else line.model_copy(update={"asked": None})
            for line in self.song.report
        ]

    def path(self, format: FileFormat) -> Path:
        """Where the file of that format is."""
        return next(path for file, path in self._shelved if file.format is format)

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints."""
        song = self.song
        verdict = {} if self.identical is None else {"identical": self.identical}
        return verdict | {
            "title": song.title,
            "genre": song.genre,
            "recipe": song.recipe.to_dict(),
            "files": {file.format.value: str(path) for file, path in self._shelved if file.format},
            "extras": self._extras(),
            "left_out": {one.file: one.message for one in song.left_out},
            "report": [line.model_dump() for line in self.report],
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
        }

    @property
    def _shelved(self) -> list[tuple[SongFile, Path]]:
        return list(zip(self.song.files, self.paths, strict=True))

    def _extras(self) -> dict[str, list[str]]:
        """Paths of all but the usual files, by what they were made for."""
        extras: dict[str, list[str]] = {}
        for file, path in self._shelved:
            if file.format is None:
                extras.setdefault(file.kind, []).append(str(path))
        return extras

    def lines(self) -> Iterator[str]:
        """The report as lines of text; the files come last, one per line."""
        song = self.song
        yield f"“{song.title}”, {song.genre}, seed {song.recipe.sampling.seed}"
        width = max((len(line.name) for line in self.report), default=0)
        for line in self.report:
            asked = "" if line.asked is None else f" (asked: {line.asked})"
            yield f"  {line.name:<{width}}  {line.measured}{asked}"
        yield "  " + ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in self.seconds.items())
        if self.identical is not None:
            yield f"The notes are {'identical to' if self.identical else 'not'} those of the file."
        yield from (f"No {one.file}: {one.message}." for one in song.left_out)
        yield from (str(path) for path in self.paths)


def print_delivery(delivery: Delivery, *, as_json: bool) -> None:
    """Prints it to standard output."""
    if as_json:
        typer.echo(json.dumps(delivery.to_dict(), indent=2, ensure_ascii=False))
    else:
        for line in delivery.lines():
            typer.echo(line)
