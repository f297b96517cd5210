"""`lnh bench`: how fast a warm service writes songs, and how fast the bot answers while it does."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.prepare import quietly_prepared_settings
from bot.settings import DiscordSettings, Settings, SlackSettings, StorageSettings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from bot.commands.bench_bot import MeasuredBot
    from bot.commands.bench_load import LoadPlan, LoadTimes
    from bot.commands.bench_report import ChatTimes, Figures, Machine, Plan, SongTimes
    from inference.evaluation.decoding import DecodeRow
    from inference.evaluation.speed import DecodeSpeed, EngineSetup
    from inference.music.spec import SongSpec

_WINDOW_S = 4.0
_WARM_UP_BARS = 4

Tell = Callable[[str], None]
Send = Callable[["MeasuredBot", int, float], Awaitable[list[float]]]


class Subject(StrEnum):
    """What is measured."""

    SERVICE = "service"
    RENDER = "render"
    GPU = "gpu"


def bench(
    subject: Annotated[
        Subject, typer.Argument(help="What to measure: the whole service, the renderer, or a CUDA GPU.")
    ] = (Subject.SERVICE),
    genre: Annotated[str, typer.Option(help="Genre of the songs.")] = "metal",
    bars: Annotated[int, typer.Option(help="Length of each song in bars.", min=4, max=64)] = 32,
    together: Annotated[int, typer.Option(help="Songs requested at the same time.", min=2, max=16)] = 4,
    rounds: Annotated[int, typer.Option(help="Repetitions; the median is reported.", min=1, max=50)] = 3,
    commands: Annotated[
        int, typer.Option(help="Slash commands sent to each platform while the engine is busy.", min=1)
    ] = 100,
    decode: Annotated[
        bool,
        typer.Option(help="Also compare a decode step with transformers (extra `bench`) and with memory bandwidth."),
    ] = True,
    load: Annotated[bool, typer.Option(help="Also measure the service under load; this takes longest.")] = True,
    arrivals: Annotated[int, typer.Option(help="Songs sent at each load level.", min=2, max=64)] = 16,
    clients: Annotated[
        int, typer.Option(help="Most concurrent clients; 1, 4, 16 and 64 are tried up to this number.", min=1)
    ] = 64,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure the speed of a warm service and of a bot beside it; takes some minutes."""
    from rich.console import Console

    from bot.app import read_catalogue
    from bot.commands.bench_card import bench_card
    from bot.commands.bench_load import CLIENTS, LoadPlan
    from bot.commands.bench_render import bench_render
    from bot.commands.bench_report import Plan

    settings = quietly_prepared_settings()
    if subject is Subject.RENDER:
        bench_render(read_catalogue(settings.music).find(genre), settings.inference.soundfont, as_json=as_json)
        return
    if subject is Subject.GPU:
        bench_card(settings, read_catalogue(settings.music).find(genre).name, bars, as_json=as_json)
        return
    plan = Plan(read_catalogue(settings.music).find(genre).name, bars, together, rounds, commands)
    at_once = tuple(number for number in CLIENTS if number <= clients)
    loads = LoadPlan(plan.genre, bars, arrivals, at_once) if load else None
    with Console(file=sys.stderr).status("starting") as status:
        rows = asyncio.run(_decode_rows(settings, plan, status.update)) if decode else ()
        figures = replace(asyncio.run(measure(settings, plan, loads, status.update)), steps=rows)
    if as_json:
        typer.echo(json.dumps(figures.to_dict(), indent=2))
    else:
        for table in figures.tables():
            Console().print(table)


async def _decode_rows(settings: Settings, plan: "Plan", tell: Tell) -> "tuple[DecodeRow, ...]":
    from bot.commands.bench_decode import decode_times

    tell("one decode step beside transformers and the memory")
    return await decode_times(settings, plan.genre, plan.bars, plan.rounds)


async def measure(settings: Settings, plan: "Plan", loads: "LoadPlan | None", tell: Tell) -> "Figures":
    """Runs all measurements one after the other; those under load only if `loads` is given.

    Raises:
        BadSettings: there is no checkpoint.
        CommandTrouble: the service or the bot does not start, or a song is not made.
    """
    from bot.commands.bench_report import Chats, Figures
    from bot.commands.child import serve_command, service_process

    machine = _machine(settings)
    tell("decoding without a service")
    decode = await _decode_speed(settings, plan)
    with TemporaryDirectory(prefix="lnh-bench-") as folder:
        tell("starting the service")
        async with service_process(serve_command("127.0.0.1"), 0, "error", _apart(Path(folder) / "songs")) as url:
            inference = settings.inference.model_copy(update={"url": url})
            served = settings.model_copy(update={"inference": inference})
            songs = await song_times(url, plan, tell)
            tell(f"{plan.commands} Slack commands while every slot is taken")
            slack = await slack_times(served, plan, Path(folder))
            tell(f"{plan.commands} Discord commands while every slot is taken")
            discord = await discord_times(served, plan, Path(folder))
            under_load = None if loads is None else await _load_times(served, loads, Path(folder), tell)
    return Figures(machine, plan, decode, songs, Chats(slack, discord), under_load)


async def _load_times(settings: Settings, plan: "LoadPlan", folder: Path, tell: Tell) -> "LoadTimes":
    """Also starts a second service with a single slot, to compare with the one at `inference.url`."""
    from bot.commands.bench_load import load_times
    from bot.commands.child import serve_command, service_process

    tell("starting a service that writes one song at a time")
    alone = _apart(folder / "alone") | {"LNH_INFERENCE_SLOTS": "1"}
    async with service_process(serve_command("127.0.0.1"), 0, "error", alone) as one_url:
        return await load_times(settings.inference.url, one_url, settings.inference.slots, plan, tell)


def _apart(folder: Path) -> dict[str, str]:
    """Environment of a measured service: its songs in `folder`, and no request refused for a long queue."""
    return {"LNH_INFERENCE_ARTIFACTS": str(folder), "LNH_INFERENCE_MAX_WAIT_S": "3600"}


def _machine(settings: Settings) -> "Machine":
    from bot.commands import machine
    from bot.commands.bench_report import Machine

    inference = settings.inference
    return Machine(
        cpu=machine.cpu_name(),
        cores=machine.usable_cores(),
        torch=machine.torch_version(),
        threads=inference.threads,
        slots=inference.slots,
        render_workers=inference.render_workers,
        checkpoint=inference.checkpoint_file.name,
        load_before=machine.load_average(),
    )


async def _decode_speed(settings: Settings, plan: "Plan") -> "DecodeSpeed":
    """In a process of its own: torch in this one would make its event loop slower."""
    from bot.commands.apart import apart
    from inference.evaluation.speed import EngineSetup
    from inference.music.spec import SongSpec

    inference = settings.inference
    setup = EngineSetup(inference.checkpoint_file, inference.slots, inference.threads)
    spec = SongSpec(((plan.genre, 1.0),), plan.bars)
    async with apart(_decode, setup, settings.music.genres_file, spec) as process:
        speed: DecodeSpeed = await process.hear()
    return speed


def _decode(pipe: "Connection", setup: "EngineSetup", genres: Path, spec: "SongSpec") -> None:
    from bot.commands.trouble import as_trouble
    from inference.evaluation.speed import decode_speed
    from inference.model.errors import CheckpointError

    with as_trouble(CheckpointError):
        pipe.send(decode_speed(setup, genres, spec, _WINDOW_S))


async def song_times(url: str, plan: "Plan", tell: Tell) -> "SongTimes":
    """Asks the service at `url` for songs alone and together, round after round. Raises CommandTrouble, LnhError."""
    from bot.commands.bench_report import SongTimes
    from bot.commands.bench_songs import MIDI_ONLY, open_service, play, play_together
    from inference.api import SongBody
    from inference.evaluation.spread import Spread

    alone, midi_only, complete = [], [], []
    async with open_service(url) as service:
        await play(service, SongBody(genre=plan.genre, bars=_WARM_UP_BARS))
        for number in range(plan.rounds):
            tell(f"songs, round {number + 1} of {plan.rounds}")
            # The same songs alone and together, for a longer one takes longer wherever it is; as the bot asks for
            # them, which draws the seed where nobody chose one.
            bodies = [
                SongBody(genre=plan.genre, bars=plan.bars, seed=seed, seed_drawn=True) for seed in range(plan.together)
            ]
            alone += [await play(service, body) for body in bodies]
            plain = [body.model_copy(update={"formats": MIDI_ONLY}) for body in bodies]
            midi_only.append(await play_together(service, plain))
            complete.append(await play_together(service, bodies))
    return SongTimes(
        Spread.of([song.midi_s for song in alone]),
        Spread.of([song.all_s for song in alone]),
        Spread.of([song.midi_s for song in midi_only]),
        Spread.of([song.all_s for song in complete]),
    )


async def slack_times(settings: Settings, plan: "Plan", folder: Path) -> "ChatTimes":
    """Sends commands to a bot, with its database in `folder`, while the service at `inference.url` is kept busy.

    Raises:
        CommandTrouble: the bot does not start or answers with an error, or a song is not made.
    """
    from bot.commands.bench_bot import MeasuredBot
    from bot.commands.bench_slack import slack_stand_in

    async with slack_stand_in() as slack:

        async def send(bot: MeasuredBot, count: int, every_s: float) -> list[float]:
            return await slack.send_commands(bot.slack_url, plan.genre, count, every_s)

        chats = {"discord": DiscordSettings(), "slack": slack.settings(), "database": _database(folder / "slack.db")}
        return await _chat_times(settings.model_copy(update=chats), plan, send)


async def discord_times(settings: Settings, plan: "Plan", folder: Path) -> "ChatTimes":
    """The same for Discord. Raises the same."""
    from bot.commands.bench_bot import MeasuredBot
    from bot.commands.bench_discord import discord_stand_in

    async with discord_stand_in() as discord:

        async def send(_bot: MeasuredBot, count: int, every_s: float) -> list[float]:
            return await discord.send_commands(plan.genre, count, every_s)

        chats = {"discord": discord.settings(), "slack": SlackSettings(), "database": _database(folder / "discord.db")}
        return await _chat_times(settings.model_copy(update=chats), plan, send)


async def _chat_times(settings: Settings, plan: "Plan", send: Send) -> "ChatTimes":
    from bot.commands.bench_bot import measured_bot
    from bot.commands.bench_report import ChatTimes
    from bot.commands.bench_songs import StepCounter, kept_busy
    from inference.evaluation.spread import Spread

    url, slots = settings.inference.url, settings.inference.slots
    async with measured_bot(settings) as bot, kept_busy(url, slots, plan.genre):
        await send(bot, 1, 0.0)  # the first one opens connections
        await bot.start()
        async with StepCounter(url) as steps:
            acknowledged_s = await send(bot, plan.commands, plan.command_every_s)
        late_s = await bot.stop()
    return ChatTimes(
        Spread.of([seconds * 1000 for seconds in acknowledged_s]),
        Spread.of([seconds * 1000 for seconds in late_s]),
        steps.per_s,
    )


def _database(file: Path) -> StorageSettings:
    return StorageSettings(url=f"sqlite+aiosqlite:///{file}")
