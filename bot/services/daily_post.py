"""One day's song of a schedule: what is asked for, how it reaches the channel, and what happens when it does not."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import Busy, DeliveryFailed, GenreDisabled, LnhError, PlaceGone, Refused
from bot.domain.options import SongWishes, build_request
from bot.domain.request import Priority, RequestId, SongRequest, request_id
from bot.domain.song import Progress, Song
from bot.ports import Claims, Clock, Messenger, Schedules, UserError, Words
from bot.services.compose import ComposeService
from bot.services.genres import GenreService
from inference.music.errors import MusicError
from inference.music.genre import GenreCatalogue
from inference.music.spec import MAX_SEED

_logger = structlog.get_logger(__name__)
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(minutes=20)
_WORTH_A_NOTE = timedelta(minutes=5)


@dataclass(frozen=True)
class DailyPoster:
    """Posts the claimed song of a day, or decides to retry, skip or pause; the admin hears of the last two.

    Args:
        schedules: where a pause is stored.
        claims: where a day is settled.
        compose: makes and delivers songs.
        genres: what a workspace plays.
        clock: how late it is.
        words: sentences for admins and notes (bot.messages).
        messengers: by platform; the composition root fills it once the adapters exist.
        window: how late a song may still be posted.
    """

    schedules: Schedules
    claims: Claims
    compose: ComposeService
    genres: GenreService
    clock: Clock
    words: Words
    messengers: Mapping[str, Messenger]
    window: timedelta = timedelta(hours=2)
    _failures: dict[ScheduleId, UserError] = field(default_factory=dict, init=False, repr=False)

    async def attempt(self, schedule: DailySchedule) -> datetime | None:
        """Works on the day that is due.

        Returns:
            When to run again, a retry if the day is not settled yet; None when the schedule was paused.
        """
        if self._lateness(schedule) > self.window:
            return await self._skip(schedule)
        try:
            await self._post(schedule)
        except PlaceGone as error:
            await self._pause(schedule, error)
            return None
        except (LnhError, MusicError) as error:
            return await self._after_failure(schedule, error)
        except Exception:
            _logger.exception("daily song failed unexpectedly", schedule=schedule.id)
            return await self._after_failure(schedule, LnhError(id=schedule.id))
        return await self._settle(schedule)

    async def forget(self, schedule: DailySchedule) -> None:
        """Gives up what a schedule that ends still owes; a song that is on its way this very moment arrives."""
        self._failures.pop(schedule.id, None)
        await self.compose.songs.finish(daily_request_id(schedule), None)

    async def _post(self, schedule: DailySchedule) -> None:
        """Raises LnhError or MusicError; PlaceGone for good."""
        place = schedule.place
        messenger = self.messengers.get(place.platform)
        if messenger is None:
            raise DeliveryFailed(reason="not connected")
        enabled = await self.genres.enabled_names(place.platform, place.workspace)
        request = daily_request(schedule, enabled, self.compose.catalogue)
        if await self.compose.accept(request):
            await self.compose.perform(request, _DailyReply(messenger, request, partial(self._note, schedule)))

    async def _after_failure(self, schedule: DailySchedule, error: UserError) -> datetime:
        """Retries inside the window what may pass by itself, less often the later it is."""
        self._failures[schedule.id] = error
        late = self._lateness(schedule)
        lasting = isinstance(error, MusicError | Refused) and not isinstance(error, Busy)
        if lasting or late + _FIRST_RETRY > self.window:
            return await self._skip(schedule)
        pause = min(max(_FIRST_RETRY, late / 2), _LONGEST_RETRY, self.window - late)
        _logger.info(
            "daily song is tried again", schedule=schedule.id, reason=repr(error), pause_s=pause.total_seconds()
        )
        return self.clock.now() + pause

    async def _skip(self, schedule: DailySchedule) -> datetime:
        locale = schedule.set_by.locale
        failure = self._failures.get(schedule.id)
        reason = self.words.say("daily_asleep", locale) if failure is None else self.words.sentence(failure, locale)
        await self._tell_admin(schedule, "daily_skipped", reason)
        await self.compose.songs.finish(daily_request_id(schedule), None)
        return await self._settle(schedule)

    async def _pause(self, schedule: DailySchedule, error: PlaceGone) -> None:
        reason = self.words.sentence(error, schedule.set_by.locale)
        await self._tell_admin(schedule, "daily_paused", reason)
        await self.compose.songs.finish(daily_request_id(schedule), None)
        due = await self._settle(schedule)
        await self.schedules.save(replace(schedule, paused=reason, next_run_utc=due))

    async def _settle(self, schedule: DailySchedule) -> datetime:
        self._failures.pop(schedule.id, None)
        due = schedule.run_after(max(self.clock.now(), schedule.next_run_utc))
        await self.claims.settle(schedule.id, schedule.day, due)
        return due

    async def _tell_admin(self, schedule: DailySchedule, code: str, reason: str) -> None:
        sentence = self.words.say(code, schedule.set_by.locale, day=schedule.day.isoformat(), reason=reason)
        messenger = self.messengers.get(schedule.place.platform)
        _logger.warning("daily song not posted", schedule=schedule.id, sentence=sentence)
        try:
            if messenger is not None:
                await messenger.tell(schedule.set_by, schedule.place, sentence)
        except Exception:
            _logger.exception("admin not told", schedule=schedule.id)

    def _lateness(self, schedule: DailySchedule) -> timedelta:
        return self.clock.now() - schedule.next_run_utc

    def _note(self, schedule: DailySchedule) -> str:
        """Why there is a song that nobody just asked for."""
        code = "daily_on_time" if self._lateness(schedule) < _WORTH_A_NOTE else "daily_late"
        return self.words.say(code, schedule.set_by.locale, at=f"{schedule.at:%H:%M}")


def daily_request_id(schedule: DailySchedule) -> RequestId:
    """The same for every attempt of a day."""
    return request_id("daily", schedule.id, schedule.day.isoformat())


def daily_request(schedule: DailySchedule, enabled: tuple[str, ...], catalogue: GenreCatalogue) -> SongRequest:
    """The request of the day that is due; a day always asks for the same song, so that a crash changes nothing.

    Raises:
        GenreDisabled: none of the schedule's genres is enabled any more.
    """
    rng = random.Random(f"{schedule.id}:{schedule.day}")
    wanted = [name for name in schedule.genres if name in enabled]
    if schedule.genres and not wanted:
        raise GenreDisabled(genre=", ".join(schedule.genres), enabled=", ".join(enabled))
    genre = wanted[schedule.turn % len(wanted)] if wanted else rng.choice(enabled)
    request = build_request(
        SongWishes(genre),
        id=daily_request_id(schedule),
        seed=rng.randint(0, MAX_SEED),
        place=schedule.place,
        requester=schedule.set_by,
        catalogue=catalogue,
    )
    return replace(request, priority=Priority.SCHEDULED)


@dataclass(frozen=True, slots=True)
class _DailyReply:
    """Delivers through a messenger; nobody waits, so progress and errors are for the poster to judge."""

    messenger: Messenger
    request: SongRequest
    note: Callable[[], str]

    async def progress(self, progress: Progress) -> None:
        """Nobody watches."""

    async def preview(self, song: Song) -> None:
        """A song that nobody waits for is posted when it is done."""

    async def song(self, song: Song) -> None:
        """Posts with the request's id as nonce. Raises DeliveryFailed, PlaceGone."""
        await self.messenger.post_song(self.request.place, song, self.note(), self.request.id)

    async def error(self, error: UserError) -> None:
        raise error
