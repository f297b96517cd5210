"""`lnh compose` and `lnh replay`: one song, no chat."""

import asyncio
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bot.commands.look import read_bytes
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.report import Delivery, print_delivery
from bot.commands.trouble import CommandTrouble
from bot.domain.errors import DeliveryFailed
from bot.domain.files import read_kinds
from bot.domain.options import (
    BAND,
    BARS,
    DENSITY,
    FORM,
    KEY,
    METER,
    SEED,
    SPACE,
    STRICT_KEY,
    TEMPO,
    build_request,
    wishes_from_options,
)
from bot.domain.request import Place, Requester, RequestId, SongRequest, draw_seed, request_id
from bot.domain.song import Progress, Song
from bot.settings import Settings
from inference.api import MAX_FILE_MIB, ExtraFile, FileFormat
from inference.music.errors import InvalidSpec
from inference.music.spec import MAX_TAKES, MAX_TITLE, Space
from inference.music.touch import PLAIN

HERE = Place("cli", "local", "terminal")
SOMEBODY = Requester("local", "you")

Out = Annotated[Path | None, typer.Option(help="Output folder; default: the setting console.out.")]
Title = Annotated[str | None, typer.Option(help="Title; default: an invented one.")]
Formats = Annotated[str, typer.Option(help="Files to make: mid, mp3, png, separated by commas.")]
Meters = Annotated[str | None, typer.Option(help=f"{METER.help}; default: 4/4.")]
StrictKey = Annotated[bool, typer.Option("--strict-key", help=STRICT_KEY.help)]
Spaces = Annotated[Space, typer.Option(help=f"{SPACE.help}.")]
Files = Annotated[str, typer.Option(help=f"Extra files to make, separated by commas: {', '.join(ExtraFile)}.")]
Takes = Annotated[
    int | None,
    typer.Option(
        help="Takes to write, of which the best is kept; default: the setting inference.takes.", min=1, max=MAX_TAKES
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def compose(
    genre: Annotated[str, typer.Argument(help="Genre, such as metal, punk or jazz.")],
    bars: Annotated[int | None, typer.Option(help=BARS.help)] = None,
    key: Annotated[str | None, typer.Option(help=KEY.help)] = None,
    tempo: Annotated[float | None, typer.Option(help=TEMPO.help)] = None,
    strict_key: StrictKey = False,
    meter: Meters = None,
    form: Annotated[str | None, typer.Option(help=FORM.help)] = None,
    density: Annotated[int | None, typer.Option(help=DENSITY.help)] = None,
    band: Annotated[str | None, typer.Option(help=BAND.help)] = None,
    seed: Annotated[int | None, typer.Option(help=SEED.help)] = None,
    temperature: Annotated[float, typer.Option(help="Sampling temperature, 0.1 to 2; lower is more cautious.")] = 1.0,
    top_p: Annotated[float, typer.Option(help="Nucleus sampling: probability mass to draw from, 0.1 to 1.")] = 0.98,
    guidance: Annotated[
        float, typer.Option(help="Classifier-free guidance towards the genre, 0 to 3; 1 is none, 0 ignores the genre.")
    ] = 1.0,
    space: Spaces = Space.PROBABILITIES,
    takes: Takes = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    files: Files = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write a new song and print where its files are."""
    settings = quietly_prepared_settings()
    said = {"genre": genre, "bars": bars, "key": key, "tempo": tempo, "density": density, "band": band, "seed": seed}
    plain = new_request(settings, said | {"meter": meter, "form": form, "strict_key": strict_key})
    request = replace(
        plain,
        spec=replace(plain.spec, title=read_title(title)),
        sampling=replace(plain.sampling, temperature=temperature, top_p=top_p, guidance=guidance, space=space),
        formats=read_formats(format),
        files=read_kinds(files),
        max_file_mib=MAX_FILE_MIB,
        takes=takes,
    )
    print_delivery(play(settings, request, out), as_json=as_json)


def replay(
    file: Annotated[Path, typer.Argument(help="A MIDI file that LnH wrote.")],
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Compose a song again from the recipe in its MIDI file; fail if any note differs."""
    from inference.midi import read_midi
    from inference.music.recipe import Recipe

    settings = quietly_prepared_settings()
    original = read_midi(read_bytes(file))
    recipe = Recipe.from_meta(original.meta)
    formats = tuple(FileFormat)
    # A recipe that says nothing of a touch is older than the first one.
    sampling = replace(recipe.sampling, touch=recipe.sampling.touch or PLAIN)
    request = SongRequest(new_id(), recipe.spec, sampling, HERE, SOMEBODY, formats=formats, asked=recipe.asked, takes=1)
    delivery = play(settings, request, out)
    again = read_midi(delivery.path(FileFormat.MIDI).read_bytes())
    delivery = replace(delivery, asked=recipe.asked, identical=again.tracks == original.tracks)
    print_delivery(delivery, as_json=as_json)
    if not delivery.identical:
        loaded = delivery.song.recipe.checkpoint
        reason = f": it was written with checkpoint {recipe.checkpoint}, not with {loaded}"
        raise CommandTrouble(f"the notes differ from those of {file}{reason if loaded != recipe.checkpoint else ''}")


def new_request(settings: Settings, said: Mapping[str, object]) -> SongRequest:
    """The request for the options given at the terminal. Raises MusicError and BadSettings."""
    from bot.app import read_catalogue

    catalogue = read_catalogue(settings.music)
    wishes = wishes_from_options(said)
    return build_request(wishes, id=new_id(), seed=draw_seed(), place=HERE, requester=SOMEBODY, catalogue=catalogue)


def new_id() -> RequestId:
    """A new unique id."""
    return request_id("cli", uuid.uuid4().hex)


def read_title(text: str | None) -> str | None:
    """Raises InvalidSpec."""
    if text is not None and not 1 <= len(text.strip()) <= MAX_TITLE:
        raise InvalidSpec("title", f"a title has 1 to {MAX_TITLE} letters")
    return None if text is None else text.strip()


def read_formats(text: str) -> tuple[FileFormat, ...]:
    """Reads `mid,mp3`. Raises InvalidSpec."""
    names = [name.strip().lstrip(".").casefold() for name in text.split(",") if name.strip()]
    known = {known.value: known for known in FileFormat}
    if not names or any(name not in known for name in names):
        raise InvalidSpec("format", f"a format is one of {', '.join(known)}, not “{text}”")
    return tuple(dict.fromkeys(known[name] for name in names))


def play(settings: Settings, request: SongRequest, out: Path | None) -> Delivery:
    """Composes the song and writes its files to the folder. Raises what the composer raises, and CommandTrouble."""
    # Only these two verbs speak HTTP; imported here, `lnh --help` answers at once.
    from adapters.console.shelf import open_shelf, put

    began = time.monotonic()
    folder = settings.console.out if out is None else out
    try:
        open_shelf(folder)  # better told now than after a minute's work
        song, starting_s = asyncio.run(_compose(settings, request))
        paths = put(song, folder)
    except DeliveryFailed as error:
        raise CommandTrouble(str(error.params["reason"])) from error
    seconds = {"starting": starting_s} | song.seconds | {"total": time.monotonic() - began}
    return Delivery(song, tuple(paths), seconds, asked=song.recipe.asked)


async def _compose(settings: Settings, request: SongRequest) -> tuple[Song, float]:
    """The song, and the seconds until a service was ready for it."""
    from adapters.console.view import progress_view
    from bot.commands.studio import open_composer

    began = time.monotonic()
    with progress_view(sys.stderr) as view:
        async with open_composer(settings) as composer, aclosing(composer.compose(request)) as steps:
            starting_s = time.monotonic() - began
            async for step in steps:
                if isinstance(step, Song):
                    return step, starting_s
                if isinstance(step, Progress):
                    view.show(step)
    raise CommandTrouble("the service ended without a song")
