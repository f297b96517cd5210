"""What a remix may change, in words and in the fields of a form."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.options import parse_band, wishes_from_text
from bot.domain.remix import MORE, REMIX_OPTIONS, remix_from_fields, remix_from_text, written_out
from bot.domain.request import Remix
from inference.music.errors import InvalidSpec, MusicError, UnknownGenre
from inference.music.pitch import Key
from tests.fakes.songs import CATALOGUE

JAZZ = (("jazz", 1.0),)
SLOW_JAZZ = Remix(JAZZ, 120.0, keep=("lead",))


def read(text: str) -> Remix:
    return remix_from_text(text, CATALOGUE)


@pytest.mark.parametrize(
    "text",
    [
        "jazz 120bpm keep lead",
        "to jazz at 120 bpm but keep the lead",
        "keep lead jazz tempo=120",
        "--keep lead --tempo 120 --genre jazz",
        "keep=lead, 120 bpm, jazz please",
        "as jazz keeping lead tempo: 120",
    ],
)
def test_the_same_remix_in_any_wording(text: str) -> None:
    assert read(text) == SLOW_JAZZ


@pytest.mark.parametrize(
    "text",
    ["keep drums, bass and lead", "keep drums,bass,lead", "keep: drums+bass lead", "keep=drums, bass, lead"],
)
def test_several_players_are_kept_in_any_wording(text: str) -> None:
    assert read(text) == Remix(keep=("drums", "bass", "lead"))
    assert read(f"{text} 90 bpm punk").tempo == 90


def test_all_that_a_remix_may_change_is_read() -> None:
    text = "jazz+latin Em strict key 120bpm density 6 band drums, bass:33, keys keep rhythm:2 strength 0.5 seed 7"
    assert read(text) == Remix(
        (("jazz", 0.5), ("latin", 0.5)),
        120.0,
        Key.parse("Em"),
        6,
        parse_band("drums,bass:33,keys"),
        True,
        ("rhythm:2",),
        0.5,
        7,
    )


def test_a_genre_of_several_words_needs_no_settings_and_settings_need_no_genre() -> None:
    assert read("hip hop") == read("into Hip-Hop") == Remix((("hip-hop", 1.0),))
    assert read("in F# minor") == Remix(key=Key.parse("F#m"))


@pytest.mark.parametrize("text", ["", "  ", "please", "a song"])
def test_a_remix_that_changes_nothing_is_asked_what_it_is_to_become(text: str) -> None:
    with pytest.raises(InvalidSpec, match="say which genre it is to become") as refusal:
        read(text)
    assert refusal.value.field == "remix"


@pytest.mark.parametrize(
    ("text", "kept"),
    [("jazz 16 bars", "length"), ("3/4", "meter"), ("form AABA jazz", "form"), ("jazz space embedding", "space")],
)
def test_what_stays_in_a_remix_is_said_with_what_may_change(text: str, kept: str) -> None:
    with pytest.raises(
        InvalidSpec, match=f"cannot change the {kept} of its song; it can change genre, tempo"
    ) as refusal:
        read(text)
    assert refusal.value.field == "remix_kept"


@pytest.mark.parametrize(
    ("text", "field", "sentence"),
    [
        ("jazz louder", "remix_text", "I do not understand “louder”; write it like: jazz 120bpm keep lead"),
        ("120bpm louder", "remix_text", "I do not understand “louder”; write it like: jazz 120bpm keep lead"),
        ("jazz volume=11", "volume", "there is no option “volume”; write it like: jazz 120bpm keep lead"),
        ("jazz punk", "genre", "say one genre, or blend them: jazz+punk"),
        ("jazz 900 bpm", "tempo", "tempo must be between 40 and 260, not 900"),
        ("keep trumpets", "keep", "“trumpets” is no player I know; there are drums, bass"),
        ("keep rhythm:two", "keep", "“rhythm:two” is no player I know"),
        ("jazz keep", "keep", "say whom to keep, such as keep drums,bass"),
        ("strength 2", "strength", "strength must be between 0.01 and 1, not 2"),
        ("band kazoo", "band", "“kazoo” is no player I know"),
    ],
)
def test_what_is_not_understood_is_one_sentence(text: str, field: str, sentence: str) -> None:
    with pytest.raises(InvalidSpec) as refusal:
        read(text)
    assert str(refusal.value).startswith(sentence)
    assert refusal.value.field == field


@pytest.mark.parametrize("text", ["polkka", "jaz 120bpm", "120bpm metall", "louder jaz 90bpm"])
def test_a_genre_that_there_is_not_is_answered_with_those_there_are(text: str) -> None:
    with pytest.raises(UnknownGenre) as unknown:
        read(text)
    assert unknown.value.nearest or unknown.value.known


def test_fields_of_a_form_are_the_words_of_a_line() -> None:
    fields: dict[str, object] = {"genre": "jazz", "tempo": "120", "key": " ", "keep": "lead", MORE: None}
    assert remix_from_fields(fields, CATALOGUE) == SLOW_JAZZ
    assert remix_from_fields({"genre": "jazz", MORE: "120bpm keep lead"}, CATALOGUE) == SLOW_JAZZ


def test_what_a_field_and_the_line_both_say_is_said_twice() -> None:
    with pytest.raises(InvalidSpec, match="tempo is there twice, as 120 and 130") as refusal:
        remix_from_fields({"tempo": "120", MORE: "130 bpm"}, CATALOGUE)
    assert refusal.value.field == "tempo"


def test_the_band_of_a_new_song_may_be_a_list_with_spaces_as_well() -> None:
    band = wishes_from_text("metal band drums, bass:38 and lead 140bpm", CATALOGUE).band
    assert band == parse_band("drums,bass:38,lead")


def test_help_fits_every_platform() -> None:
    assert all("such as" in option.help and len(option.help) <= 100 for option in REMIX_OPTIONS)


@given(st.text(max_size=60))
def test_any_text_is_a_remix_or_one_sentence(text: str) -> None:
    with contextlib.suppress(MusicError):  # the sentence for whoever wrote it
        assert read(text) != Remix()


def test_fields_written_out_in_a_line_say_the_same() -> None:
    fields = {
        "genre": "funk & soul",
        "tempo": "96,5",
        "key": "E minor",
        "keep": "drums,lead",
        MORE: "density 6 strict key",
    }
    assert read(written_out(fields)) == remix_from_fields(fields, CATALOGUE)
    assert written_out({"genre": "", MORE: None}) == ""
