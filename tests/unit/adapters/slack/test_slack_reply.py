from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import stamina.instrumentation

from adapters.slack.clients import SlackClients, make_clients
from adapters.slack.messenger import SlackMessenger
from adapters.slack.people import People
from adapters.slack.refusals import NotAnAdmin
from adapters.slack.reply import Asked, SlackReply
from bot.domain.errors import ComposerFailed, ComposerUnavailable, DeliveryFailed, GenreDisabled, PlaceGone
from bot.domain.request import Place, Requester, RequestId
from bot.domain.song import Progress, Stage
from tests.fakes.slack_api import SlackApi
from tests.fakes.slack_edge import Refusal, SlackEdge
from tests.fakes.slack_running import settings_for
from tests.fakes.songs import request_for, song_for
from tests.fakes.storage import FakeAnswers

SONG = song_for(request_for())
UPLOADED = "files.completeUploadExternal"


@dataclass
class Watch:
    """Seconds, moved by hand."""

    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
async def edge() -> AsyncIterator[SlackEdge]:
    async with SlackEdge(SlackApi()).serve() as edge:
        yield edge


@pytest.fixture
def clients(edge: SlackEdge) -> SlackClients:
    return make_clients(settings_for(edge, "socket"))


@pytest.fixture
def asked(edge: SlackEdge) -> Asked:
    here = edge.api.workspace
    return Asked(RequestId("song-1"), Place("slack", here.team, here.channel), Requester(here.member, "mel", "en-GB"))


def writing(bar: int) -> Progress:
    return Progress(Stage.COMPOSING, bars_done=bar, bars=32)


async def test_progress_is_edited_at_most_every_three_seconds(edge, clients, asked):
    watch = Watch()
    reply = SlackReply(clients, asked, watch)
    for bar in range(10):
        await reply.progress(writing(bar))
        watch.seconds += 1
    shown = [call["text"] for call in edge.calls_of("chat.update")]
    assert shown == ["Writing bar 4 of 32", "Writing bar 7 of 32", "Writing bar 10 of 32"]
    assert len(edge.calls_of("chat.postMessage")) == 1


async def test_same_words_are_not_sent_twice(edge, clients, asked):
    watch = Watch()
    reply = SlackReply(clients, asked, watch)
    for _ in range(3):
        await reply.progress(writing(1))
        watch.seconds += 10
    assert edge.calls_of("chat.update") == []


async def test_progress_rests_as_long_as_slack_asks_and_never_waits(edge, clients, asked):
    watch = Watch()
    reply = SlackReply(clients, asked, watch)
    edge.refuse("chat.postMessage", Refusal("ratelimited", retry_after_s=30))
    await reply.progress(writing(1))
    watch.seconds += 29
    await reply.progress(writing(2))
    assert edge.calls_of("chat.postMessage") == []
    watch.seconds += 1
    await reply.progress(writing(3))
    assert len(edge.calls_of("chat.postMessage")) == 1


async def test_progress_message_that_somebody_deleted_costs_nothing(edge, clients, asked):
    watch = Watch()
    reply = SlackReply(clients, asked, watch)
    await reply.progress(writing(1))
    edge.api.messages.clear()
    watch.seconds += 3
    await reply.progress(writing(2))
    await reply.song(SONG)
    (message,) = await edge.history()
    assert len(message["files"]) == 3


async def test_after_a_crash_the_old_progress_goes_when_the_song_comes(edge, clients, asked):
    answers = FakeAnswers()
    await SlackReply(clients, asked, answers=answers).open()
    await SlackReply(clients, asked, answers=answers).song(SONG)
    (message,) = await edge.history()
    assert len(message["files"]) == 3


async def test_after_a_crash_a_song_that_was_posted_is_not_posted_again(edge, clients, asked):
    answers = FakeAnswers()
    await SlackReply(clients, asked, answers=answers).song(SONG)
    await SlackReply(clients, asked, answers=answers).song(SONG)
    assert len(await edge.history()) == 1


async def test_after_a_crash_a_failure_replaces_the_old_progress(edge, clients, asked):
    answers = FakeAnswers()
    await SlackReply(clients, asked, answers=answers).open()
    await SlackReply(clients, asked, answers=answers).error(ComposerFailed(reason="compose_failed"))
    (message,) = await edge.history()
    assert not message["blocks"]


async def test_refusal_is_whispered_and_leaves_no_progress(edge, clients, asked):
    reply = SlackReply(clients, asked)
    await reply.open()
    await reply.error(GenreDisabled(genre="metal", enabled="punk"))
    assert await edge.history() == []
    (call,) = edge.calls_of("chat.postEphemeral")
    assert "punk" in call["text"]
    assert call["user"] == edge.api.workspace.member


async def test_failure_replaces_the_progress_and_its_button(edge, clients, asked):
    reply = SlackReply(clients, asked)
    await reply.open()
    await reply.error(ComposerUnavailable())
    (message,) = await edge.history()
    assert "does not answer" in message["text"]
    assert not message["blocks"]


async def test_used_up_response_url_falls_back_to_an_ephemeral_message(edge, clients, asked):
    reply = SlackReply(clients, replace(asked, response_url=f"{edge.url}/no-such-hook"))
    await reply.whisper("hello")
    assert len(edge.calls_of("chat.postEphemeral")) == 1


async def test_where_nobody_can_whisper_the_person_gets_a_direct_message(edge, clients, asked):
    here = edge.api.workspace
    reply = SlackReply(clients, replace(asked, place=Place("slack", here.team, here.private)))
    await reply.whisper("hello")
    assert edge.calls_of("chat.postMessage")[0]["channel"] == here.member


async def test_nobody_to_tell_is_no_error(edge, clients, asked):
    nobody = Requester("U404", "ghost")
    await SlackReply(clients, replace(asked, requester=nobody, place=Place("slack", "T", "C404"))).whisper("hello")
    assert edge.calls == []


async def test_opening_where_we_may_not_post_is_final(edge, clients, asked):
    here = edge.api.workspace
    with pytest.raises(PlaceGone):
        await SlackReply(clients, replace(asked, place=Place("slack", here.team, here.private))).open()


async def test_unreachable_slack_is_waited_for_and_a_passing_failure(asked):
    async with SlackEdge(SlackApi()).serve() as edge:
        clients = make_clients(settings_for(edge, "socket"))
    tries = []
    stamina.instrumentation.set_on_retry_hooks([tries.append])
    try:
        with stamina.set_testing(True, attempts=2), pytest.raises(DeliveryFailed) as caught:
            await SlackReply(clients, asked).song(SONG)
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)
    assert not isinstance(caught.value, PlaceGone)
    assert len(tries) == 1


async def test_song_without_a_picture_still_goes_out(edge, clients, asked):
    plain = replace(SONG, files=SONG.files[1:])
    await SlackReply(clients, asked).song(plain)
    (message,) = await edge.history()
    assert len(message["files"]) == 2


async def test_title_cannot_mention_anybody(edge, clients, asked):
    await SlackReply(clients, asked).song(replace(SONG, title="<!channel> & <@U0ADA>"))
    (message,) = await edge.history()
    assert "<" not in message["blocks"][0]["text"]["text"]


async def test_same_nonce_posts_once_and_a_failed_post_may_be_repeated(edge, clients, asked):
    messenger = SlackMessenger(lambda _: clients)
    edge.refuse(UPLOADED, Refusal("fatal_error"))
    with pytest.raises(DeliveryFailed):
        await messenger.post_song(asked.place, SONG, "A little late.", "nonce-1")
    for _ in range(2):
        await messenger.post_song(asked.place, SONG, "A little late.", "nonce-1")
    (message,) = await edge.history()
    assert message["blocks"][0]["text"]["text"].startswith("A little late.\nIron Harvest")


async def test_admin_is_told_directly_or_else_in_the_channel(edge, clients, asked):
    messenger = SlackMessenger(lambda _: clients)
    await messenger.tell(asked.requester, asked.place, "no song <today>")
    assert edge.calls_of("chat.postMessage")[0]["channel"] == asked.requester.id
    await messenger.tell(Requester("U404", "ghost"), asked.place, "no song")
    (message,) = await edge.history()
    assert message["text"] == "no song"


async def test_admin_of_an_app_without_a_messages_tab_is_told_in_the_channel(edge, clients, asked):
    edge.api.messages_tab = False
    await SlackMessenger(lambda _: clients).tell(asked.requester, asked.place, "no song")
    (message,) = await edge.history()
    assert message["text"] == "no song"


async def test_person_is_looked_up_once_and_admins_each_time(edge, clients):
    people, here = People(clients.delivery), edge.api.workspace
    for _ in range(2):
        assert await people.requester(here.member) == Requester(here.member, "mel", "en-GB")
    assert len(edge.calls_of("users.info")) == 1
    for _ in range(2):
        await people.check_admin(here.admin)
    assert len(edge.calls_of("users.info")) == 3
    with pytest.raises(NotAnAdmin):
        await people.check_admin(here.member)


async def test_without_the_scope_people_speak_english_and_nobody_is_admin(edge, clients):
    edge.api.scopes.discard("users:read")
    people, here = People(clients.delivery), edge.api.workspace
    assert await people.requester(here.member, "mel") == Requester(here.member, "mel", "en")
    with pytest.raises(PlaceGone):
        await people.check_admin(here.admin)
