"""The shipped catalogue, and how it completes what was left open."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.music.edit import Edit, Operation
from inference.music.errors import InvalidSpec, UnknownGenre
from inference.music.genre import load_catalogue
from inference.music.pitch import Key, Mode
from inference.music.program import Role
from inference.music.spec import SamplingParams, SongSpec, Space
from inference.music.touch import Touch

HOUSE = Path(__file__).parents[4]
CATALOGUE = load_catalogue(HOUSE / "configs" / "genres.toml")
SEEDS = st.integers(0, 2**32 - 1)


def test_the_catalogue_has_at_least_twelve_genres_and_metal_first() -> None:
    assert len(CATALOGUE.genres) >= 12
    assert CATALOGUE.names[0] == "metal"


def test_metal_is_played_by_drums_bass_and_two_guitars() -> None:
    roles = [player.role for player in CATALOGUE.find("metal").roster]
    assert roles == [Role.DRUMS, Role.BASS, Role.RHYTHM, Role.LEAD]


@pytest.mark.parametrize("text", ["metal", "Heavy Metal", "heavy-metal", "THRASH"])
def test_a_genre_is_found_by_any_spelling_of_its_names(text: str) -> None:
    assert CATALOGUE.find(text).name == "metal"


def test_no_two_genres_share_a_name_or_alias() -> None:
    names = [name.casefold() for genre in CATALOGUE.genres for name in (genre.name, *genre.aliases)]
    assert len(names) == len(set(names))


def test_an_unknown_genre_names_the_nearest() -> None:
    with pytest.raises(UnknownGenre, match="did you mean") as refusal:
        CATALOGUE.find("mettal")
    assert "metal" in refusal.value.nearest


@pytest.mark.parametrize("text", ["hello", "qqqqq", "what is this"])
def test_a_genre_like_no_other_is_answered_with_all_there_are(text: str) -> None:
    with pytest.raises(UnknownGenre, match=f"I play {', '.join(CATALOGUE.names)}") as refusal:
        CATALOGUE.find(text)
    assert not refusal.value.nearest


@given(st.sampled_from(CATALOGUE.names), SEEDS)
def test_a_completed_spec_leaves_nothing_but_the_title_open_and_keeps_to_the_genre(name: str, seed: int) -> None:
    genre = CATALOGUE.find(name)
    spec = CATALOGUE.complete(SongSpec(((name, 1.0),)), seed)
    assert spec == CATALOGUE.complete(SongSpec(((name, 1.0),)), seed)
    assert None not in (spec.bars, spec.key, spec.tempo, spec.meter, spec.roster, spec.density)
    assert spec.key in genre.keys
    assert spec.tempo is not None
    assert genre.tempo_range[0] <= spec.tempo <= genre.tempo_range[1]


@given(SEEDS)
def test_what_was_asked_for_is_never_replaced(seed: int) -> None:
    asked = SongSpec((("metal", 1.0),), bars=16, key=Key(3, Mode.MAJOR), tempo=99.5, density=2)
    spec = CATALOGUE.complete(asked, seed)
    assert (spec.bars, spec.key, spec.tempo, spec.density) == (16, Key(3, Mode.MAJOR), 99.5, 2)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [("bars", 3, "between 4 and 64"), ("tempo", 300.0, "between 40 and 260"), ("density", 0, "between 1 and 8")],
)
def test_a_value_out_of_range_is_refused_with_the_range(field: str, value: float, words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        replace(SongSpec((("metal", 1.0),)), **{field: value})


def test_a_band_makes_up_its_mind_on_a_form_where_nobody_asked_for_one() -> None:
    spec = CATALOGUE.complete(SongSpec((("metal", 1.0),), bars=64), 3)
    led = CATALOGUE.led(spec, SamplingParams(3))
    assert led.form is not None
    assert len(led.form) == 8
    assert led == CATALOGUE.led(spec, SamplingParams(3))
    assert len({CATALOGUE.led(spec, SamplingParams(seed)).form for seed in range(20)}) > 10


def test_a_form_that_was_asked_for_is_held_to_and_none_is_drawn_beside_it() -> None:
    spec = CATALOGUE.complete(SongSpec((("metal", 1.0),), form="AABA"), 3)
    led = CATALOGUE.led(spec, SamplingParams(3))
    assert led.form is None
    assert led.touch == CATALOGUE.find("metal").touch.in_form()


def test_songs_that_have_a_form_of_their_own_and_those_played_again_are_given_none() -> None:
    spec = CATALOGUE.complete(SongSpec((("metal", 1.0),)), 3)
    assert CATALOGUE.led(spec, SamplingParams(3, space=Space.EMBEDDING)).form is None
    again = SamplingParams(3, touch=Touch(kick=1.0))
    assert CATALOGUE.led(spec, again) == again


def test_an_edit_takes_no_form() -> None:
    with pytest.raises(InvalidSpec, match="keeps the form of its song"):
        SongSpec((), form="AABA", edit=Edit(Operation.EXTEND, "source"))


def test_the_genre_that_the_guide_to_own_songs_adds_can_be_played(tmp_path: Path) -> None:
    _, _, rest = (HOUSE / "docs" / "own-songs.md").read_text("utf-8").partition("```toml\n")
    (tmp_path / "genres.toml").write_text(rest.partition("```")[0], "utf-8")
    march = load_catalogue(tmp_path / "genres.toml").find("March")
    assert march.roster[0].role is Role.DRUMS
    assert march.aliases == ()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('title = "Ska"', r"^\[ska\] has no tempo$"),
        ('tempos = "fast"', r"^\[ska\] has tempos, which no genre has$"),
        ("tempo = 120", r"^\[ska\]: .*int"),
        (
            'tempo = [100, 120]\ndensity = [3, 5]\ntitle = ""\ndescription = ""\nband = ["kazoo"]',
            r"^\[ska\]: 'kazoo' is not",
        ),
    ],
)
def test_what_is_wrong_with_a_genre_is_said_with_its_name(line: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "genres.toml").write_text(f"[ska]\n{line}\n", "utf-8")
    with pytest.raises(ValueError, match=sentence):
        load_catalogue(tmp_path / "genres.toml")


def test_a_line_before_the_first_genre_is_named(tmp_path: Path) -> None:
    (tmp_path / "genres.toml").write_text('title = "Ska"\n', "utf-8")
    with pytest.raises(ValueError, match="title stands outside of the table of a genre"):
        load_catalogue(tmp_path / "genres.toml")
