"""Which genres a workspace plays, and who may change that is the platform's own permission."""

from dataclasses import dataclass

from bot.domain.errors import NoGenreLeft
from bot.ports import GenreSettings
from inference.music.genre import Genre, GenreCatalogue


@dataclass(frozen=True, slots=True)
class GenreChoice:
    """A genre and whether the workspace plays it."""

    genre: Genre
    enabled: bool


class GenreService:
    """Lists and switches the genres of one workspace (a guild or team) of a platform."""

    def __init__(self, settings: GenreSettings, catalogue: GenreCatalogue) -> None:
        self._settings = settings
        self._catalogue = catalogue

    async def listing(self, platform: str, workspace: str) -> tuple[GenreChoice, ...]:
        """Every genre of the catalogue, in its order; new ones are enabled until somebody says otherwise."""
        disabled = await self._settings.disabled(platform, workspace)
        return tuple(GenreChoice(genre, genre.name not in disabled) for genre in self._catalogue.genres)

    async def enabled_names(self, platform: str, workspace: str) -> tuple[str, ...]:
        return tuple(choice.genre.name for choice in await self.listing(platform, workspace) if choice.enabled)

    async def enable(self, platform: str, workspace: str, text: str) -> Genre:
        """Switches a genre on, by name or alias. Raises UnknownGenre."""
        genre = self._catalogue.find(text)
        await self._settings.set_enabled(platform, workspace, genre.name, enabled=True)
        return genre

    async def disable(self, platform: str, workspace: str, text: str) -> Genre:
        """Switches a genre off, by name or alias.

        Raises:
            UnknownGenre: with the nearest names.
            NoGenreLeft: it is the last one enabled.
        """
        genre = self._catalogue.find(text)
        if set(await self.enabled_names(platform, workspace)) <= {genre.name}:
            raise NoGenreLeft(genre=genre.name)
        await self._settings.set_enabled(platform, workspace, genre.name, enabled=False)
        return genre
