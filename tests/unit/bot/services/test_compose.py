"""A song is delivered once, whatever goes wrong, and everybody hears what became of theirs."""

import asyncio
import base64
from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bot.domain.errors import (
    Busy,
    ComposerFailed,
    ComposerUnavailable,
    DeliveryFailed,
    GenreDisabled,
    LnhError,
    NotFound,
)
from bot.domain.options import parse_band
from bot.domain.request import Place, Priority, Remix, Requester, RequestId, SongChange, SongRequest
from bot.domain.song import Stage
from bot.services.compose import ComposeService
from inference.music.edit import Edit, Operation
from inference.music.errors import BadRecipe, InvalidSpec, MusicError
from inference.music.pitch import Key
from inference.music.spec import SongSpec, Space
from tests.fakes.composer import FakeComposer
from tests.fakes.reply import FakeReply
from tests.fakes.songs import CATALOGUE, MEL, PLACE, request_for
from tests.fakes.storage import FakeGenreSettings, FakeSongs


@dataclass
class Rehearsal:
    composer: FakeComposer = field(default_factory=FakeComposer)
    songs: FakeSongs = field(default_factory=FakeSongs)
    genres: FakeGenreSettings = field(default_factory=FakeGenreSettings)
    reply: FakeReply = field(default_factory=FakeReply)

    def __post_init__(self) -> None:
        self.service = self.restart()

    def restart(self) -> ComposeService:
        """A new process on the same storage."""
        return ComposeService(self.composer, self.songs, self.genres, CATALOGUE)

    def switch_off(self, genre: str) -> None:
        self.genres.off.add((PLACE.platform, PLACE.workspace, genre))


@pytest.fixture
def band() -> Rehearsal:
    return Rehearsal()


async def test_a_song_is_shown_on_its_way_and_delivered_once(band: Rehearsal) -> None:
    await band.service.compose(request_for("a"), band.reply)
    assert [progress.stage for progress in band.reply.shown] == [Stage.QUEUED, Stage.COMPOSING, Stage.RENDERING]
    assert [song.id for song in band.reply.songs] == ["a"]
    assert list(band.songs.done) == ["a"]
    assert band.composer.cancelled == []


async def test_a_song_that_takes_long_is_heard_as_a_quick_mix_first(band: Rehearsal) -> None:
    band.composer.mix = asyncio.Event()
    band.composer.mix.set()
    await band.service.compose(request_for("a"), band.reply)
    assert [song.files[1].name for song in band.reply.previews] == ["iron-harvest-quick.mp3"]
    assert [song.files[1].name for song in band.reply.songs] == ["iron-harvest.mp3"]
    assert band.songs.done["a"] == band.reply.songs[0]


async def test_a_preview_that_cannot_be_shown_costs_nothing(band: Rehearsal) -> None:
    band.composer.mix = asyncio.Event()
    band.composer.mix.set()
    band.reply.trouble = RuntimeError("no")
    await band.service.compose(request_for("a"), band.reply)
    assert [song.files[1].name for song in band.reply.songs] == ["iron-harvest.mp3"]


async def test_the_quick_mix_stays_when_the_full_one_fails(band: Rehearsal) -> None:
    band.composer.mix = asyncio.Event()
    band.composer.mix.set()
    band.composer.broken_mixes.append(ComposerFailed(reason="render_failed"))
    await band.service.compose(request_for("a"), band.reply)
    assert [song.files[1].name for song in band.reply.songs] == ["iron-harvest-quick.mp3"]
    assert (list(band.songs.done), band.reply.errors) == (["a"], [])


async def test_a_song_cancelled_after_its_preview_is_no_song(band: Rehearsal) -> None:
    band.composer.mix = asyncio.Event()
    band.composer.mix.set()
    band.composer.broken_mixes.append(ComposerFailed(reason="cancelled"))
    await band.service.compose(request_for("a"), band.reply)
    assert (band.reply.songs, len(band.reply.errors), band.songs.given_up) == ([], 1, {"a"})


async def test_a_daily_song_asks_for_no_preview(band: Rehearsal) -> None:
    request = replace(request_for("a"), priority=Priority.SCHEDULED)
    await band.service.accept(request)
    await band.service.perform(request, band.reply)
    await band.service.compose(request_for("b"), band.reply)
    assert [asked.preview for asked in band.composer.asked] == [False, True]


async def test_the_same_click_delivered_twice_makes_one_song(band: Rehearsal) -> None:
    band.composer.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(band.service.compose(request_for("a"), band.reply))
        await band.composer.composing.wait()
        await band.service.compose(request_for("a"), band.reply)
        band.composer.gate.set()
    await band.service.compose(request_for("a"), band.reply)
    assert len(band.composer.asked) == len(band.reply.songs) == 1


async def test_a_change_works_on_the_notes_that_were_delivered_in_a_song_of_its_own(band: Rehearsal) -> None:
    await band.service.compose(request_for("a"), band.reply)
    change = SongChange(RequestId("a"), Operation.REPLACE, ("lead",))
    somebody = Requester("user-2", "jo")
    await band.restart().change(change, id=RequestId("b"), requester=somebody, place=PLACE, reply=band.reply)
    asked = band.composer.asked[1]
    assert asked.spec.edit == Edit(Operation.REPLACE, base64.b64encode(b"MThd").decode(), players=("lead",))
    assert (asked.id, asked.requester, asked.spec.main_genre) == ("b", somebody, "metal")
    assert [song.id for song in band.reply.songs] == ["a", "b"]


async def test_a_change_of_a_song_that_was_drawn_from_the_embedding_space_works_on_its_notes(band: Rehearsal) -> None:
    drawn = request_for("a")
    drawn = replace(drawn, sampling=replace(drawn.sampling, space=Space.EMBEDDING))
    await band.service.compose(drawn, band.reply)
    somebody = Requester("user-2", "jo")
    change = SongChange(RequestId("a"), Operation.EXTEND)
    await band.service.change(change, id=RequestId("b"), requester=somebody, place=PLACE, reply=band.reply)
    await band.service.another(RequestId("a"), id=RequestId("c"), requester=somebody, place=PLACE, reply=band.reply)
    spaces = [asked.sampling.space for asked in band.composer.asked]
    assert spaces == [Space.EMBEDDING, Space.PROBABILITIES, Space.EMBEDDING]


async def test_a_remix_is_the_song_in_another_genre_that_is_played_there(band: Rehearsal) -> None:
    band.switch_off("jazz")
    await band.service.compose(request_for("a"), band.reply)
    offered = [name for name, _ in band.reply.songs[0].remixes]
    assert "punk" in offered
    assert not {"metal", "jazz"} & set(offered)
    for name, genre in (("b", "punk"), ("c", "jazz")):
        change = SongChange.chosen(RequestId("a"), Operation.REMIX, genre)
        await band.service.change(change, id=RequestId(name), requester=MEL, place=PLACE, reply=band.reply)
    assert [(asked.spec.main_genre, asked.spec.edit is None) for asked in band.composer.asked] == [
        ("metal", True),
        ("punk", False),
    ]
    assert isinstance(band.reply.errors[0], GenreDisabled)


async def test_a_remix_is_asked_for_with_all_that_was_said_and_another_one_again(band: Rehearsal) -> None:
    await band.service.compose(request_for("a"), band.reply)
    wanted = Remix((("punk", 1.0),), 180.0, Key.parse("Am"), 6, parse_band("drums,lead"), True, ("lead",), 0.5, seed=9)
    change = SongChange(RequestId("a"), Operation.REMIX, remix=wanted)
    await band.service.change(change, id=RequestId("b"), requester=MEL, place=PLACE, reply=band.reply)
    await band.service.another(RequestId("b"), id=RequestId("c"), requester=MEL, place=PLACE, reply=band.reply)
    _, asked, again = band.composer.asked
    notes = base64.b64encode(b"MThd").decode()
    edit = Edit(Operation.REMIX, notes, keep=("lead",), strength=0.5)
    assert asked.spec == SongSpec(
        (("punk", 1.0),), None, wanted.key, 180.0, None, wanted.band, 6, strict_key=True, edit=edit
    )
    assert (asked.sampling.seed, asked.seed_drawn) == (9, False)
    assert (again.spec, again.seed_drawn) == (asked.spec, True)
    assert again.sampling.seed != 9


async def test_a_remix_that_names_no_genre_leaves_all_else_to_its_song_as_long_as_that_is_played(
    band: Rehearsal,
) -> None:
    await band.service.compose(request_for("a"), band.reply)
    change = SongChange(RequestId("a"), Operation.REMIX, remix=Remix(tempo=120.0))
    await band.service.change(change, id=RequestId("b"), requester=MEL, place=PLACE, reply=band.reply)
    asked = band.composer.asked[1]
    assert asked.spec == SongSpec((), tempo=120.0, edit=asked.spec.edit)
    assert asked.asked == ("tempo",)
    vary = SongChange(RequestId("b"), Operation.VARY)
    await band.service.change(vary, id=RequestId("v"), requester=MEL, place=PLACE, reply=band.reply)
    assert band.composer.asked.pop().asked is None

    band.switch_off("metal")
    await band.service.change(change, id=RequestId("c"), requester=MEL, place=PLACE, reply=band.reply)
    await band.service.another(RequestId("a"), id=RequestId("d"), requester=MEL, place=PLACE, reply=band.reply)
    assert [type(error) for error in band.reply.errors] == [GenreDisabled, GenreDisabled]
    assert len(band.composer.asked) == 2


@pytest.mark.parametrize("operation", [Operation.REPLACE, Operation.VARY])
async def test_a_change_that_cannot_be_is_told(band: Rehearsal, operation: Operation) -> None:
    if operation is Operation.REPLACE:  # nobody is named
        await band.service.compose(request_for("a"), band.reply)
    change = SongChange(RequestId("a"), operation)
    await band.service.change(change, id=RequestId("b"), requester=MEL, place=PLACE, reply=band.reply)
    expected = InvalidSpec if operation is Operation.REPLACE else NotFound
    assert isinstance(band.reply.errors[-1], expected)
    assert "b" not in band.songs.requests


async def test_a_disabled_genre_is_refused_and_the_enabled_ones_named(band: Rehearsal) -> None:
    band.switch_off("metal")
    await band.service.compose(request_for("a"), band.reply)
    (error,) = band.reply.errors
    assert isinstance(error, GenreDisabled)
    assert error.params["genre"] == "metal"
    assert "nu-metal, hard-rock" in str(error.params["enabled"])
    assert band.composer.asked == []


@pytest.mark.parametrize(
    "error",
    [Busy(retry_after_s=30), ComposerFailed(reason="compose_failed"), ComposerUnavailable(), BadRecipe("damaged")],
    ids=lambda error: type(error).__name__,
)
async def test_every_error_of_the_composer_is_told_and_the_request_given_up(
    band: Rehearsal, error: LnhError | MusicError
) -> None:
    band.composer.failures.append(error)
    await band.service.compose(request_for("a"), band.reply)
    assert band.reply.errors == [error]
    assert band.songs.given_up == {"a"}


async def test_a_song_that_cannot_be_delivered_is_given_up_and_told(band: Rehearsal) -> None:
    band.reply.failures.append(DeliveryFailed(reason="too large"))
    await band.service.compose(request_for("a"), band.reply)
    assert [error.code for error in band.reply.errors] == ["delivery_failed"]
    assert band.songs.given_up == {"a"}


async def test_a_defect_is_told_with_the_requests_number_and_logged(
    band: Rehearsal, logs: list[MutableMapping[str, Any]]
) -> None:
    band.composer.failures.append(ZeroDivisionError("a bug"))
    await band.service.compose(request_for("a"), band.reply)
    (error,) = band.reply.errors
    assert (error.code, getattr(error, "params", None)) == ("failed", {"id": "a"})
    assert band.songs.given_up == {"a"}
    assert [line["request_id"] for line in logs if line["log_level"] == "error"] == ["a"]


async def test_a_progress_message_that_fails_does_not_cost_the_song(band: Rehearsal) -> None:
    band.reply.trouble = RuntimeError("message deleted")
    await band.service.compose(request_for("a"), band.reply)
    assert len(band.reply.songs) == 1


async def test_an_error_that_cannot_be_told_is_still_recorded(band: Rehearsal) -> None:
    band.reply.trouble = RuntimeError("channel gone")
    band.composer.failures.append(Busy(retry_after_s=30))
    await band.service.compose(request_for("a"), band.reply)
    assert band.songs.given_up == {"a"}


async def test_cancelling_the_task_cancels_the_song_and_leaves_it_for_the_next_start(band: Rehearsal) -> None:
    band.composer.gate.clear()
    task = asyncio.ensure_future(band.service.compose(request_for("a"), band.reply))
    await band.composer.composing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert band.composer.cancelled == ["a"]
    assert band.reply.errors == []
    assert [request.id for request in await band.songs.pending()] == ["a"]


async def test_a_person_who_cancels_is_told_and_gets_no_song(band: Rehearsal) -> None:
    band.composer.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(band.service.compose(request_for("a"), band.reply))
        await band.composer.composing.wait()
        await band.service.cancel(RequestId("a"))
        await band.service.cancel(RequestId("never"))
    assert [getattr(error, "params", None) for error in band.reply.errors] == [{"reason": "cancelled"}]
    assert await band.songs.pending() == []


async def test_another_has_the_same_wishes_a_new_seed_and_the_new_asker(band: Rehearsal) -> None:
    await band.service.compose(request_for("a"), FakeReply())
    kim, thread = Requester("user-2", "kim"), replace(PLACE, thread="t1")
    await band.service.another(RequestId("a"), id=RequestId("b"), requester=kim, place=thread, reply=band.reply)
    first, second = band.composer.asked
    assert second.spec == first.spec
    assert second.sampling.seed != first.sampling.seed
    assert second.seed_drawn
    assert (second.id, second.requester, second.place) == ("b", kim, thread)
    assert [song.id for song in band.reply.songs] == ["b"]


async def test_another_of_an_unknown_song_is_told(band: Rehearsal) -> None:
    await band.service.another(
        RequestId("never"), id=RequestId("b"), requester=Requester("u", "u"), place=PLACE, reply=band.reply
    )
    assert [type(error) for error in band.reply.errors] == [NotFound]


async def test_another_of_a_genre_disabled_since_is_refused(band: Rehearsal) -> None:
    await band.service.compose(request_for("a"), FakeReply())
    band.switch_off("metal")
    await band.service.another(
        RequestId("a"), id=RequestId("b"), requester=Requester("u", "u"), place=PLACE, reply=band.reply
    )
    assert [type(error) for error in band.reply.errors] == [GenreDisabled]


async def test_what_a_crash_left_behind_is_composed_once_on_start(band: Rehearsal) -> None:
    for name in ("a", "b"):
        await band.songs.accept(request_for(name))
    replies: dict[str, FakeReply] = {}

    def reply_for(request: SongRequest) -> FakeReply:
        return replies.setdefault(request.id, FakeReply())

    await band.service.recompose_pending(reply_for)
    await band.restart().recompose_pending(reply_for)
    assert {name: len(reply.songs) for name, reply in replies.items()} == {"a": 1, "b": 1}
    assert await band.songs.pending() == []


async def test_requests_of_unreachable_platforms_and_daily_songs_stay_pending(band: Rehearsal) -> None:
    elsewhere = replace(request_for("a"), place=Place("slack", "t", "c"))
    scheduled = replace(request_for("b"), priority=Priority.SCHEDULED)
    await band.songs.accept(elsewhere)
    await band.songs.accept(scheduled)
    await band.service.recompose_pending(lambda _: None)
    await band.service.recompose_pending(lambda request: band.reply if request.place.platform == "discord" else None)
    assert [request.id for request in await band.songs.pending()] == ["a", "b"]


async def test_songs_being_made_are_not_taken_for_left_behind(band: Rehearsal) -> None:
    band.composer.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(band.service.compose(request_for("a"), band.reply))
        await band.composer.composing.wait()
        await band.service.recompose_pending(lambda _: band.reply)
        band.composer.gate.set()
    assert len(band.reply.songs) == len(band.composer.asked) == 1


async def test_one_request_that_fails_on_start_does_not_cost_the_others(band: Rehearsal) -> None:
    for name in ("a", "b", "c"):
        await band.songs.accept(request_for(name))
    band.composer.failures = [RuntimeError("a bug"), Busy(retry_after_s=1)]
    await band.service.recompose_pending(lambda _: band.reply)
    assert len(band.reply.songs) == 1
    assert len(band.reply.errors) == 2
