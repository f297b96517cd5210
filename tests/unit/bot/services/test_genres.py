"""Which genres a workspace plays."""

import pytest

from bot.domain.errors import NoGenreLeft
from bot.services.genres import GenreService
from inference.music.errors import UnknownGenre
from tests.fakes.songs import CATALOGUE
from tests.fakes.storage import FakeGenreSettings

HERE = ("discord", "guild-1")


@pytest.fixture
def service() -> GenreService:
    return GenreService(FakeGenreSettings(), CATALOGUE)


async def test_all_genres_are_enabled_at_first_in_the_catalogues_order(service: GenreService) -> None:
    assert await service.enabled_names(*HERE) == CATALOGUE.names
    assert [choice.genre for choice in await service.listing(*HERE)] == list(CATALOGUE.genres)


async def test_a_genre_is_switched_by_any_of_its_names(service: GenreService) -> None:
    assert (await service.disable(*HERE, "Heavy Metal")).name == "metal"
    assert "metal" not in await service.enabled_names(*HERE)
    assert [choice.enabled for choice in await service.listing(*HERE)].count(False) == 1
    assert (await service.enable(*HERE, "METAL")).name == "metal"
    assert await service.enabled_names(*HERE) == CATALOGUE.names


async def test_other_workspaces_keep_their_genres(service: GenreService) -> None:
    await service.disable(*HERE, "metal")
    assert "metal" in await service.enabled_names("discord", "guild-2")


async def test_the_last_genre_cannot_be_switched_off(service: GenreService) -> None:
    for name in CATALOGUE.names[1:]:
        await service.disable(*HERE, name)
    with pytest.raises(NoGenreLeft):
        await service.disable(*HERE, "metal")
    assert await service.enabled_names(*HERE) == ("metal",)


async def test_a_genre_that_is_off_already_may_be_switched_off_again(service: GenreService) -> None:
    for name in CATALOGUE.names[1:]:
        await service.disable(*HERE, name)
    assert (await service.disable(*HERE, "jazz")).name == "jazz"


async def test_an_unknown_genre_is_refused(service: GenreService) -> None:
    with pytest.raises(UnknownGenre):
        await service.enable(*HERE, "polka")
