"""Interfaces to the outside world (ports); adapters implement them, tests fake them."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import LnhError
from bot.domain.files import MadeFiles
from bot.domain.privacy import Kept, Owner
from bot.domain.request import Place, Requester, RequestId, SongRequest
from bot.domain.song import Delivered, Preview, Progress, Song
from inference.music.errors import MusicError

UserError = LnhError | MusicError


class Composer(Protocol):
    """Composes songs; `adapters.composer` implements it over HTTP."""

    def compose(self, request: SongRequest) -> AsyncGenerator[Progress | Preview | Song, None]:
        """Yields progress, perhaps a preview if the request wants one, then the song as the last item.

        Raises: Busy, ComposerUnavailable, ComposerFailed, MusicError. Closing the iterator cancels the song.
        """

    async def files(self, request: SongRequest) -> MadeFiles:
        """Makes `request.files` of the song of that id; one that is forgotten is first written again.

        Raises: Busy, ComposerUnavailable, ComposerFailed, MusicError.
        """

    async def cancel(self, id: RequestId) -> None:
        """Stops a song; unknown ids are ignored."""

    async def is_ready(self) -> bool: ...


class Reply(Protocol):
    """The answers to one request on a platform. A progress message that was deleted is no error."""

    async def progress(self, progress: Progress) -> None:
        """Shows how far the song is; the adapter throttles this to its platform's rate limit."""

    async def preview(self, song: Song) -> None:
        """Posts a song whose recording is a quick mix, if that is possible here; `song` replaces it. Never raises."""

    async def song(self, song: Song) -> None:
        """Posts the song, in place of its preview. Raises DeliveryFailed."""

    async def error(self, error: UserError) -> None:
        """Tells the requester in one sentence."""


class FilesReply(Protocol):
    """The answers to a request for more files of a song."""

    async def files(self, made: MadeFiles) -> None:
        """Posts the files, and says which could not be made or not be posted here. Raises DeliveryFailed."""

    async def error(self, error: UserError) -> None:
        """Tells the requester in one sentence."""


class Messenger(Protocol):
    """Posts without being asked, for the daily song; one per platform."""

    async def post_song(self, place: Place, song: Song, note: str | None, nonce: str) -> None:
        """Posts into a channel; the same `nonce` within minutes posts once. Raises DeliveryFailed, PlaceGone."""

    async def tell(self, person: Requester, place: Place, sentence: str) -> None:
        """Tells an admin privately, or in the channel where that is impossible."""


class Songs(Protocol):
    """Requests accepted and songs delivered."""

    async def accept(self, request: SongRequest) -> bool:
        """Makes a request the caller's to work on, stored as pending: a new one, or one that a process left behind.

        False if it was delivered or given up, or if another process that lives works on it (a repeated click).
        """

    async def finish(self, id: RequestId, song: Song | None) -> None:
        """Marks it delivered (with the song's title and recipe) or, with None, given up; unknown ids are ignored."""

    async def request(self, id: RequestId) -> SongRequest:
        """The request of a song. Raises NotFound."""

    async def delivered(self, id: RequestId) -> Delivered:
        """What is kept of a song that was delivered. Raises NotFound."""

    async def pending(self) -> list[SongRequest]:
        """Accepted, neither delivered nor given up, and nobody who lives works on it: what a crash left behind."""


class Answers(Protocol):
    """Which message on its platform answers a request, so that a bot that crashed finds it again."""

    async def note(self, id: RequestId, message: str) -> None:
        """Stores what the adapter needs to find the message, at most 64 characters; replaces an earlier note."""

    async def noted(self, id: RequestId) -> str | None:
        """The last note; None when there is none."""


class Schedules(Protocol):
    """The daily songs: which there are and when each is due next."""

    async def save(self, schedule: DailySchedule) -> None:
        """Adds it, or replaces the one of the same id. One schedule a place: an older one of the place goes."""

    async def remove(self, place: Place) -> bool:
        """Removes the place's schedule; False if it had none."""

    async def get(self, id: ScheduleId) -> DailySchedule:
        """Raises NotFound."""

    async def pause(self, id: ScheduleId, reason: str) -> bool:
        """Posts nothing of it until it is set again; False if it was removed meanwhile, as it then stays."""

    async def redraw(self, schedule: DailySchedule) -> bool:
        """Counts `redrawn` up by one; False if the song that is next is another one already, or its day is claimed."""

    async def list(self, platform: str | None = None, workspace: str | None = None) -> list[DailySchedule]:
        """Those of a workspace, of a platform or all, in the order of their next run."""


class Claims(Protocol):
    """Who posts a day's song, so that nobody else does."""

    async def claim(self, id: ScheduleId, day: date) -> bool:
        """Takes the right to post on that local date, or keeps it: True for one living process, until it is settled."""

    async def settle(self, id: ScheduleId, day: date, next_run_utc: datetime) -> None:
        """The claimed day is dealt with, posted or skipped; at one stroke the schedule is `after` it."""


class Heard(Protocol):
    """Which platform events were seen, since some are delivered twice or to several processes."""

    async def is_first(self, id: RequestId) -> bool:
        """True for the first caller among all processes; remembered for days."""


class Installations(Protocol):
    """Where somebody installed the band by a click, and the tokens it was given there: a text that never is logged."""

    async def save(self, platform: str, workspace: str, tokens: str) -> None:
        """Keeps the tokens of a workspace, in place of earlier ones."""

    async def change(self, platform: str, workspace: str, tokens: str) -> bool:
        """Puts tokens in place of those that are kept; False, and nothing is kept, where there are none any more."""

    async def find(self, platform: str, workspace: str) -> str | None:
        """The tokens of a workspace; None where the band is not installed. Raises TokensLocked."""

    async def remove(self, platform: str, workspace: str) -> bool:
        """Forgets the tokens; False if there were none."""

    def alone(self, platform: str, workspace: str) -> AbstractAsyncContextManager[None]:
        """For one at a time, among all processes, while it looks at an installation and changes it; waits for that."""

    async def issue(self, lasting: timedelta) -> str:
        """A word that nobody can guess, of at most 64 characters, for a click that is under way."""

    async def consume(self, word: str) -> bool:
        """Whether the word was issued and is good still; it is not any more."""


class Records(Protocol):
    """Everything stored of a person or a workspace."""

    async def kept(self, owner: Owner) -> Kept:
        """How much there is."""

    async def export(self, owner: Owner) -> dict[str, Any]:
        """All of it, ready for JSON; of the notes of songs only their size, since recipes bring them back."""

    async def forget(self, owner: Owner) -> Kept:
        """Removes all of it at one stroke; how much there was."""


class Words(Protocol):
    """The sentences people read, by code and locale (bot.messages)."""

    def say(self, code: str, locale: str, **params: object) -> str: ...

    def sentence(self, error: UserError, locale: str) -> str: ...


class GenreSettings(Protocol):
    """Which genres each workspace has switched off."""

    async def disabled(self, platform: str, workspace: str) -> frozenset[str]: ...

    async def set_enabled(self, platform: str, workspace: str, genre: str, *, enabled: bool) -> None: ...


class Clock(Protocol):
    """The current time, and calls at later instants."""

    def now(self) -> datetime:
        """The current time, timezone-aware, in UTC."""

    def call_at(self, key: str, instant_utc: datetime, action: Callable[[], Awaitable[None]]) -> None:
        """Runs `action` once at the instant, or at once if it is past; the same key replaces the earlier call."""

    def cancel(self, key: str) -> None:
        """Forgets the call; unknown keys are ignored."""
