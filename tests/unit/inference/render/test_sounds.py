from pathlib import Path

import pytest

from inference.music.genre import load_catalogue
from inference.music.program import Role
from inference.render.errors import RenderFailed
from inference.render.sounds import DEFAULT_SOUNDS, load_sounds

GENRES = load_catalogue(DEFAULT_SOUNDS.parent / "genres.toml").names


def test_every_table_of_sounds_is_a_genre_of_the_catalogue() -> None:
    assert set(load_sounds().sounds) - {"default"} <= set(GENRES)


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_has_a_strip_for_every_role(genre: str) -> None:
    sound = load_sounds().of(genre)
    assert all(sound.strip(role).level > -20 for role in Role)


def test_a_genre_changes_only_what_it_names() -> None:
    sounds = load_sounds()
    assert sounds.of("metal").drums.room_db == sounds.of("default").drums.room_db
    assert sounds.of("metal").rhythm_amp != sounds.of("default").rhythm_amp


def test_a_genre_without_a_table_sounds_like_default() -> None:
    assert load_sounds().of("polka") == load_sounds().of("default")


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("room_s = 0.4", "room_s = 99", "room_s"),
        ("glue = 1.6", "glew = 1.6", "glew"),
        ('clean_amp = "clean"', 'clean_amp = "toaster"', "toaster"),
        ("[50, -40], [90, -8]", "[90, -40], [50, -8]", "crunch.tone"),
        ("[sounds.default]", "[sounds.base]", "default"),
        ("[amps.crunch]", "[amps.crunch", "sounds.toml"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    text = DEFAULT_SOUNDS.read_text(encoding="utf-8")
    assert old in text
    wrong = tmp_path / "sounds.toml"
    wrong.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RenderFailed, match=place):
        load_sounds(wrong)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match=r"gone\.toml"):
        load_sounds(tmp_path / "gone.toml")
