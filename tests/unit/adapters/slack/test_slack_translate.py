from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.translate import (
    ANOTHER,
    EXTEND,
    MAX_SECTION,
    REPLACE,
    VARY,
    clamp,
    escape,
    genre_lines,
    is_from_a_person,
    local_time,
    plain,
    progress_blocks,
    read_cancel,
    read_change,
    song_blocks,
    split_verb,
    uploads,
    wish_of_button,
    wish_of_command,
    wish_of_message,
)
from bot.domain.request import Place, RequestId, SongChange
from bot.services.genres import GenreChoice
from inference.music.edit import Operation
from tests.fakes.slack_api import Workspace
from tests.fakes.slack_blocks import block_faults
from tests.fakes.slack_payloads import Actor, button_click, mention_event, slash_command
from tests.fakes.songs import CATALOGUE, request_for, song_for

HERE = Workspace("T1", "UBOT", "UADA", "UMEL", "C1", "C2")
MEL = Actor("T1", "C1", "UMEL", "mel")
HOOKS = ("https://hooks.example/1", "1.2.trigger")


def test_command_becomes_a_wish_with_place_and_person():
    wish = wish_of_command(slash_command("/compose", "metal 140bpm", MEL, HOOKS))
    assert (wish.verb, wish.text) == ("compose", "metal 140bpm")
    assert (wish.place, wish.user, wish.name) == (Place("slack", "T1", "C1"), "UMEL", "mel")


def test_same_trigger_is_the_same_wish_and_another_trigger_is_not():
    first, again = (wish_of_command(slash_command("/compose", "metal", MEL, HOOKS)) for _ in range(2))
    other = wish_of_command(slash_command("/compose", "metal", MEL, (HOOKS[0], "1.3.trigger")))
    assert first.id == again.id != other.id


def test_mention_loses_the_bots_name_and_keeps_the_thread():
    wish = wish_of_message(mention_event("metal & <punk>", MEL.within("17.5"), HERE, "Ev01"))
    assert wish.text == "metal & <punk>"
    assert wish.place.thread == "17.5"


def test_retried_event_is_the_same_wish():
    ids = {wish_of_message(mention_event("metal", MEL, HERE, event)).id for event in ("Ev01", "Ev01", "Ev02")}
    assert len(ids) == 2


def test_button_carries_the_songs_id_through_the_message_alone():
    song = song_for(request_for("song-7"))
    message = {"ts": "1.2", "thread_ts": "1.0", "blocks": song_blocks(song, "caption", "en")}
    wish = wish_of_button(button_click(message, MEL, HOOKS))
    assert (wish.verb, wish.text, wish.place.thread) == ("another", "song-7", "1.0")


@pytest.mark.parametrize(
    ("pressed", "change"),
    [
        (VARY, SongChange(RequestId("song-7"), Operation.VARY)),
        (EXTEND, SongChange(RequestId("song-7"), Operation.EXTEND)),
        (REPLACE, SongChange(RequestId("song-7"), Operation.REPLACE, ("lead",))),
    ],
)
def test_changes_carry_their_song_and_player_through_the_message_alone(pressed: str, change: SongChange):
    message = {"ts": "1.2", "blocks": song_blocks(song_for(request_for("song-7")), "caption", "en")}
    assert read_change(wish_of_button(button_click(message, MEL, HOOKS, pressed))) == change


@pytest.mark.parametrize(
    ("text", "command", "expected"),
    [
        ("metal 140bpm", "compose", ("compose", "metal 140bpm")),
        ("", "compose", ("help", "")),
        ("help", "compose", ("help", "")),
        ("Daily stop", "compose", ("daily", "stop")),
        ("compose metal", "compose", ("compose", "metal")),
        ("genres disable punk", "compose", ("genres", "disable punk")),
        ("show", "daily", ("daily", "show")),
        ("", "daily", ("daily", "")),
        ("help", "genres", ("help", "")),
    ],
)
def test_verbs_may_be_commands_or_first_words(text: str, command: str, expected: tuple[str, str]):
    assert split_verb(text, command) == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("<@U123> metal   140bpm", "metal 140bpm"),
        ("<@U123|lnh> metal", "metal"),
        ("rock &amp; roll", "rock & roll"),
        ("&amp;lt;", "&lt;"),
        ("<!channel> metal", "metal"),
        ("<http://example.org|example> punk", "example punk"),
        ("key “E minor”", 'key "E minor"'),
    ],
)
def test_what_a_person_wrote_is_read_without_slacks_escapes(written: str, meant: str):
    assert plain(written) == meant


@given(st.text())
def test_no_text_of_ours_can_mention_or_link(text: str):
    assert "<" not in escape(text)
    assert ">" not in escape(text)


@given(st.text(alphabet="ab&<>"), st.integers(min_value=1, max_value=30))
def test_clamped_text_fits_and_ends_in_no_half_escape(text: str, limit: int):
    short = clamp(escape(text), limit)
    assert len(short) <= limit
    assert not short.rstrip("…").endswith(("&", "&a", "&am", "&l", "&lt", "&g", "&gt"))


@given(st.text(min_size=1, max_size=9000), st.text(min_size=1, max_size=300))
def test_blocks_of_any_song_keep_slacks_limits(words: str, label: str):
    blocks = song_blocks(song_for(request_for("s" * 64)), words, label)
    assert block_faults(blocks) == []
    assert len(blocks[0]["text"]["text"]) <= MAX_SECTION


def test_caption_is_escaped_in_the_block():
    text = song_blocks(song_for(request_for("s")), "<!channel> & <@U1>", "en")[0]["text"]["text"]
    assert text == "&lt;!channel&gt; &amp; &lt;@U1&gt;"


def test_button_has_our_action_and_no_state_but_the_id():
    button = song_blocks(song_for(request_for("song-7")), "caption", "en")[1]["elements"][0]
    assert (button["action_id"], button["value"]) == (ANOTHER, "song-7")


def test_picture_goes_first_then_the_music():
    entries = uploads(song_for(request_for("s")))
    assert [entry["filename"].rpartition(".")[2] for entry in entries] == ["png", "mp3", "mid"]
    assert entries[0]["alt_txt"]


def test_instant_is_shown_in_each_readers_own_zone():
    assert local_time(datetime(2026, 7, 1, 16, 30, tzinfo=UTC)) == "<!date^1782923400^{time}|16:30 UTC>"


def test_switched_off_genres_are_struck_out():
    metal, punk = CATALOGUE.find("metal"), CATALOGUE.find("punk")
    lines = genre_lines([GenreChoice(metal, True), GenreChoice(punk, False)]).splitlines()
    assert lines[0].startswith("• *metal*: ")
    assert lines[1] == "• ~punk~"


def test_cancel_button_says_what_and_whose():
    (_, actions) = progress_blocks("Counting in", RequestId("song-7"), "UMEL", "Cancel")
    assert read_cancel(actions["elements"][0]["value"]) == ("song-7", "UMEL")
    assert block_faults([actions]) == []


@pytest.mark.parametrize(
    ("event", "answered"), [({"user": "U1"}, True), ({"user": "U1", "bot_id": "B1"}, False), ({"bot_id": "B1"}, False)]
)
def test_bots_are_not_answered(event: dict[str, str], answered: bool):
    assert is_from_a_person(event) is answered
