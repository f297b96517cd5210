"""`lnh bench` against a service and a bot that are real but for the model and the sound."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import StringIO
from math import inf
from pathlib import Path

import pytest
from rich.console import Console

from bot.commands.bench import discord_times, slack_times, song_times
from bot.commands.bench_discord import discord_stand_in
from bot.commands.bench_load import (
    BatchingGain,
    ClientTimes,
    LoadPlan,
    LoadTimes,
    Percentiles,
    QueueTimes,
    load_times,
)
from bot.commands.bench_metrics import LatenessMeter
from bot.commands.bench_report import Chats, ChatTimes, Figures, Machine, Plan, SongTimes
from bot.commands.trouble import CommandTrouble
from bot.settings import InferenceSettings, Settings
from inference.evaluation.speed import DecodeSpeed
from inference.evaluation.spread import Spread
from inference.music.units import MAX_BARS
from tests.fakes.engine import FakeEngine
from tests.fakes.service import Service, running_service

MACHINE = Machine("a processor", 2, "2.13.0", 1, 2, 1, "core.safetensors", 0.5)


async def test_songs_are_timed_alone_and_together(tmp_path: Path) -> None:
    told: list[str] = []
    async with running_service(tmp_path, engine=FakeEngine(slots=2, free=True)) as service:
        songs = await song_times(_url(service), Plan(bars=4, together=2, rounds=2), told.append)
    assert songs.alone_midi.count == songs.alone_files.count == 4
    assert songs.together_midi.count == songs.together_files.count == 2
    assert songs.alone_midi.median <= songs.alone_files.median
    assert told == ["songs, round 1 of 2", "songs, round 2 of 2"]
    assert len(service.renderer.jobs) == 1 + 2 * (2 + 2)
    assert len(service.engine.submitted) == 1 + 2 * (2 + 2 + 2)


async def test_a_song_that_fails_ends_the_bench_with_its_reason(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.refuse("the model is out of tune")
    async with running_service(tmp_path, engine=engine) as service:
        with pytest.raises(CommandTrouble, match="out of tune"):
            await song_times(_url(service), Plan(bars=4), lambda _: None)


@pytest.mark.parametrize("chat_times", [slack_times, discord_times])
async def test_a_real_bot_acknowledges_commands_while_every_slot_is_taken(
    tmp_path: Path, chat_times: Callable[[Settings, Plan, Path], Awaitable[ChatTimes]]
) -> None:
    plan = Plan(commands=5, command_every_s=0.01)
    async with running_service(tmp_path / "songs", engine=FakeEngine(slots=2)) as service:
        settings = Settings(inference=InferenceSettings(url=_url(service), slots=2))
        chat = await chat_times(settings, plan, tmp_path)
        wanted = [job.spec.bars for job in service.engine.submitted]
    assert chat.acknowledged_ms.count == 5
    assert chat.acknowledged_ms.low > 0
    assert chat.loop_late_ms.count > 0
    assert wanted[:2] == [MAX_BARS, MAX_BARS]


async def test_a_bot_that_leaves_discord_while_it_is_measured_is_trouble() -> None:
    async with discord_stand_in() as discord:
        discord.connected.set()
        with pytest.RaisesGroup(pytest.RaisesExc(CommandTrouble, match="left Discord")):
            await discord.send_commands("metal", 1, 0.0)


async def test_a_service_under_load_is_held_against_one_song_at_a_time(tmp_path: Path) -> None:
    plan = LoadPlan(bars=4, arrivals=3, clients=(1, 2))
    async with (
        running_service(tmp_path / "many", engine=FakeEngine(slots=2, free=True)) as many,
        running_service(tmp_path / "one", engine=FakeEngine(slots=1, free=True)) as one,
    ):
        load = await load_times(_url(many), _url(one), 2, plan, lambda _: None)
    assert [gain.load for gain in load.gains] == ["0.7x", "2x", "saturated"]
    assert all(gain.latency_ratio > 0 and gain.throughput_ratio > 0 for gain in load.gains)
    assert [row.clients for row in load.clients] == [1, 2]
    assert all(row.midi_s.p50 <= row.mp3_s.p50 for row in load.clients)
    alone = sorted(job.sampling.seed for job in one.engine.submitted)
    assert alone == sorted(job.sampling.seed for job in many.engine.submitted[: len(alone)])
    assert load.loop_late_ms.count > 0


async def test_a_block_between_two_looks_at_the_loop_is_measured_by_the_next_look(tmp_path: Path) -> None:
    async with running_service(tmp_path, engine=FakeEngine(free=True)) as service:
        for _ in range(3):
            async with LatenessMeter(_url(service)) as meter:
                pass
            assert meter.count > 0


async def test_lateness_of_the_services_loop_is_read_off_its_histogram() -> None:
    meter = LatenessMeter("")
    meter._counts = {0.001: 50.0, 0.002: 100.0, inf: 100.0}
    assert meter.count == 100
    assert meter.quantiles_ms((0.5, 0.75, 1.0)) == [1.0, 1.5, 2.0]


def test_percentiles_were_really_measured() -> None:
    assert Percentiles.of([4.0, 1.0, 3.0, 2.0]) == Percentiles(4, 2.0, 4.0, 4.0)


def test_json_has_every_figure_and_no_more_digits_than_were_measured() -> None:
    printed = _made_up(alone_midi_s=2 / 3).to_dict()
    assert set(printed) == {"machine", "plan", "decode", "songs", "chat", "load", "steps", "targets"}
    assert {"clients", "gains", "loop_late_ms", "slot_mib", "plan"} == set(printed["load"])
    assert printed["load"]["gains"][0]["throughput_ratio"] == 2.0
    assert set(printed["chat"]) == {"slack", "discord"}
    assert set(printed["chat"]["discord"]) == {"acknowledged_ms", "loop_late_ms", "steps_per_s"}
    assert set(printed["decode"]) == {"one", "all"}
    assert {"alone_midi", "alone_files", "together_midi", "together_files"} < set(printed["songs"])
    assert {"midi_ratio", "files_ratio"} < set(printed["songs"])
    assert printed["songs"]["alone_midi"] == {
        "count": 3,
        "median": 0.6667,
        "p99": 0.6667,
        "low": 0.6667,
        "high": 0.6667,
    }


def test_the_usual_plan_is_held_against_the_targets() -> None:
    met = {target["name"]: target["met"] for target in _made_up().to_dict()["targets"]}
    assert list(met.values()) == [True, False, True, False, True, True]


def test_another_plan_has_no_targets() -> None:
    assert replace(_made_up(), plan=Plan(bars=4)).to_dict()["targets"] == []


def test_the_table_names_the_machine_and_every_target() -> None:
    shown = StringIO()
    for table in _made_up().tables():
        Console(width=120, file=shown).print(table)
    for words in (
        "a processor, 2 cores, torch 2.13.0",
        "≤ 6",
        "≤ 15",
        "< 2",
        "p99 < 300",
        "1.60",
        "2.5 MiB a slot",
        "saturated",
    ):
        assert words in shown.getvalue()


def _url(service: Service) -> str:
    return str(service.client.make_url("")).rstrip("/")


def _made_up(alone_midi_s: float = 5.0) -> Figures:
    songs = SongTimes(_spread(alone_midi_s), _spread(16.0), _spread(8.0), _spread(36.0))
    chat = ChatTimes(_spread(20.0), _spread(1.0), 150.0)
    spread = Percentiles(4, 1.0, 2.0, 3.0)
    gain = BatchingGain("saturated", QueueTimes(4.0, 0.25), QueueTimes(2.0, 0.5))
    load = LoadTimes(LoadPlan(), (ClientTimes(1, spread, spread),), (gain,), spread, 2.5)
    return Figures(MACHINE, Plan(), DecodeSpeed(100.0, 180.0), songs, Chats(chat, chat), load)


def _spread(value: float) -> Spread:
    return Spread(3, value, value, value, value)
