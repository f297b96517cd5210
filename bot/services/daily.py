"""Daily songs: set up, posted exactly once a day, or the admin hears why not.

The truth is in storage: a schedule's `next_run_utc` stays until that day's song is posted or skipped, and a claim on
(schedule, day) says that somebody works on it. The clock only rings; a restart arms the same instants again.
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

import structlog

from bot.domain.daily import DailySchedule, ScheduleId, next_run, parse_zone
from bot.domain.daily_text import DailyWish
from bot.domain.errors import GenreDisabled, NotFound
from bot.domain.request import Place, Requester
from bot.ports import Claims, Clock, Schedules
from bot.services.daily_post import DailyPoster
from bot.services.genres import GenreService
from inference.music.genre import GenreCatalogue

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DailyService:
    """Daily songs of all channels; one process at a time runs this.

    Args:
        schedules: what is due.
        claims: who works on it.
        clock: rings at due instants and for retries.
        genres: what a workspace plays.
        catalogue: what the band knows.
        poster: does a day's work.
    """

    schedules: Schedules
    claims: Claims
    clock: Clock
    genres: GenreService
    catalogue: GenreCatalogue
    poster: DailyPoster
    _mine: set[tuple[ScheduleId, date]] = field(default_factory=set, init=False, repr=False)

    async def set(self, place: Place, wish: DailyWish, set_by: Requester) -> DailySchedule:
        """Gives a channel its daily song, in place of the one it had. Its genres may be names or aliases.

        Raises:
            InvalidSpec: the zone is none; the sentence names an example.
            UnknownGenre, GenreDisabled: a genre that cannot be played there.
        """
        zone = parse_zone(wish.zone)
        names = tuple(dict.fromkeys(self.catalogue.find(name).name for name in wish.genres))
        enabled = await self.genres.enabled_names(place.platform, place.workspace)
        for name in names:
            if name not in enabled:
                raise GenreDisabled(genre=name, enabled=", ".join(enabled))
        channel = replace(place, thread=None)
        await self.remove(channel)
        due = next_run(self.clock.now(), wish.at, zone, wish.days)
        new_id = ScheduleId(uuid.uuid4().hex)
        schedule = DailySchedule(new_id, channel, wish.at, zone, names, set_by, due, days=wish.days)
        await self.schedules.save(schedule)
        self._ring(new_id, due)
        return schedule

    async def remove(self, place: Place) -> bool:
        """Ends a channel's daily song; False if it had none."""
        for schedule in await self.schedules.list(place.platform, place.workspace):
            if schedule.place.channel == place.channel:
                self.clock.cancel(_key(schedule.id))
                await self.poster.forget(schedule)
        return await self.schedules.remove(replace(place, thread=None))

    async def list(self, platform: str, workspace: str) -> tuple[DailySchedule, ...]:
        """The daily songs of a workspace, next one first."""
        return tuple(await self.schedules.list(platform, workspace))

    async def start(self) -> None:
        """Arms every stored schedule; what came due or was left half done meanwhile runs at once."""
        self._mine.update(await self.claims.unsettled())
        for schedule in await self.schedules.list():
            if schedule.paused is None:
                self._ring(schedule.id, schedule.next_run_utc)

    async def run(self, id: ScheduleId) -> None:
        """Does what is due for a schedule and arms its next run; the clock calls it."""
        try:
            schedule = await self.schedules.get(id)
        except NotFound:
            return
        if schedule.paused is not None:
            return
        now = self.clock.now()
        if schedule.next_run_utc > now:
            self._ring(id, schedule.next_run_utc)
        elif await self._claim(schedule):
            again = await self.poster.attempt(schedule)
            if again is not None:
                self._ring(id, again)
        else:
            _logger.warning("daily song claimed elsewhere", schedule=id, day=schedule.day.isoformat())
            self._ring(id, schedule.run_after(now))

    async def _claim(self, schedule: DailySchedule) -> bool:
        slot = (schedule.id, schedule.day)
        if slot not in self._mine and not await self.claims.claim(*slot):
            return False
        self._mine.add(slot)
        return True

    def _ring(self, id: ScheduleId, instant_utc: datetime) -> None:
        self.clock.call_at(_key(id), instant_utc, partial(self.run, id))


def _key(id: ScheduleId) -> str:
    return f"daily:{id}"
