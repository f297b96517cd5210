"""Ids, wishes and posts, without the library."""

import pytest

from adapters.discord import translate
from adapters.discord.translate import ANOTHER, CANCEL, MIB, SongPost, files_posts
from bot.domain.files import MadeFiles
from bot.domain.request import Place, RequestId, request_id
from bot.domain.song import SongFile
from inference.api import ExtraFile
from tests.fakes.songs import file_for


def post(*sizes: tuple[str, int]) -> SongPost:
    files = tuple(SongFile(name, "application/octet-stream", bytes(size)) for name, size in sizes)
    return SongPost(RequestId("discord-1"), "a song", 0xB3202C, "en", files)


def names(post: SongPost) -> list[str]:
    return [file.name for file in post.files]


def test_a_channel_of_a_server_is_its_place() -> None:
    assert translate.place_of(7, 9) == Place("discord", "7", "9")


def test_direct_messages_are_a_place_without_a_server() -> None:
    assert translate.place_of(None, 9) == Place("discord", "direct", "9")


def test_the_same_event_is_the_same_request() -> None:
    assert translate.id_of(123) == translate.id_of(123) != translate.id_of(124)


@pytest.mark.parametrize("song", ["discord-1574136717189840896", "x" * 64])
def test_a_button_knows_its_song_within_the_hundred_characters_it_has(song: str) -> None:
    another, cancel = translate.another_id(RequestId(song)), translate.cancel_id(RequestId(song), "1" * 20)

    assert len(another) <= 100
    assert len(cancel) <= 100
    assert (match := ANOTHER.fullmatch(another))
    assert match["song"] == song
    assert (match := CANCEL.fullmatch(cancel))
    assert (match["song"], match["person"]) == (song, "1" * 20)


def test_every_request_id_fits_into_a_button() -> None:
    assert ANOTHER.fullmatch(translate.another_id(request_id("slack", "a" * 500, "/weird id")))


@pytest.mark.parametrize("content", ["<@42> metal 140bpm", "<@!42>metal 140bpm", "metal 140bpm <@42>"])
def test_the_mention_is_no_part_of_the_wishes(content: str) -> None:
    assert translate.wishes_text(content, 42) == "metal 140bpm"


def test_somebody_elses_mention_stays() -> None:
    assert translate.wishes_text("<@42> metal for <@43>", 42) == "metal for <@43>"


def test_files_that_fit_all_come_along() -> None:
    fitted = translate.fit(post(("a.mid", 1), ("a.mp3", 10 * MIB), ("a.png", 10)), 10 * MIB)

    assert names(fitted) == ["a.mid", "a.mp3", "a.png"]
    assert fitted.left_out == ()


def test_a_file_beyond_the_limit_stays_at_home_and_the_rest_comes() -> None:
    fitted = translate.fit(post(("a.mid", 1), ("a.mp3", 10 * MIB + 1), ("a.png", 10)), 10 * MIB)

    assert names(fitted) == ["a.mid", "a.png"]
    assert [file.name for file in fitted.left_out] == ["a.mp3"]


def test_a_request_stays_within_25_mib_whatever_a_single_file_may_have() -> None:
    fitted = translate.fit(post(("a.mid", 1), ("a.mp3", 20 * MIB), ("a.png", 6 * MIB)), 100 * MIB)

    assert names(fitted) == ["a.mid", "a.png"]


def test_the_notes_are_never_left_out() -> None:
    assert names(translate.fit(post(("a.mid", 100), ("a.png", 200)), 10)) == ["a.mid"]


def test_long_texts_are_clamped() -> None:
    assert len(translate.clamp("x" * 5000)) == 2000
    assert translate.clamp("short") == "short"


def made(*sizes: int) -> MadeFiles:
    return MadeFiles("Iron Harvest", tuple(file_for(ExtraFile.MINUS_ONE, size) for size in sizes))


def test_more_files_than_a_message_takes_come_in_several() -> None:
    posts = files_posts(made(*[10] * 12), "all of them", 100, "en")
    assert [(post.content, len(post.files)) for post in posts] == [("all of them", 10), ("", 2)]


def test_more_bytes_than_a_request_takes_come_in_several_messages() -> None:
    posts = files_posts(made(8 * MIB, 8 * MIB, 8 * MIB, 8 * MIB), "all", 10 * MIB, "en")
    assert [len(post.files) for post in posts] == [3, 1]


def test_a_file_that_does_not_fit_is_named_in_the_first_message() -> None:
    (post,) = files_posts(made(10, 200), "some", 100, "en")
    assert ([len(file.content) for file in post.files], len(post.left_out)) == ([10], 1)
    (empty,) = files_posts(made(200), "none", 100, "en")
    assert (empty.files, len(empty.left_out), empty.without_largest()) == ((), 1, None)


def test_the_largest_file_is_left_out_first() -> None:
    (post,) = files_posts(made(10, 20), "some", 100, "en")
    smaller = post.without_largest()
    assert smaller is not None
    assert ([len(file.content) for file in smaller.files], len(smaller.left_out)) == ([10], 1)
