"""Titles that the band makes up."""

import re
from pathlib import Path

import pytest

from inference.music.genre import load_catalogue
from inference.music.title import make_title

GENRES = load_catalogue(Path("configs/genres.toml")).names


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_of_the_catalogue_has_thousands_of_titles_of_its_own(genre: str) -> None:
    titles = {make_title(genre, seed) for seed in range(4000)}
    elsewhere = {make_title("a genre nobody knows", seed) for seed in range(4000)}

    assert len(titles) > 1200
    assert len(titles & elsewhere) < 100


@pytest.mark.parametrize("genre", [*GENRES, "a genre nobody knows"])
def test_titles_are_one_short_line(genre: str) -> None:
    for seed in range(1000):
        title = make_title(genre, seed)
        assert 3 <= len(title) <= 60
        assert title == " ".join(title.split())
        assert "{" not in title


def test_the_same_seed_gives_the_same_title() -> None:
    assert make_title("metal", 7) == make_title("metal", 7)
    assert make_title("metal", 7) != make_title("metal", 8)


@pytest.mark.parametrize("genre", ["jazz", "alternative"])
def test_an_article_goes_with_the_word_after_it(genre: str) -> None:
    titles = [make_title(genre, seed) for seed in range(4000)]
    assert not any(re.search(r"\ba [AEIOU]", title, re.IGNORECASE) for title in titles)
    assert any(" an " in title for title in titles)


@pytest.mark.parametrize(
    ("genre", "plurals"), [("metal", {"Wolves", "Gallows"}), ("hip-hop", {"Boomboxes", "Sneakers"})]
)
def test_several_of_a_thing_are_spelt_as_people_spell_them(genre: str, plurals: set[str]) -> None:
    titles = [make_title(genre, seed) for seed in range(6000)]
    assert not any(re.search(r"xs\b|lfs\b|(ow|er|t)ss\b", title) for title in titles)
    assert all(any(plural in title for title in titles) for plural in plurals)
