"""The port Songs, kept by the database and by its fake."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.storage import open_storage
from bot.domain.errors import NotFound
from bot.domain.request import RequestId
from bot.domain.song import Delivered
from bot.ports import Songs
from inference.api import FileFormat
from tests.fakes.songs import request_for, song_for
from tests.fakes.storage import FakeSongs


@pytest.fixture(params=["fake", "sqlite"])
async def songs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Songs]:
    if request.param == "fake":
        yield FakeSongs()
        return
    storage = await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    yield storage.songs
    await storage.close()


@pytest.mark.parametrize("kind", ["fake", "sqlite"])
async def test_a_new_process_finds_what_is_neither_delivered_nor_given_up_oldest_first(
    kind: str, tmp_path: Path
) -> None:
    url, fake = f"sqlite+aiosqlite:///{tmp_path}/lnh.db", FakeSongs()
    storage = await open_storage(url)
    songs: Songs = fake if kind == "fake" else storage.songs
    for name in ("d", "a", "c", "b"):
        await songs.accept(request_for(name))
    await songs.finish(RequestId("a"), song_for(request_for("a")))
    await songs.finish(RequestId("c"), None)
    await storage.close()
    storage = await open_storage(url)
    songs = fake if kind == "fake" else storage.songs
    assert [request.id for request in await songs.pending()] == ["d", "b"]
    await storage.close()


async def test_an_accepted_request_comes_back_as_it_was(songs: Songs) -> None:
    assert await songs.accept(request_for("a"))
    assert await songs.request(RequestId("a")) == request_for("a")


async def test_the_first_request_of_an_id_counts_and_its_process_keeps_it(songs: Songs) -> None:
    assert await songs.accept(request_for("a"))
    assert await songs.accept(request_for("a", genre="jazz"))
    assert (await songs.request(RequestId("a"))).spec.main_genre == "metal"


@pytest.mark.parametrize("is_delivered", [True, False])
async def test_what_was_delivered_or_given_up_is_not_accepted_again(songs: Songs, *, is_delivered: bool) -> None:
    await songs.accept(request_for("a"))
    await songs.finish(RequestId("a"), song_for(request_for("a")) if is_delivered else None)
    assert not await songs.accept(request_for("a"))


async def test_an_unknown_song_is_not_found(songs: Songs) -> None:
    with pytest.raises(NotFound):
        await songs.request(RequestId("never"))


async def test_a_delivered_song_can_still_be_asked_for_again(songs: Songs) -> None:
    await songs.accept(request_for("a"))
    await songs.finish(RequestId("a"), song_for(request_for("a")))
    assert (await songs.request(RequestId("a"))).id == "a"
    assert not await songs.accept(request_for("a"))


async def test_title_recipe_and_notes_of_a_delivered_song_are_kept(songs: Songs) -> None:
    await songs.accept(request_for("a"))
    with pytest.raises(NotFound):
        await songs.delivered(RequestId("a"))
    song = song_for(request_for("a"))
    await songs.finish(RequestId("a"), song)
    notes = song.file(FileFormat.MIDI)
    assert notes is not None
    assert await songs.delivered(RequestId("a")) == Delivered("Iron Harvest", song.recipe, notes.content)


async def test_a_song_can_be_delivered_without_its_notes(songs: Songs) -> None:
    await songs.accept(request_for("a"))
    await songs.finish(RequestId("a"), replace(song_for(request_for("a")), files=()))
    assert (await songs.delivered(RequestId("a"))).midi is None


async def test_songs_that_are_unknown_or_were_given_up_were_not_delivered(songs: Songs) -> None:
    await songs.accept(request_for("a"))
    await songs.finish(RequestId("a"), None)
    for name in ("a", "never"):
        with pytest.raises(NotFound):
            await songs.delivered(RequestId(name))


async def test_finishing_an_unknown_song_changes_nothing(songs: Songs) -> None:
    await songs.finish(RequestId("never"), None)
    assert await songs.pending() == []
