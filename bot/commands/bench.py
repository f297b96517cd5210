"""`lnh bench`: how long a warm service takes for one song, and for several sent together."""

import asyncio
import json
import time
import uuid
from contextlib import aclosing
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.prepare import quietly_prepared_settings
from bot.commands.trouble import CommandTrouble
from bot.domain.options import SongWishes, build_request
from bot.domain.request import Place, Requester, SongRequest, request_id
from bot.domain.song import Song, Stage
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.ports import Composer

_PLACE, _REQUESTER = Place("cli", "local", "bench"), Requester("local", "bench")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds from the question: the notes are there, and every file is."""

    midi_s: float
    all_s: float


@dataclass(frozen=True, slots=True)
class Result:
    """Medians over the rounds. `together` songs are sent at one time; the last one counts."""

    genre: str
    bars: int
    rounds: int
    together: int
    one: Times
    several: Times

    @property
    def ratio(self) -> float:
        """Notes of several songs against one's; `together` times would be no gain at all."""
        return self.several.midi_s / self.one.midi_s


def bench(
    genre: Annotated[str, typer.Option(help="What to play.")] = "metal",
    bars: Annotated[int, typer.Option(help="Length of each song.")] = 32,
    together: Annotated[int, typer.Option(help="Songs sent at one time.", min=2, max=16)] = 4,
    rounds: Annotated[int, typer.Option(help="Rounds; the median counts.", min=1, max=100)] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of lines.")] = False,
) -> None:
    """Measures a warm service: the one at LNH_INFERENCE_URL, or its own."""
    from bot.app import read_catalogue

    settings = quietly_prepared_settings()
    wishes = SongWishes(read_catalogue(settings.music).find(genre).name, bars=bars)
    result = asyncio.run(_measure(settings, wishes, together, rounds))
    if as_json:
        typer.echo(json.dumps(asdict(result) | {"ratio": round(result.ratio, 3)}, indent=2))
        return
    typer.echo(f"{bars} bars of {wishes.genre}, warm service, median of {rounds} rounds")
    for count, times in ((1, result.one), (together, result.several)):
        typer.echo(f"{count:>3} together: MIDI after {times.midi_s:6.2f} s, all files after {times.all_s:6.2f} s")
    typer.echo(f"{together} songs take {result.ratio:.2f} times as long to write as one")


async def _measure(settings: Settings, wishes: SongWishes, together: int, rounds: int) -> Result:
    from bot.app import read_catalogue
    from bot.commands.studio import open_composer

    catalogue = read_catalogue(settings.music)

    def ask(seed: int) -> SongRequest:
        new_id = request_id("bench", uuid.uuid4().hex)
        return build_request(wishes, id=new_id, seed=seed, place=_PLACE, requester=_REQUESTER, catalogue=catalogue)

    async with open_composer(settings) as composer:
        await _time(composer, [ask(0)])  # the first song warms caches up
        one = [await _time(composer, [ask(seed)]) for seed in range(rounds)]
        several = [await _time(composer, [ask(seed + extra) for extra in range(together)]) for seed in range(rounds)]
    return Result(wishes.genre, wishes.bars or 0, rounds, together, _median(one), _median(several))


async def _time(composer: "Composer", requests: list[SongRequest]) -> Times:
    """Asks for all at once; the times of the last one."""
    began = time.monotonic()

    async def play(request: SongRequest) -> tuple[float, float]:
        midi_s = None
        async with aclosing(composer.compose(request)) as steps:
            async for step in steps:
                if isinstance(step, Song):
                    done_s = time.monotonic() - began
                    return done_s if midi_s is None else midi_s, done_s
                if step.stage is Stage.RENDERING and midi_s is None:
                    midi_s = time.monotonic() - began
        raise CommandTrouble("the service ended without a song")

    async with asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(play(request)) for request in requests]
    return Times(*(max(seconds) for seconds in zip(*(task.result() for task in playing), strict=True)))


def _median(times: list[Times]) -> Times:
    return Times(median(one.midi_s for one in times), median(one.all_s for one in times))
