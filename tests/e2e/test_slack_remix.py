"""*Remix with…* in Slack: a modal under every song, whose fields make the same request as words do."""

import pytest

from bot.domain.remix import remix_from_text
from bot.messages import say
from inference.music.edit import Operation
from tests.fakes.band import BandForTests
from tests.fakes.slack_running import running
from tests.fakes.slack_scene import MODES, delivered, song_of
from tests.fakes.songs import CATALOGUE

PRESSED = "lnh.remix_with"


async def shown(edge, song):
    """The modal that a press brings."""
    await edge.click(song, pressed=PRESSED)
    await edge.called("views.open")
    return edge.views.opened[-1]


def offered(view):
    inputs = {block["block_id"]: block["element"] for block in view["blocks"]}
    return {field: [option["value"] for option in element.get("options", [])] for field, element in inputs.items()}


@pytest.mark.parametrize("mode", MODES)
async def test_what_is_filled_in_reaches_the_composer_as_if_it_were_written(edge, band, mode):
    song = await song_of(edge, band)
    reborn = BandForTests(songs=band.songs)
    async with running(edge, reborn, mode):
        view = await shown(edge, song)
        filled = {"genre": "jazz", "tempo": "96", "key": "Am", "keep": ["drums", "lead"], "more": "density 6 seed 9"}
        assert await edge.hand_in(view, **filled) == {}
        await delivered(reborn, 2)
    (asked,) = reborn.composer.asked
    written = remix_from_text("jazz 96bpm Am keep drums, lead density 6 seed 9", CATALOGUE)
    spec, edit = asked.spec, asked.spec.edit
    assert (spec.genres, spec.tempo, spec.key, spec.density) == (written.genres, 96, written.key, 6)
    assert (edit.operation, edit.keep) == (Operation.REMIX, ("drums", "lead"))
    assert (asked.sampling.seed, asked.seed_drawn) == (9, False)
    assert len(await edge.history()) == 2


async def test_the_form_offers_what_is_played_here_and_who_plays_in_the_song(edge, band):
    song = await song_of(edge, band)
    async with running(edge, band):
        fields = offered(await shown(edge, song))
    assert list(fields) == ["genre", "tempo", "key", "keep", "more"]
    assert "punk" in fields["genre"]
    assert "metal" not in fields["genre"]
    assert fields["keep"] == ["drums", "bass", "rhythm", "lead"]


async def test_the_form_may_be_handed_in_after_a_restart_and_twice_is_one_song(edge, band):
    song = await song_of(edge, band)
    async with running(edge, band):
        view = await shown(edge, song)
    async with running(edge, band):
        await edge.hand_in(view, tempo="96.5")
        await delivered(band, 2)
        await edge.hand_in(view, tempo="96.5")
        await edge.command("/compose", "help")
        await edge.responded()
    assert [(request.spec.genres, request.spec.tempo) for request in band.composer.asked[1:]] == [((), 96.5)]


async def test_a_remix_goes_where_its_song_is(edge, band):
    here = edge.api.workspace
    song = await song_of(edge, band)
    thread = "1700000000.000001"
    async with running(edge, band):
        view = await shown(edge, song | {"thread_ts": thread})
        await edge.hand_in(view, genre="jazz")
        await delivered(band, 2)
    assert len(await edge.history(thread=thread)) == 1
    assert band.composer.asked[1].place.channel == here.channel


@pytest.mark.parametrize(
    ("filled", "field", "sentence"),
    [
        ({}, "more", "Say which genre it is to become, or what else is to change, such as jazz 120bpm keep lead."),
        ({"key": "H"}, "key", "“H” is not a key; write one such as Em, F#m, C or Bb major."),
        ({"tempo": "300"}, "tempo", "Tempo must be between 40 and 260, not 300."),
        ({"tempo": "96", "more": "tempo 97"}, "tempo", "Tempo is there twice, as 96 and 97; say it once."),
        ({"genre": "jazz", "more": "louder"}, "more", "I do not understand “louder”; write it like: jazz 120bpm keep"),
        ({"more": "16 bars"}, "more", "A remix cannot change the length of its song; it can change genre, tempo, key"),
    ],
)
async def test_what_cannot_be_is_said_in_the_form_which_stays_open(edge, band, filled, field, sentence):
    song = await song_of(edge, band)
    async with running(edge, band):
        view = await shown(edge, song)
        answer = await edge.hand_in(view, **filled)
        assert answer["response_action"] == "errors"
        assert list(answer["errors"]) == [field]
        assert answer["errors"][field].startswith(sentence)
        await edge.hand_in(view, genre="jazz")
        await delivered(band, 2)


async def test_a_form_that_comes_too_late_is_told(edge, band):
    song = await song_of(edge, band)
    async with running(edge, band):
        edge.api.scopes.discard("users:read")
        issue = edge.views.issue
        edge.views.issue = lambda trigger: (issue(trigger), edge.views.expire())[0]
        await edge.click(song, pressed=PRESSED)
        assert (await edge.responded())["text"] == say("slack_unreachable", "en")
    assert edge.views.opened == []


async def test_a_german_reads_and_is_refused_in_german(edge, band, monkeypatch):
    song = await song_of(edge, band)
    described = edge.api._users_info
    monkeypatch.setattr(edge.api, "_users_info", lambda asked: {"user": described(asked)["user"] | {"locale": "de-DE"}})
    async with running(edge, band):
        view = await shown(edge, song)
        answer = await edge.hand_in(view, more="16 bars")
    assert view["blocks"][2]["label"]["text"] == "Tonart"
    assert "bleiben in einem Remix" in answer["errors"]["more"]
