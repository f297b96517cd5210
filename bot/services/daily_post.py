"""One day's song of a schedule: what is asked for, how it reaches the channel, and what happens when it does not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import Busy, DeliveryFailed, LnhError, PlaceGone, Refused
from bot.domain.request import SongRequest
from bot.domain.song import Progress, Song
from bot.ports import Claims, Clock, Messenger, Schedules, UserError, Words
from bot.services.compose import ComposeService
from bot.services.daily_song import DailySongs, daily_request_id
from bot.services.genres import GenreService
from inference.music.errors import MusicError

_logger = structlog.get_logger(__name__)
_FIRST_RETRY = timedelta(minutes=1)
_LONGEST_RETRY = timedelta(minutes=20)
_WORTH_A_NOTE = timedelta(minutes=5)


class _ClaimLost(Exception):
    """Another process has taken over."""


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

    @property
    def songs(self) -> DailySongs:
        """Where a day's song comes from."""
        return DailySongs(self.compose, self.genres)

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
        except _ClaimLost:
            _logger.warning("this process slept, and another one took its daily song over", schedule=schedule.id)
            return self.clock.now() + _FIRST_RETRY
        except (LnhError, MusicError) as error:
            return await self._after_failure(schedule, error)
        except Exception:
            _logger.exception("daily song failed unexpectedly", schedule=schedule.id)
            return await self._after_failure(schedule, LnhError(id=schedule.id))
        return (await self._settle(schedule)).next_run_utc

    async def leave_out(self, schedule: DailySchedule) -> DailySchedule:
        """Settles a claimed day without its song; the schedule with its next run."""
        await self.compose.songs.finish(daily_request_id(schedule), None)
        return await self._settle(schedule)

    async def forget(self, schedule: DailySchedule) -> None:
        """Gives up what a schedule that ends still owes; a song that is on its way this very moment arrives."""
        self._failures.pop(schedule.id, None)
        await self.compose.songs.finish(daily_request_id(schedule), None)

    async def _post(self, schedule: DailySchedule) -> None:
        """Raises LnhError or MusicError; PlaceGone for good; _ClaimLost before anything is posted."""
        messenger = self.messengers.get(schedule.place.platform)
        if messenger is None:
            raise DeliveryFailed(reason="not connected")
        request = await self.songs.request(schedule)
        if await self.compose.accept(request):
            song = await self.songs.write(schedule)
            if not await self.claims.claim(schedule.id, schedule.day):
                raise _ClaimLost
            await self.compose.deliver(request.id, song, _DailyReply(messenger, request, partial(self._note, schedule)))

    async def _after_failure(self, schedule: DailySchedule, error: UserError) -> datetime:
        """Retries inside the window what may pass by itself, less often the later it is."""
        self._failures[schedule.id] = error
        late = self._lateness(schedule)
        if is_lasting(error) or late + _FIRST_RETRY > self.window:
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
        return (await self.leave_out(schedule)).next_run_utc

    async def _pause(self, schedule: DailySchedule, error: PlaceGone) -> None:
        reason = self.words.sentence(error, schedule.set_by.locale)
        await self._tell_admin(schedule, "daily_paused", reason)
        await self.leave_out(schedule)
        await self.schedules.pause(schedule.id, reason)

    async def _settle(self, schedule: DailySchedule) -> DailySchedule:
        """The day is dealt with; the schedule with its next run."""
        self._failures.pop(schedule.id, None)
        due = schedule.run_after(max(self.clock.now(), schedule.next_run_utc))
        await self.claims.settle(schedule.id, schedule.day, due)
        return schedule.after(due)

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


def is_lasting(error: UserError) -> bool:
    """Whether trying again within hours cannot help."""
    return isinstance(error, MusicError | Refused) and not isinstance(error, Busy)


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
