"""The chat in a terminal over the real services, database and wire, with an engine that needs no model."""

import asyncio
import io
import json
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.console.adapter import ConsoleAdapter
from bot.app import open_band
from bot.settings import ConsoleSettings, InferenceSettings, Settings, StorageSettings
from inference.midi import read_midi
from inference.music.recipe import Recipe
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import AT_ONCE, Service, running_service
from tests.fakes.waiting import until


class Terminal:
    """Types lines into the chat and returns what it printed."""

    def __init__(self, settings: Settings, service: Service) -> None:
        self.settings = settings
        self.service = service

    async def type(self, *lines: str) -> str:
        output = io.StringIO()
        reading, writing = os.pipe()
        os.write(writing, "\n".join((*lines, "/quit", "")).encode())
        os.close(writing)
        try:
            async with open_band(self.settings, {}) as band:
                adapter = ConsoleAdapter(self.settings.console, band, input_descriptor=reading, output=output)
                await adapter.run()
        finally:
            os.close(reading)
        return output.getvalue()

    async def talk(self, *turns: tuple[str, Callable[[str], bool]]) -> str:
        """Types a line, waits until what was printed is as told, and goes on with the next; what was printed."""
        output = io.StringIO()
        reading, writing = os.pipe()
        try:
            async with open_band(self.settings, {}) as band, asyncio.TaskGroup() as tasks:
                chat = ConsoleAdapter(self.settings.console, band, input_descriptor=reading, output=output)
                tasks.create_task(chat.run())
                for line, is_answered in turns:
                    os.write(writing, f"{line}\n".encode())
                    await until(lambda is_answered=is_answered: is_answered(output.getvalue()))
                os.write(writing, b"/quit\n")
        finally:
            os.close(writing)
            os.close(reading)
        return output.getvalue()

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.settings.console.out.glob("*"))


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    async with running_service(tmp_path / "songs", engine=FakeEngine(free=True)) as service:
        yield Terminal(settings_for(tmp_path, service), service)


def settings_for(folder: Path, service: Service) -> Settings:
    return Settings(
        inference=InferenceSettings(url=str(service.client.make_url("/"))),
        database=StorageSettings(url=f"sqlite+aiosqlite:///{folder}/lnh.db"),
        console=ConsoleSettings(out=folder / "out"),
    )


def read_recipe(path: Path) -> Recipe:
    return Recipe.from_meta(read_midi(path.read_bytes()).meta)


def daily_far_off() -> str:
    """At an hour that comes neither while a test runs nor so soon that its song is written ahead; the clock is real."""
    return f"/daily {datetime.now(UTC) + timedelta(hours=12):%H:%M} UTC metal"


async def test_a_song_is_composed_with_the_wishes_and_its_files_are_named(terminal: Terminal) -> None:
    answer = await terminal.type("/compose metal 140bpm Em 8 bars seed 7")
    spec = terminal.service.engine.submitted[0].spec
    assert (spec.tempo, str(spec.key), spec.bars) == (140, "Em", 8)
    assert "Mixing and mastering" in answer
    assert {Path(name).suffix for name in terminal.files} == {".mid", ".mp3", ".png"}
    assert all(str(terminal.settings.console.out / name) in answer for name in terminal.files)


async def test_a_song_that_takes_long_is_heard_as_a_quick_mix_until_the_full_one_takes_its_place(
    tmp_path: Path,
) -> None:
    renderer, limits = FakeRenderer(held=True), replace(AT_ONCE, preview_after_s=0.0)
    async with running_service(
        tmp_path / "songs", engine=FakeEngine(free=True), renderer=renderer, limits=limits
    ) as service:
        terminal = Terminal(settings_for(tmp_path, service), service)

        async def release() -> None:
            await until(lambda: bool(terminal.files))
            renderer.release()

        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(release())
            answer = await terminal.type("/compose metal 8 bars seed 7")

    assert answer.index("A quick mix") < answer.index("8 bars")
    assert [Path(name).suffix for name in terminal.files] == [".mid", ".mp3", ".png"]
    assert len({Path(name).stem for name in terminal.files}) == 1


async def test_meter_and_strict_key_are_wishes(terminal: Terminal) -> None:
    answer = await terminal.type("/compose metal 8 bars 6/8 strict key", "/compose metal 7/8")
    (job,) = terminal.service.engine.submitted
    assert (str(job.spec.meter), job.spec.strict_key) == ("6/8", True)
    assert "Meter is one of 4/4, 3/4, 6/8, 2/4, 2/2, not “7/8”." in answer


async def test_text_without_a_slash_is_a_wish(terminal: Terminal) -> None:
    await terminal.type("punk 180 bpm")
    assert terminal.service.engine.submitted[0].spec.main_genre == "punk"


@pytest.mark.parametrize("line", ["help", "HELP", "?", "genres", "daily"])
async def test_verbs_need_no_slash(terminal: Terminal, line: str) -> None:
    assert await terminal.type(line) == await terminal.type(f"/{line.lower()}")


@pytest.mark.parametrize("line", ["quit", "exit", "/bye"])
async def test_the_chat_ends_with_any_goodbye(terminal: Terminal, line: str) -> None:
    assert len((await terminal.type(line, "/genres")).splitlines()) == 1


async def test_another_plays_the_same_wishes_with_another_seed(terminal: Terminal) -> None:
    await terminal.type("/compose metal 140bpm 8 bars seed 7", "/another")
    first, second = terminal.service.engine.submitted
    assert (second.spec.tempo, second.spec.bars) == (140, 8)
    assert first.sampling.seed != second.sampling.seed
    assert len(terminal.files) == 6


async def test_the_last_song_is_varied_extended_and_one_player_replaced(terminal: Terminal) -> None:
    await terminal.type("/compose metal 8 bars seed 7", "/vary", "/extend", "/replace Lead")
    edits = [job.spec.edit for job in terminal.service.engine.submitted[1:]]
    assert [(edit.operation, edit.players) for edit in edits if edit] == [
        ("vary", ()),
        ("extend", ()),
        ("replace", ("lead",)),
    ]
    assert "Say what to replace" in await terminal.type("/compose metal 8 bars", "/replace")


async def test_the_last_song_is_remixed_and_some_of_its_bars_written_anew(terminal: Terminal) -> None:
    answer = await terminal.type("/compose metal 8 bars seed 7", "/remix hip hop", "/replace keys, bass 5-8", "/vary 3")
    edits = [(job.spec.main_genre, job.spec.edit) for job in terminal.service.engine.submitted[1:]]
    assert [(genre, edit.operation, edit.players, edit.bars) for genre, edit in edits if edit] == [
        ("hip-hop", "remix", (), None),
        ("hip-hop", "replace", ("keys", "bass"), (5, 8)),
        ("hip-hop", "vary", (), (3, 3)),
    ], answer


async def test_the_last_song_is_remixed_with_other_settings_and_the_file_can_be_played_again(
    terminal: Terminal,
) -> None:
    answer = await terminal.type(
        "/compose metal 8 bars 140bpm seed 7",
        "/remix to jazz 120bpm Am keep the lead",
        "/remix 90 bpm keep drums, bass",
    )
    _, jazz, slow = terminal.service.engine.submitted
    assert (jazz.spec.main_genre, jazz.spec.tempo, str(jazz.spec.key)) == ("jazz", 120, "Am"), answer
    assert (slow.spec.main_genre, slow.spec.tempo, slow.spec.roster) == ("jazz", 90, jazz.spec.roster), answer
    assert [made.spec.edit.keep for made in (jazz, slow) if made.spec.edit] == [("lead",), ("drums", "bass")]
    recipes = [read_recipe(path) for path in terminal.settings.console.out.glob("*.mid")]
    assert {(recipe.spec.tempo, recipe.spec.edit and recipe.spec.edit.keep, recipe.asked) for recipe in recipes} == {
        (140, None, ("genres", "bars", "tempo")),
        (120, ("lead",), ("genres", "key", "tempo", "title")),
        (90, ("drums", "bass"), ("tempo",)),  # what the song told is no wish that could have been missed
    }


async def test_what_a_remix_cannot_be_is_one_sentence(terminal: Terminal) -> None:
    answer = await terminal.type(
        "/compose metal 8 bars",
        "/remix jazz 16 bars",
        "/remix jazz louder",
        "/remix keep trumpets",
        "/remix keep winds",
    )
    assert answer.splitlines()[-4:] == [
        "A remix cannot change the length of its song; it can change genre, tempo, key, density and band, or keep"
        " players: jazz 120bpm keep lead.",
        "I do not understand “louder”; write it like: jazz 120bpm keep lead.",
        "“trumpets” is no player I know; there are drums, bass, rhythm, lead, keys, strings, winds, synth, other.",
        "There is no “winds” in this song; there are drums, bass, rhythm, lead.",
    ]


async def test_changes_that_mean_nothing_are_refused(terminal: Terminal) -> None:
    answer = await terminal.type("/compose metal 8 bars", "/remix", "/remix polkka", "/vary 1-2 3-4", "/extend lead")
    assert "Say which genre it is to become" in answer
    assert "I do not play “polkka”" in answer
    assert "Name one range of bars" in answer
    assert "Say how many bars to add, such as /extend 16, not “lead”." in answer
    assert len(terminal.service.engine.submitted) == 1


async def test_players_and_bars_are_named_as_people_name_them(terminal: Terminal) -> None:
    await terminal.type("/compose metal 8 bars", "/replace the lead and bass in bars 5-8", "/vary bar 2")
    edits = [song.spec.edit for song in terminal.service.engine.submitted if song.spec.edit]
    assert [(edit.players, edit.bars) for edit in edits] == [(("lead", "bass"), (5, 8)), ((), (2, 2))]


async def test_a_song_becomes_as_much_longer_as_is_said(terminal: Terminal) -> None:
    answer = await terminal.type("/compose metal 8 bars", "/extend 4", "/extend by 6 bars", "/extend 200")
    assert [song.spec.edit.add for song in terminal.service.engine.submitted[1:] if song.spec.edit] == [4, 6]
    assert "I add 1 to 64 bars, not 200." in answer


async def test_more_files_of_the_last_song_are_listed_and_made_by_name_or_number(terminal: Terminal) -> None:
    answer = await terminal.type("/files", "/compose metal 8 bars seed 7", "/files stems", "/files 8 chords")
    assert " 3 stems      every player alone" in answer
    assert "In the making: Stems (zip)" in answer
    assert "In the making: Guitar Pro tab, Chord chart" in answer
    added = [name for name in terminal.files if Path(name).suffix not in (".mid", ".mp3", ".png")]
    assert len(added) == 3
    assert all(str(terminal.settings.console.out / name) in answer for name in added)


async def test_files_that_there_are_not_or_of_no_song_are_refused(terminal: Terminal) -> None:
    answer = await terminal.type("/files tab", "/files gold")
    assert "There is no song yet" in answer
    assert "file is one of flac, ogg" in answer


@pytest.mark.parametrize("line", ["/vary", "/another", "/remix jazz"])
async def test_before_the_first_song_there_is_none_to_work_on(terminal: Terminal, line: str) -> None:
    assert "There is no song yet; start with one, such as /compose metal." in await terminal.type(line)


async def test_a_song_that_is_not_known_cannot_be_played_again(terminal: Terminal) -> None:
    assert "I no longer know that song." in await terminal.type("/another nothing-7")


async def test_a_song_in_the_making_is_cancelled_at_once_and_the_chat_goes_on(tmp_path: Path) -> None:
    engine = FakeEngine()  # stands still: only a cancelled song ends
    async with running_service(tmp_path / "songs", engine=engine) as service:
        terminal = Terminal(settings_for(tmp_path, service), service)
        async with asyncio.timeout(20):
            answer = await terminal.talk(
                ("/cancel", lambda said: "no song in the making" in said),
                ("/compose metal 8 bars", lambda said: "Writing bar" in said),
                ("/cancel", lambda said: "Cancelled" in said),
                ("/genres", lambda said: "on  metal" in said),
            )
    assert "Cancelled; no song this time." in answer
    assert terminal.files == []


async def test_a_defect_is_told_and_the_chat_goes_on(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise ArithmeticError("one, two, many")

    monkeypatch.setattr("bot.services.genres.GenreService.listing", broken)
    answer = await terminal.type("/genres", "/help")
    assert "Something broke on our side" in answer
    assert "/compose metal 140bpm Em" in answer


async def test_a_disabled_genre_is_refused_with_the_others_named(terminal: Terminal) -> None:
    answer = await terminal.type("/genres disable punk", "/compose punk")
    assert "Punk is off" in answer
    assert "punk is switched off here" in answer
    assert terminal.service.engine.submitted == []
    assert "off punk" in await terminal.type("/genres")
    assert "Punk is on" in await terminal.type("/genres enable punk")


async def test_a_daily_song_is_set_shown_and_ended(terminal: Terminal) -> None:
    answer = await terminal.type("/daily 18:30 Europe/Berlin metal, nu metal")
    assert "A song every day at 18:30 (Europe/Berlin), metal and nu-metal in turn; the next one on " in answer
    assert answer.splitlines()[1].endswith("at 18:30.")
    assert "18:30 (Europe/Berlin)" in await terminal.type("/daily")
    assert "No more daily songs" in await terminal.type("/daily off")
    assert "There is no daily song" in await terminal.type("/daily")


async def test_the_next_daily_song_is_heard_ahead_and_skipped(terminal: Terminal) -> None:
    answer = await terminal.type(daily_far_off(), "/daily preview", "/vary", "/daily skip", "/daily stop")
    assert "The song that comes on " in answer
    assert len(terminal.files) == 3
    assert "There is no song yet" in answer  # a song that has not come is none to work on
    assert "There will be no song on " in answer
    assert await terminal.type("/daily preview", "/daily skip") == "\n".join(
        [
            "LnH is here. Type /compose metal, or /help.",
            *["There is no daily song; set one up with /daily 18:30 Europe/Berlin metal"] * 2,
            "",
        ]
    )


async def test_another_daily_song_comes_instead_of_the_next_one(terminal: Terminal) -> None:
    answer = await terminal.type(
        daily_far_off(), "/daily preview", "/daily another", "/daily another one instead", "/daily preview"
    )
    assert answer.count("The song that comes on ") == 4
    # What was heard last is written already.
    assert len({submitted.sampling.seed for submitted in terminal.service.engine.submitted}) == 3
    assert "There is no daily song" in await terminal.type("/daily stop", "/daily another")


async def test_hearing_the_next_daily_song_can_be_cancelled(tmp_path: Path) -> None:
    async with running_service(tmp_path / "songs", engine=FakeEngine()) as service:
        terminal = Terminal(settings_for(tmp_path, service), service)
        async with asyncio.timeout(20):
            answer = await terminal.talk(
                (daily_far_off(), lambda text: "the next one" in text),
                ("/daily preview", lambda text: bool(service.engine.submitted)),
                ("/cancel", lambda text: "Cancelled; no song this time." in text),
            )
    assert "There is no song in the making" not in answer


async def test_what_is_kept_is_written_to_a_file_and_forgotten(terminal: Terminal) -> None:
    answer = await terminal.type("/compose metal 8 bars seed 7", "/privacy", "/privacy export", "/privacy forget")
    assert "I keep about everybody here: songs (1)" in answer
    assert "To go on: /privacy forget sure" in answer
    records = json.loads((terminal.settings.console.out / "lnh-records.json").read_text())
    assert records["songs"][0]["recipe"]["seed"] == 7
    answer = await terminal.type("/privacy forget sure", "/privacy")
    assert "Forgotten for good: songs (1)" in answer
    assert "I keep about everybody here: songs (0)" in answer


async def test_a_daily_song_comes_on_the_days_that_are_named(terminal: Terminal) -> None:
    answer = await terminal.type("/daily 18:30 Europe/Berlin metal days: sat", "/daily 18:30 UTC days: moonday")
    assert "A song on Saturdays at 18:30 (Europe/Berlin), metal; the next one on Sat " in answer
    assert "“moonday” is no day of the week; write weekdays, weekend or mon,wed,fri." in answer


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/compose metall", "did you mean metal"),
        ("/compose metal 900bpm", "between 40 and 260"),
        ("/dance", "there is no /dance; /help shows what there is."),
        ("/comopse metal", "there is no /comopse; perhaps you mean /compose."),
        ("/blend metal jazz", "write /compose metal+jazz for a blend."),
        ("/skip", "perhaps you mean /daily skip."),
        ("/daily 18:30", "such as /daily 18:30 Europe/Berlin metal"),
        ("/daily 25:00 Europe/Berlin", "25:00"),
        ("/daily 18:30 Mars/Olympus", "not a time zone"),
        ("/genres disable", "/genres disable punk"),
        ("/genres disable polka", "polka"),
    ],
)
async def test_bad_input_is_one_sentence_and_the_chat_goes_on(terminal: Terminal, line: str, sentence: str) -> None:
    answer = await terminal.type(line, "/help")
    complaint = answer.splitlines()[1]
    assert sentence.casefold() in complaint.casefold()
    assert "/compose metal 140bpm Em" in answer.splitlines()[2]


async def test_a_service_that_fails_is_told_and_the_chat_goes_on(terminal: Terminal) -> None:
    terminal.service.renderer.fail_with = OSError(28, "No space left on device")
    answer = await terminal.type("/compose metal", "/genres")
    assert "disk of the composer is full" in answer
    assert "on  metal" in answer


async def test_a_song_that_finds_no_room_is_told_with_its_seed(terminal: Terminal) -> None:
    terminal.settings.console.out.write_text("a file where the folder is to be")
    answer = await terminal.type("/compose metal seed 7")
    caption, trouble = answer.splitlines()[-2:]
    assert caption.endswith("seed 7")
    assert "could not be posted here" in trouble


async def test_a_title_cannot_send_escape_sequences_to_the_terminal(terminal: Terminal) -> None:
    answer = await terminal.type("/compose \x1b[31mmetal")
    assert "\x1b" not in answer
