"""What a chat adapter is given, and what it must be."""

from dataclasses import dataclass
from typing import Protocol

from bot.domain.request import SongRequest
from bot.ports import Answers, Heard, Installations, Messenger, Reply
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.files import FilesService
from bot.services.genres import GenreService
from bot.services.privacy import PrivacyService
from inference.music.genre import GenreCatalogue


@dataclass(frozen=True, slots=True)
class Band:
    """Everything people can ask of the band."""

    compose: ComposeService
    files: FilesService
    genres: GenreService
    daily: DailyService
    catalogue: GenreCatalogue
    answers: Answers
    heard: Heard
    privacy: PrivacyService
    installations: Installations


class ChatAdapter(Protocol):
    """One platform people talk to the band on."""

    @property
    def platform(self) -> str:
        """The name in every `Place` of this platform."""

    @property
    def messenger(self) -> Messenger: ...

    async def run(self) -> None:
        """Serves the platform until cancelled."""

    def is_connected(self) -> bool: ...

    def reply_for(self, request: SongRequest) -> Reply | None:
        """A reply by plain message, for a request whose interaction is gone; None where that is impossible."""
