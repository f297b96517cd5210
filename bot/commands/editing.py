"""Commands that make a song from another: continue, extend, replace, accompany, vary, remix; and blend."""

import base64
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands.look import read_bytes
from bot.commands.play import (
    HERE,
    SOMEBODY,
    AsJson,
    Formats,
    Meters,
    Out,
    Spaces,
    StrictKey,
    Title,
    new_id,
    new_request,
    play,
    read_formats,
    read_title,
)
from bot.commands.prepare import quietly_prepared_settings
from bot.commands.report import print_delivery
from bot.commands.trouble import CommandTrouble
from bot.domain.blend import read_blend, read_genres
from bot.domain.options import BAND, BARS, DENSITY, GENRE, KEY, SEED, TEMPO, parse_band
from bot.domain.request import SongRequest, draw_seed
from bot.settings import Settings
from inference.music.edit import (
    ADDED_BARS,
    CONTINUED_BARS,
    REMIX_STRENGTH,
    VARY_STRENGTH,
    Edit,
    Operation,
    read_names,
    read_span,
)
from inference.music.packed import MAX_SOURCE_BYTES
from inference.music.pitch import Key
from inference.music.score import Meter
from inference.music.spec import SamplingParams, SongSpec, Space

_SUFFIXES = (".mid", ".midi")

File = Annotated[Path, typer.Argument(help="Any MIDI file, whether LnH wrote it or not.")]
Genre = Annotated[str | None, typer.Option(help=f"{GENRE.help}; default: the song's own.")]
Tempo = Annotated[float | None, typer.Option(help=f"{TEMPO.help}; default: the song's own.")]
Seed = Annotated[int | None, typer.Option(help=SEED.help)]
Players = Annotated[str | None, typer.Option(help="Players to rewrite, such as lead,bass or rhythm:2; default: all.")]
Region = Annotated[
    str | None, typer.Option("--bars", help="Bars to rewrite, such as 9-16, counted from 1; default: all.")
]
Strength = Annotated[float | None, typer.Option(help="Share of what is played to rewrite, above 0 and up to 1.")]


def continue_(
    file: File,
    bars: Annotated[int, typer.Option(help="How many bars to add, 1 to 64.")] = CONTINUED_BARS,
    genre: Genre = None,
    seed: Seed = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Continue a song or a riff from where it stops, up to an ending; every bar stays as it is."""
    wishes = {"genre": genre, "seed": seed, "title": title, "format": format}
    _edit(file, {"operation": Operation.CONTINUE, "add": bars}, wishes, out, as_json=as_json)


def extend(
    file: File,
    bars: Annotated[int, typer.Option(help="How many bars to add, 1 to 64.")] = ADDED_BARS,
    genre: Genre = None,
    seed: Seed = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Make a song longer: add bars and rewrite its last bar as the new ending."""
    wishes = {"genre": genre, "seed": seed, "title": title, "format": format}
    _edit(file, {"operation": Operation.EXTEND, "add": bars}, wishes, out, as_json=as_json)


def replace_(
    file: File,
    players: Players = None,
    bars: Region = None,
    genre: Genre = None,
    seed: Seed = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Rewrite some players, some bars, or both, to fit the rest of the song."""
    edit = {"operation": Operation.REPLACE, "players": _names(players), "bars": _region(bars)}
    wishes = {"genre": genre, "seed": seed, "title": title, "format": format}
    _edit(file, edit, wishes, out, as_json=as_json)


def accompany(
    file: File,
    genre: Genre = None,
    band: Annotated[str | None, typer.Option(help=f"{BAND.help}; default: the genre's.")] = None,
    density: Annotated[int | None, typer.Option(help=DENSITY.help)] = None,
    seed: Seed = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Add a band to a melody or a drum track."""
    wishes = {"genre": genre, "band": band, "density": density, "seed": seed, "title": title, "format": format}
    _edit(file, {"operation": Operation.ACCOMPANY}, wishes, out, as_json=as_json)


def vary(
    file: File,
    strength: Strength = VARY_STRENGTH,
    players: Players = None,
    bars: Region = None,
    space: Spaces = Space.PROBABILITIES,
    genre: Genre = None,
    seed: Seed = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write a variation: rewrite a share of the music; repeated bars stay repeats."""
    edit = {
        "operation": Operation.VARY,
        "strength": strength,
        "players": _names(players),
        "bars": _region(bars),
    }
    wishes = {"genre": genre, "seed": seed, "title": title, "format": format, "space": space}
    _edit(file, edit, wishes, out, as_json=as_json)


def remix(
    file: File,
    genre: Genre = None,
    tempo: Tempo = None,
    key: Annotated[str | None, typer.Option(help=f"{KEY.help}; default: the song's own.")] = None,
    strict_key: StrictKey = False,
    band: Annotated[
        str | None, typer.Option(help=f"{BAND.help}; default: the genre's if one is given, else the song's.")
    ] = None,
    density: Annotated[int | None, typer.Option(help=DENSITY.help)] = None,
    keep: Annotated[str | None, typer.Option(help="Players to leave unchanged, such as drums,bass.")] = None,
    strength: Strength = REMIX_STRENGTH,
    seed: Seed = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Keep a song's form, but change its genre, tempo, key or band."""
    edit = {"operation": Operation.REMIX, "keep": _names(keep), "strength": strength}
    wishes = {
        "genre": genre,
        "tempo": tempo,
        "key": key,
        "strict_key": strict_key,
        "band": band,
        "density": density,
        "seed": seed,
        "title": title,
        "format": format,
    }
    _edit(file, edit, wishes, out, as_json=as_json)


def blend(
    first: Annotated[str, typer.Argument(help="Genres with weights, such as metal:0.7,jazz:0.3, or a MIDI file.")],
    second: Annotated[Path | None, typer.Argument(help="A second MIDI file, to blend with the first.")] = None,
    ratio: Annotated[
        float | None, typer.Option(help="For two songs: the weight of the second, 0 to 1; default: 0.5.")
    ] = None,
    bars: Annotated[int | None, typer.Option(help=BARS.help)] = None,
    key: Annotated[str | None, typer.Option(help=KEY.help)] = None,
    strict_key: StrictKey = False,
    meter: Meters = None,
    tempo: Annotated[float | None, typer.Option(help=TEMPO.help)] = None,
    band: Annotated[str | None, typer.Option(help=BAND.help)] = None,
    seed: Seed = None,
    title: Title = None,
    format: Formats = "mid,mp3,png",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write a new song that blends genres or two songs."""
    if second is not None:
        if any(wish is not None for wish in (bars, key, meter, tempo, band)) or strict_key:
            raise CommandTrouble("a song between two songs takes bars, key, meter, tempo and band from them")
        edit = {"operation": Operation.BLEND, "other": _source(second), "ratio": ratio}
        wishes = {"seed": seed, "title": title, "format": format}
        _edit(Path(first), edit, wishes, out, as_json=as_json)
        return
    if Path(first).is_file() or Path(first).suffix.casefold() in _SUFFIXES:
        read_bytes(Path(first))
        raise CommandTrouble(f"name the song to blend {first} with too, such as lnh blend {first} SECOND.mid")
    if ratio is not None:
        raise CommandTrouble("the ratio is for two songs; genres have weights, such as metal:0.7,jazz:0.3")
    from bot.app import read_catalogue

    settings = quietly_prepared_settings()
    mixed = read_blend(first, read_catalogue(settings.music))
    said = {"genre": mixed[0][0], "bars": bars, "key": key, "tempo": tempo, "band": band, "seed": seed}
    plain = new_request(settings, said)
    spec = replace(plain.spec, genres=mixed, strict_key=strict_key, meter=None if meter is None else Meter.parse(meter))
    request = replace(plain, spec=replace(spec, title=read_title(title)), formats=read_formats(format))
    print_delivery(play(settings, request, out), as_json=as_json)


def _edit(file: Path, edit: dict[str, Any], wishes: dict[str, Any], out: Path | None, *, as_json: bool) -> None:
    settings = quietly_prepared_settings()
    request = _request(settings, Edit(source=_source(file), **edit), wishes)
    print_delivery(play(settings, request, out), as_json=as_json)


def _request(settings: Settings, edit: Edit, wishes: dict[str, Any]) -> SongRequest:
    """The request; options that are None are taken from the song."""
    from bot.app import read_catalogue

    genre, key, band, seed = (wishes.get(name) for name in ("genre", "key", "band", "seed"))
    catalogue = read_catalogue(settings.music)
    spec = SongSpec(
        genres=() if genre is None else read_genres(genre, catalogue),
        key=None if key is None else Key.parse(key),
        tempo=wishes.get("tempo"),
        roster=None if band is None else parse_band(band),
        density=wishes.get("density"),
        title=read_title(wishes["title"]),
        strict_key=bool(wishes.get("strict_key")),
        edit=edit,
    )
    sampling = SamplingParams(draw_seed() if seed is None else seed, space=wishes.get("space", Space.PROBABILITIES))
    return SongRequest(new_id(), spec, sampling, HERE, SOMEBODY, formats=read_formats(wishes["format"]))


def _source(file: Path) -> str:
    content = read_bytes(file)
    if not content:
        raise CommandTrouble(f"{file} is empty")
    if len(content) > MAX_SOURCE_BYTES:
        raise CommandTrouble(f"{file} is larger than the {MAX_SOURCE_BYTES // 2**10} KiB that I can work on")
    return base64.b64encode(content).decode()


def _names(text: str | None) -> tuple[str, ...]:
    return () if text is None else read_names(text)


def _region(text: str | None) -> tuple[int, int] | None:
    return None if text is None else read_span(text)
