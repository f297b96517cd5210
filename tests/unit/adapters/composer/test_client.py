"""The client follows its song through whatever happens between it and the service."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import unused_port

from adapters.composer import HttpComposer, Patience
from bot.domain.errors import ComposerFailed, ComposerUnavailable
from bot.domain.song import Preview, Progress, Song, Stage
from inference.api import ErrorCode, ErrorDetail, FileFormat, SongState
from inference.music.errors import InvalidSpec
from tests.fakes.composer_service import FakeService
from tests.fakes.songs import request_for

QUICK = Patience(retry_s=5, restart_s=5, connect_s=2, answer_s=5, grace_s=0)
IMPATIENT = Patience(retry_s=0.3, restart_s=0.3, connect_s=1, answer_s=5, grace_s=0)


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
async def composer(service: FakeService) -> AsyncIterator[HttpComposer]:
    async with service.serve() as url, HttpComposer(url + "/", QUICK) as composer:
        yield composer


async def play(composer: HttpComposer, **changes: object) -> Song:
    """The song; fails when anything but progress came before it."""
    async with asyncio.timeout(20):
        request = replace(request_for("a"), **changes)  # type: ignore[arg-type]
        *progress, song = [item async for item in composer.compose(request)]
    assert all(isinstance(item, Progress) for item in progress)
    assert isinstance(song, Song)
    return song


async def test_the_wanted_files_are_fetched_in_the_wanted_order(composer: HttpComposer) -> None:
    song = await play(composer, formats=(FileFormat.MIDI, FileFormat.CARD))
    assert [(file.name, file.content) for file in song.files] == [
        ("iron-harvest.mid", b"iron-harvest.mid"),
        ("iron-harvest.png", b"iron-harvest.png"),
    ]
    assert song.title == "Iron Härvest"
    assert song.seconds == {"composing": 1.5}


async def test_a_preview_is_fetched_once_and_comes_before_the_song(
    service: FakeService, composer: HttpComposer
) -> None:
    async with asyncio.timeout(20):
        items = [item async for item in composer.compose(replace(request_for("a"), preview=True))]
    *_, preview, song = items
    assert isinstance(preview, Preview)
    assert isinstance(song, Song)
    assert [file.name for file in preview.song.files] == [
        "iron-harvest-quick.png",
        "iron-harvest-quick.mp3",
        "iron-harvest-quick.mid",
    ]
    assert (preview.song.title, preview.song.recipe) == ("Iron", song.recipe)
    assert [isinstance(item, Preview) for item in items].count(True) == 1


async def test_a_preview_that_is_gone_already_is_passed_over(service: FakeService, composer: HttpComposer) -> None:
    service.loses_previews = True
    assert (await play(composer, preview=True)).title == "Iron Härvest"


async def test_equal_progress_is_shown_once(service: FakeService, composer: HttpComposer) -> None:
    service.drops = 2
    async with asyncio.timeout(20):
        items = [item async for item in composer.compose(request_for("a"))]
    shown = [(item.stage, item.bars_done) for item in items if isinstance(item, Progress)]
    assert shown == [(Stage.QUEUED, 0), (Stage.COMPOSING, 1), (Stage.COMPOSING, 31), (Stage.RENDERING, 32)]


async def test_a_dropped_connection_is_taken_up_again_without_asking_twice(
    service: FakeService, composer: HttpComposer
) -> None:
    service.drops = 3
    await play(composer)
    assert (len(service.posted), service.streams) == (1, 4)


async def test_a_service_that_restarted_is_asked_again_under_the_same_id(
    service: FakeService, composer: HttpComposer
) -> None:
    service.drops, service.forgets = 1, True
    song = await play(composer)
    assert [body.request_id for body in service.posted] == ["a", "a"]
    assert song.id == "a"


async def test_a_service_that_is_just_starting_is_waited_for(service: FakeService) -> None:
    port = unused_port()
    async with HttpComposer(f"http://127.0.0.1:{port}", QUICK) as composer, asyncio.timeout(20):
        assert not await composer.is_ready()
        waiting = asyncio.ensure_future(play(composer))
        await asyncio.sleep(0)
        async with service.serve(port):
            assert (await waiting).id == "a"


async def test_a_service_that_shuts_down_is_asked_again(service: FakeService, composer: HttpComposer) -> None:
    service.refuse(ErrorCode.SHUTTING_DOWN, 503)
    service.answers.append((502, "<html>Bad Gateway</html>"))
    assert (await play(composer)).id == "a"


async def test_a_service_that_never_answers_is_unavailable_after_a_while() -> None:
    async with HttpComposer(f"http://127.0.0.1:{unused_port()}", IMPATIENT) as composer:
        with pytest.raises(ComposerUnavailable):
            await play(composer)
        await composer.cancel(request_for("a").id)


async def test_a_connection_that_always_drops_is_unavailable_after_a_while(
    service: FakeService, composer: HttpComposer
) -> None:
    service.drops = 1000
    with pytest.raises(ComposerUnavailable, match="keeps dropping"):
        await play(composer)
    assert service.streams <= 10


async def test_wishes_refused_are_not_asked_again(service: FakeService, composer: HttpComposer) -> None:
    service.refuse(ErrorCode.INVALID_OPTION, 400)
    with pytest.raises(InvalidSpec, match="because of invalid_option"):
        await play(composer)
    assert service.posted == []


@pytest.mark.parametrize("answer", [(200, "nonsense"), (404, "<html>"), (202, '{"id": "a", "state": "dancing"}')])
async def test_an_answer_that_is_not_the_services_fails_the_song(
    service: FakeService, composer: HttpComposer, answer: tuple[int, str]
) -> None:
    service.answers.append(answer)
    with pytest.raises(ComposerFailed) as caught:
        await play(composer)
    assert type(caught.value) is ComposerFailed


async def test_a_song_that_fails_says_why(service: FakeService, composer: HttpComposer) -> None:
    service.ending = SongState.FAILED
    service.error = ErrorDetail(code=ErrorCode.DISK_FULL, message="no space left")
    with pytest.raises(ComposerFailed) as caught:
        await play(composer)
    assert caught.value.params == {"reason": "disk_full"}


async def test_a_file_that_cannot_be_fetched_fails_the_song(service: FakeService, composer: HttpComposer) -> None:
    service.loses_files = True
    with pytest.raises(ComposerFailed) as caught:
        await play(composer)
    assert caught.value.params == {"reason": "not_found"}


async def test_past_its_deadline_a_song_is_cancelled_and_given_up(service: FakeService, composer: HttpComposer) -> None:
    service.gate.clear()
    with pytest.raises(ComposerFailed) as caught:
        await play(composer, deadline_s=0.3)
    assert caught.value.params == {"reason": "deadline_passed"}
    assert service.deleted == ["a"]


async def test_a_song_given_up_before_it_was_accepted_is_cancelled_where_it_was_asked_for(
    service: FakeService, composer: HttpComposer
) -> None:
    service.door.clear()
    waiting = asyncio.ensure_future(play(composer))
    await service.knocked.wait()
    waiting.cancel()
    await asyncio.wait([waiting], timeout=0.1)  # a cancel sent at once would have found no song by then
    service.door.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert service.cancelled == {"a"}


async def test_a_cancel_that_overtakes_the_request_is_not_lost(service: FakeService, composer: HttpComposer) -> None:
    service.door.clear()
    waiting = asyncio.ensure_future(play(composer))
    await service.knocked.wait()
    cancelling = asyncio.ensure_future(composer.cancel(request_for("a").id))
    await asyncio.sleep(0)
    service.door.set()
    await cancelling
    with pytest.raises(ComposerFailed) as caught:
        await waiting
    assert (caught.value.params, service.cancelled) == ({"reason": "cancelled"}, {"a"})


async def test_a_request_that_nobody_answers_is_withdrawn_when_it_is_given_up(service: FakeService) -> None:
    service.door.clear()
    hasty = replace(QUICK, settle_s=0.05)
    async with service.serve() as url, HttpComposer(url, hasty) as composer:
        waiting = asyncio.ensure_future(play(composer))
        await service.knocked.wait()
        await composer.cancel(request_for("a").id)
        with pytest.raises(ComposerFailed) as caught:
            await waiting
        service.door.set()
    assert caught.value.params == {"reason": "cancelled"}


async def test_a_service_that_is_down_is_told_of_a_cancel_when_it_is_back(service: FakeService) -> None:
    port = unused_port()
    async with HttpComposer(f"http://127.0.0.1:{port}", QUICK) as composer:
        await composer.cancel(request_for("a").id)
        async with service.serve(port):
            async with asyncio.timeout(20):
                await service.told.wait()
    assert service.deleted == ["a"]


async def test_a_service_that_shuts_down_is_told_of_a_cancel_again(
    service: FakeService, composer: HttpComposer
) -> None:
    service.refuse(ErrorCode.SHUTTING_DOWN, 503)
    service.answers.append((502, "<html>Bad Gateway</html>"))
    await composer.cancel(request_for("a").id)
    async with asyncio.timeout(20):
        await service.told.wait()
    assert service.deleted == ["a"]


async def test_a_cancel_that_is_owed_when_the_client_closes_is_waited_for_a_little(service: FakeService) -> None:
    port = unused_port()
    composer = HttpComposer(f"http://127.0.0.1:{port}", QUICK)
    await composer.cancel(request_for("a").id)
    async with service.serve(port):
        await composer.close()
    assert service.deleted == ["a"]


async def test_a_cancel_that_nobody_hears_does_not_hold_up_the_end() -> None:
    composer = HttpComposer(f"http://127.0.0.1:{unused_port()}", replace(QUICK, settle_s=0.05))
    await composer.cancel(request_for("a").id)
    async with asyncio.timeout(20):
        await composer.close()


async def test_a_cancelled_song_that_a_restart_forgot_is_not_asked_for_again(
    service: FakeService, composer: HttpComposer
) -> None:
    service.drops, service.forgets = 1, True
    items = composer.compose(request_for("a"))
    await anext(items)
    await composer.cancel(request_for("a").id)
    with pytest.raises(ComposerFailed) as caught:
        async for _ in items:
            pass
    assert (caught.value.params, len(service.posted)) == ({"reason": "cancelled"}, 1)


async def test_a_song_asked_for_again_is_not_cancelled_by_what_was_owed_before(service: FakeService) -> None:
    port = unused_port()
    async with HttpComposer(f"http://127.0.0.1:{port}", QUICK) as composer:
        await composer.cancel(request_for("a").id)
        playing = asyncio.ensure_future(play(composer))
        async with service.serve(port):
            assert (await playing).title
    assert service.deleted == []


async def test_a_service_that_is_loading_is_not_ready(service: FakeService, composer: HttpComposer) -> None:
    service.is_ready = False
    assert not await composer.is_ready()
