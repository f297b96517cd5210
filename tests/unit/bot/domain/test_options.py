"""From typed options and free text to requests."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.options import OPTIONS, SongWishes, build_request, wishes_from_options, wishes_from_text
from bot.domain.request import RequestId, SongRequest, draw_seed, request_id
from inference.api import SongBody
from inference.music.errors import InvalidSpec, MusicError, UnknownGenre
from inference.music.pitch import Key
from inference.music.program import Role
from inference.music.score import Meter
from inference.music.spec import MAX_SEED, Player, Space
from tests.fakes.songs import CATALOGUE, MEL, PLACE, request_for

METAL_WITH_ALL = SongWishes("metal", 32, Key.parse("Em"), 140.0, seed=7)


def read(text: str) -> SongWishes:
    return wishes_from_text(text, CATALOGUE)


def build(wishes: SongWishes) -> SongRequest:
    return build_request(wishes, id=RequestId("r1"), seed=1, place=PLACE, requester=MEL, catalogue=CATALOGUE)


def test_the_table_and_the_wishes_name_the_same_options() -> None:
    assert [option.name for option in OPTIONS] == [field.name for field in fields(SongWishes)]


def test_every_name_and_alias_is_used_once() -> None:
    words = [word for option in OPTIONS for word in (option.name, *option.aliases)]
    assert len(words) == len(set(words))


def test_help_fits_every_platform_and_says_the_range() -> None:
    for option in OPTIONS:
        assert "such as" in option.help
        assert len(option.help) <= 100
        assert option.maximum is None or f"{option.maximum:.10g}" in option.help


@pytest.mark.parametrize(
    "text",
    [
        "metal 140bpm Em 32 bars seed 7",
        "heavy metal tempo=140 key=Em bars=32 seed=7",
        "seed:7 32bars E minor 140 bpm death metal",
        "a metal song in e minor, 140 BPM, 32 bars, seed 7 please",
        "--bars 32 --seed=7 --key Em --tempo 140 metal",
        'genre="heavy metal" key:"E minor" tempo = 140 bars: 32 seed 7',
        "metal tempo 140 bpm key: Em length 32 seed 7",
        "style metal 140,0bpm Em 32 bars seed 7",
        "thrash Em Em heavy metal 140bpm 32 bars seed 7",
    ],
)
def test_the_same_wishes_in_any_wording(text: str) -> None:
    assert read(text) == METAL_WITH_ALL


@pytest.mark.parametrize("text", ["metal space embedding", "space=embedding metal", "--space embedding metal"])
def test_a_song_may_be_drawn_from_the_embedding_space(text: str) -> None:
    assert read(text).space is Space.EMBEDDING
    assert build(read(text)).sampling.space is Space.EMBEDDING
    assert build(read("metal")).sampling.space is Space.PROBABILITIES


@pytest.mark.parametrize("genre", CATALOGUE.genres, ids=lambda genre: genre.name)
def test_every_genre_is_understood_by_name_title_and_alias(genre: object) -> None:
    assert isinstance(genre, type(CATALOGUE.genres[0]))
    for word in (genre.name, genre.title, *genre.aliases):
        assert read(f"{word} 100bpm").genre == genre.name


@pytest.mark.parametrize(
    ("text", "key"),
    [("metal A", "A"), ("metal in a minor", "Am"), ("A metal song in F# major", "F#"), ("metal b♭ min", "Bbm")],
)
def test_a_key_is_told_from_an_article(text: str, key: str) -> None:
    assert read(text).key == Key.parse(key)


def test_an_article_is_no_key() -> None:
    assert read("A metal song").key is None
    assert read("play me a metal tune".removeprefix("play ")).key is None


@pytest.mark.parametrize(
    "text",
    ["metal 3/4", "metal in 3/4 time", "metal meter 3/4", "metal meter=3/4", "metal time: 3/4", "--meter 3/4 metal"],
)
def test_a_meter_is_read_in_any_wording(text: str) -> None:
    assert read(text) == SongWishes("metal", meter=Meter(3, 4))
    assert build(read(text)).spec.meter == Meter(3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "metal strict",
        "metal strict key",
        "metal strict_key",
        "--strict-key metal",
        "metal strict-key=yes",
        "metal strict: on",
    ],
)
def test_the_key_is_strict_in_any_wording(text: str) -> None:
    assert read(text) == SongWishes("metal", strict_key=True)
    assert build(read(text)).spec.strict_key


def test_a_strict_key_may_be_named_and_strictness_denied() -> None:
    assert read("metal strict key Em") == SongWishes("metal", key=Key.parse("Em"), strict_key=True)
    assert read("strict F# minor metal") == SongWishes("metal", key=Key.parse("F#m"), strict_key=True)
    assert read("metal strict_key=no") == SongWishes("metal", strict_key=False)
    assert not build(read("metal")).spec.strict_key


def test_switches_are_typed_or_written() -> None:
    typed = wishes_from_options({"genre": "metal", "strict_key": True, "meter": "6/8"})
    assert typed == wishes_from_options({"genre": "metal", "strict_key": "on", "meter": "6/8"})
    assert typed == SongWishes("metal", meter=Meter(6, 8), strict_key=True)


@pytest.mark.parametrize(
    ("text", "genres"),
    [
        ("metal+jazz 140bpm", (("metal", 0.5), ("jazz", 0.5))),
        ("thrash + jazz", (("metal", 0.5), ("jazz", 0.5))),
        ("metal:3+jazz:1", (("metal", 0.75), ("jazz", 0.25))),
        ("genre=metal+jazz", (("metal", 0.5), ("jazz", 0.5))),
        ("style metal+jazz", (("metal", 0.5), ("jazz", 0.5))),
    ],
)
def test_genres_are_blended_by_a_plus(text: str, genres: tuple[tuple[str, float], ...]) -> None:
    assert build(read(text)).spec.genres == genres


@pytest.mark.parametrize("text", ["metal+metl", "metal:x+jazz", "metal+jazz punk"])
def test_a_blend_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(MusicError):
        build(read(text))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("metal form AABA 32 bars", "AABA"),
        ("metal form:ABAB Em", "ABAB"),
        ("form verse chorus verse chorus metal", "ABAB"),
        ("metal form: verse, chorus, bridge, chorus Em", "ABCB"),
        ("metal form=verse chorus 16 bars", "AB"),
        ('metal form "verse chorus verse"', "ABA"),
        ("metal sections A A B A", "AABA"),
        ("metal form ABA A minor", "ABA"),
    ],
)
def test_a_form_is_letters_or_the_names_of_sections(text: str, form: str) -> None:
    assert read(text).form == form


def test_a_band_is_read_by_roles_and_programs() -> None:
    band = (Player.of(Role.DRUMS), Player(Role.BASS, 38), Player.of(Role.LEAD))
    assert read("metal band=drums,bass:38,lead").band == band
    assert wishes_from_options({"genre": "metal", "band": "drums + bass:38 lead"}).band == band


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "name a genre, such as metal"),
        ("32 bars", "name a genre, such as metal"),
        ("metal bananas", "I do not understand “bananas”; write it like: metal 140bpm Em 32 bars seed 7"),
        ("metal 140", "I do not understand “140”"),
        ("metal jazz", "say one genre, or blend them: metal+jazz"),
        ("metal form", "say which form, such as form AABA"),
        ("metal density", "say which density, such as density 6"),
        ("metal form=12", "a form is 1 to 16 letters"),
        ("metal 32 bars 16 bars", "bars is there twice, as 32 and 16"),
        ("metal volume=11", "there is no option “volume”"),
        ("metal 900bpm", "tempo must be between 40 and 260, not 900"),
        ("metal 3 bars", "bars must be between 4 and 64, not 3"),
        ("metal density 9", "density must be between 1 and 8, not 9"),
        ("metal bars=many", "bars must be a number, not “many”"),
        ("metal tempo=nan", "tempo must be a number"),
        ("metal tempo=1e999", "tempo must be a number"),
        ("metal seed 1.5", "seed must be a whole number, not 1.5"),
        ("metal seed=-1", "seed must be between 0 and"),
        ("metal key H", "“H” is not a key"),
        ("metal 5/4", "meter is one of 4/4, 3/4, 6/8, 2/4, 2/2, not “5/4”"),
        ("metal meter waltz", "meter is one of 4/4"),
        ("metal 3/4 4/4", "meter is there twice, as 3/4 and 4/4"),
        ("metal strict_key=maybe", "strict_key is yes or no, not “maybe”"),
        ("metal band=drums,kazoo", "“kazoo” is no player I know"),
        ("metal band=bass:200", "“200” is not a General MIDI program"),
    ],
)
def test_a_wish_that_cannot_be_met_gets_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        read(text)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "nearest"), [("metl", "metal"), ("jaz 100bpm", "jazz"), ("genre=hiphopp", "hip-hop")])
def test_an_unknown_genre_names_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(UnknownGenre) as caught:
        read(text)
    assert nearest in caught.value.nearest


def test_typed_options_leave_out_what_nobody_said() -> None:
    assert wishes_from_options({"genre": "metal", "bars": None, "key": " ", "seed": "12"}) == SongWishes(
        "metal", seed=12
    )


def test_typed_options_take_numbers_and_texts_alike() -> None:
    typed = {"genre": "metal", "bars": 32, "key": "Em", "tempo": 140.0, "seed": 7}
    texts = {name: str(value) for name, value in typed.items()}
    assert wishes_from_options(typed) == wishes_from_options(texts) == METAL_WITH_ALL


@pytest.mark.parametrize(
    "values",
    [{}, {"genre": ""}, {"genre": "metal", "colour": "red"}, {"genre": "metal", "bars": 12.5}, {"genre": None}],
)
def test_typed_options_that_cannot_be_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(InvalidSpec):
        wishes_from_options(values)


def test_a_request_takes_the_catalogues_name_and_the_seed_only_if_none_was_wished() -> None:
    request = build(SongWishes("Heavy Metal"))
    assert request.spec.genres == (("metal", 1.0),)
    assert request.sampling.seed == 1
    assert request.seed_drawn
    assert build(METAL_WITH_ALL).sampling.seed == 7
    assert not build(METAL_WITH_ALL).seed_drawn


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    sentence = "understood"
    try:
        build(read(text))
    except MusicError as error:
        sentence = str(error)
    assert 0 < len(sentence) < 400


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_every_request_id_is_one_the_wire_takes(parts: list[str]) -> None:
    made = request_id(*parts)
    assert made == request_id(*parts)
    assert SongBody(genre="metal", request_id=made).request_id == made


def test_an_id_the_wire_would_refuse_is_refused_here() -> None:
    with pytest.raises(ValueError, match="request_id"):
        request_for("1700000000.000100")


def test_drawn_seeds_are_seeds() -> None:
    assert all(0 <= draw_seed() <= MAX_SEED for _ in range(100))
