"""`lnh render`: any MIDI file as sound, score, tab, stems, video ... without composing anything."""

import asyncio
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.look import read_bytes
from bot.commands.play import AsJson, Out
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.trouble import CommandTrouble, as_trouble
from bot.domain.errors import DeliveryFailed
from inference.api import MAX_FILE_MIB, ExtraFile, FileFormat
from inference.music.errors import BadRecipe, InvalidSpec
from inference.music.genre import Genre, GenreCatalogue
from inference.music.measure import estimate_key
from inference.music.recipe import Recipe
from inference.music.score import Score
from inference.music.spec import MAX_TITLE, SongSpec
from inference.render.errors import RenderFailed
from inference.render.job import RenderedFile, RenderJob, Unmade
from inference.render.pool import RenderPool, RenderResult

Kind = FileFormat | ExtraFile
_KINDS: dict[str, Kind] = {str(kind): kind for kind in (*FileFormat, *ExtraFile)}
_DEFAULT_GENRE = "rock"

SoundFontFile = Annotated[Path | None, typer.Option(help="SoundFont (.sf2); default: the setting inference.soundfont.")]


def render(
    file: Annotated[Path, typer.Argument(help="Any MIDI file.")],
    files: Annotated[str, typer.Option(help=f"Files to make, separated by commas: {', '.join(_KINDS)}.")] = "mp3,png",
    genre: Annotated[
        str | None, typer.Option(help="Genre whose sound to use; default: the song's own, or rock.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title; default: the song's own, or the file name.")] = None,
    max_mib: Annotated[
        float, typer.Option(help="Size limit of each file in MiB; audio lowers its bit rate to fit.")
    ] = MAX_FILE_MIB,
    soundfont: SoundFontFile = None,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Turn any MIDI file into audio, pictures, score, tab, stems or video."""
    from adapters.console.shelf import put_files, stem_of
    from bot.app import read_catalogue

    settings = quietly_prepared_settings()
    kinds = _read_kinds(files)
    began = time.monotonic()
    with as_trouble(RenderFailed):
        job = _job(file, read_catalogue(settings.music), (genre, title), kinds, max_mib)
        with tempfile.TemporaryDirectory(prefix="lnh-render-") as folder:
            pool = RenderPool(1, soundfont=soundfont or settings.inference.soundfont, sounds=settings.music.sounds_file)
            made = _make(job, Path(folder), pool)
            contents = [(one.path.name.removeprefix(job.stem), one.path.read_bytes()) for one in made[0]]
    try:
        paths = put_files(contents, stem_of(job.title), settings.console.out if out is None else out)
    except DeliveryFailed as error:
        raise CommandTrouble(str(error.params["reason"])) from error
    _tell(job, made, paths, time.monotonic() - began, as_json=as_json)


def _make(job: RenderJob, folder: Path, pool: RenderPool) -> tuple[list[RenderedFile], list[Unmade]]:
    """In a worker of its own, which has the service's limits of memory and time: a MIDI file may come from anywhere."""

    async def work() -> RenderResult:
        await pool.start()
        try:
            return await pool.render(job, folder)
        finally:
            await pool.close()

    result = asyncio.run(work())
    return result.files, result.left_out


def _job(
    file: Path, catalogue: GenreCatalogue, said: tuple[str | None, str | None], kinds: Sequence[Kind], max_mib: float
) -> RenderJob:
    """Raises MusicError, RenderFailed, CommandTrouble."""
    from inference.midi import read_midi

    score = read_midi(read_bytes(file))
    recipe = _recipe(score)
    genre_said, title_said = said
    genre = _genre(catalogue, genre_said, recipe)
    title = (title_said or (recipe.spec.title if recipe else None) or file.stem).strip()[:MAX_TITLE] or "Song"
    return RenderJob(
        score=score,
        spec=_spec(score, recipe, genre),
        title=title,
        genre_title=genre.title,
        colour=genre.colour,
        recipe_json=recipe.to_json() if recipe else "",
        formats=tuple(kind for kind in kinds if isinstance(kind, FileFormat)),
        stem="song",
        extras=tuple(kind for kind in kinds if isinstance(kind, ExtraFile)),
        max_file_bytes=round(max_mib * 2**20),
    )


def _spec(score: Score, recipe: Recipe | None, genre: Genre) -> SongSpec:
    """What is known of the song, from its recipe if it has one, else from its notes."""
    genres = ((genre.name, 1.0),)
    if recipe is None:
        return SongSpec(genres, key=estimate_key(score))
    known = recipe.spec
    return SongSpec(genres, bars=known.bars, key=known.key or estimate_key(score), roster=known.roster, edit=known.edit)


def _recipe(score: Score) -> Recipe | None:
    try:
        return Recipe.from_meta(score.meta)
    except BadRecipe:
        return None


def _genre(catalogue: GenreCatalogue, said: str | None, recipe: Recipe | None) -> Genre:
    """Raises UnknownGenre for one that was said."""
    if said is not None:
        return catalogue.find(said)
    known = recipe.spec.main_genre if recipe else _DEFAULT_GENRE
    return catalogue.find(known if known in catalogue.names else catalogue.names[0])


def _read_kinds(text: str) -> tuple[Kind, ...]:
    names = [name.strip().lstrip(".").casefold() for name in text.split(",") if name.strip()]
    wrong = next((name for name in names if name not in _KINDS), None)
    if wrong is not None or not names:
        raise InvalidSpec("files", f"a file is one of {', '.join(_KINDS)}, not “{wrong or text}”")
    return tuple(dict.fromkeys(_KINDS[name] for name in names))


def _tell(
    job: RenderJob, made: tuple[list[RenderedFile], list[Unmade]], paths: list[Path], seconds: float, *, as_json: bool
) -> None:
    files, left_out = made
    if as_json:
        named: dict[str, list[str]] = {}
        for file, path in zip(files, paths, strict=True):
            named.setdefault(file.extra or path.suffix.removeprefix("."), []).append(str(path))
        unmade = {one.extra: one.reason for one in left_out}
        answer = {"title": job.title, "files": named, "left_out": unmade, "seconds": round(seconds, 3)}
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        for one in left_out:
            typer.echo(f"No {one.extra}: {one.reason}.")
        for path in paths:
            typer.echo(str(path))
    if left_out and not files:
        raise CommandTrouble("none of the files could be made")
