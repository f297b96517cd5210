"""Daily songs: set up, posted exactly once a day, or the admin hears why not.

The truth is in storage: a schedule's `next_run_utc` stays until that day's song is posted or skipped, and a claim on
(schedule, day) says that somebody works on it. The clock only rings; a restart arms the same instants again. Some
minutes before a song is due it is written, so that at its hour it only has to be posted.
"""

import uuid
import zlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bot.domain.daily import DailySchedule, ScheduleId, next_run, parse_zone, schedule_of
from bot.domain.daily_text import DailyWish
from bot.domain.errors import DailyOver, DailyPaused, DailyUnderway, GenreDisabled, LnhError, NoDaily, NotFound
from bot.domain.request import Place, Requester
from bot.ports import Claims, Clock, Reply, Schedules
from bot.services.daily_post import DailyPoster, is_lasting
from bot.services.genres import GenreService
from inference.music.errors import MusicError
from inference.music.genre import GenreCatalogue

_logger = structlog.get_logger(__name__)
_AHEAD = timedelta(minutes=10)
_SPREAD_S = 300
_AHEAD_RETRY = timedelta(minutes=1)
_ELSEWHERE = timedelta(minutes=1)
_SWEEP = "daily-sweep"
_SWEEP_EVERY = timedelta(minutes=10)


@dataclass(frozen=True)
class DailyService:
    """Daily songs of all channels; several processes may share them, and one of them posts each.

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
    _armed: dict[ScheduleId, datetime] = field(default_factory=dict, init=False, repr=False)
    _running: set[ScheduleId] = field(default_factory=set, init=False, repr=False)

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
        self._arm(new_id, due)
        return schedule

    async def remove(self, place: Place) -> bool:
        """Ends a channel's daily song; False if it had none."""
        for schedule in await self.schedules.list(place.platform, place.workspace):
            if schedule.place.channel == place.channel:
                self._disarm(schedule.id)
                await self.poster.forget(schedule)
        return await self.schedules.remove(replace(place, thread=None))

    async def list(self, platform: str, workspace: str) -> tuple[DailySchedule, ...]:
        """The daily songs of a workspace, next one first."""
        return tuple(await self.schedules.list(platform, workspace))

    async def upcoming(self, place: Place) -> DailySchedule:
        """The daily song of a channel, if one is to come. Raises NoDaily, DailyPaused."""
        found = await self.schedules.list(place.platform, place.workspace)
        schedule = next((schedule for schedule in found if schedule.place.channel == place.channel), None)
        if schedule is None:
            raise NoDaily
        return _not_paused(schedule)

    async def rehearse(self, schedule: DailySchedule, requester: Requester, reply: Reply) -> None:
        """Has `requester` hear the next song before it is posted; errors go to `reply`, none is raised.

        It is the very song that will be posted, unless its genre is switched off or it is replaced meanwhile.
        """
        await self.poster.songs.rehearse(schedule, requester, reply)

    async def another(self, place: Place, heard: str | None = None) -> DailySchedule:
        """Has another song take the place of a channel's next one; the schedule as it is then.

        Args:
            place: the channel.
            heard: the `next_song` that is not wanted, whichever channel of the workspace it is for. Where it has been
                replaced already nothing changes, so that two who do not want it, or one who presses twice, get one.

        Raises:
            NoDaily, DailyPaused: no song is to come.
            DailyOver: the one that was heard is not to come any more.
            DailyUnderway: it is being posted this very moment.
        """
        schedule = await (self.upcoming(place) if heard is None else self._coming(heard, place))
        if heard is not None and heard != schedule.next_song:
            return schedule
        if schedule.next_run_utc <= self.clock.now():
            raise DailyUnderway
        await self.schedules.redraw(schedule)
        latest = await self._coming(schedule.next_song, place)
        if latest.next_song == schedule.next_song:
            raise DailyUnderway
        # Whoever wished for it has it written; should that fail, it is written ahead all the same.
        self._arm_ahead(latest.id, max(latest.next_run_utc - ahead_of(latest.id), self.clock.now() + _AHEAD_RETRY))
        return latest

    async def _coming(self, song: str, place: Place) -> DailySchedule:
        """The schedule whose next day is that of a song. Raises DailyOver, DailyPaused."""
        try:
            schedule = await self.schedules.get(schedule_of(song))
        except NotFound:
            raise DailyOver from None
        is_here = (schedule.place.platform, schedule.place.workspace) == (place.platform, place.workspace)
        if not is_here or not schedule.has_next_day_of(song):
            raise DailyOver
        return _not_paused(schedule)

    async def skip(self, place: Place) -> tuple[DailySchedule, DailySchedule]:
        """Leaves out a channel's next daily song; the schedule as it was and as it is.

        Raises:
            NoDaily, DailyPaused: no song is to come.
            DailyUnderway: it is being posted this very moment.
        """
        schedule = await self.upcoming(place)
        is_due = schedule.next_run_utc <= self.clock.now()
        if is_due or not await self.claims.claim(schedule.id, schedule.day):
            raise DailyUnderway
        later = await self.poster.leave_out(schedule)
        self._arm(later.id, later.next_run_utc)
        return schedule, later

    async def start(self) -> None:
        """Arms every stored schedule; what came due or was left half done meanwhile runs at once.

        From then on it also looks after those that other processes set up, in case these end.
        """
        self.clock.call_at(_SWEEP, self.clock.now() + _SWEEP_EVERY, self.start)
        for schedule in await self.schedules.list():
            if schedule.paused is None and self._is_news(schedule):
                self._arm(schedule.id, schedule.next_run_utc)

    def _is_news(self, schedule: DailySchedule) -> bool:
        """Whether the clock does not ring for it yet. One that is overdue rings when it is to be tried again."""
        armed = self._armed.get(schedule.id)
        return armed is None or (armed != schedule.next_run_utc and schedule.next_run_utc > self.clock.now())

    async def run(self, id: ScheduleId) -> None:
        """Does what is due for a schedule and arms its next run; the clock calls it."""
        if id in self._running:
            return
        self._running.add(id)
        try:
            await self._run(id)
        finally:
            self._running.discard(id)

    async def _run(self, id: ScheduleId) -> None:
        try:
            schedule = await self.schedules.get(id)
        except NotFound:
            return
        if schedule.paused is not None:
            return
        now = self.clock.now()
        if schedule.next_run_utc > now:
            self._arm(id, schedule.next_run_utc)
        elif await self.claims.claim(id, schedule.day):
            await self._attempt(id)
        else:
            _logger.info("daily song claimed elsewhere", schedule=id, day=schedule.day.isoformat())
            self._arm(id, now + _ELSEWHERE)  # by then it is settled, or whoever has it may have died

    async def _attempt(self, id: ScheduleId) -> None:
        try:
            schedule = await self.schedules.get(id)  # once more: until the claim its song could be replaced
        except NotFound:
            return
        again = await self.poster.attempt(schedule)
        if again is not None:
            self._arm(id, again)

    async def write_ahead(self, id: ScheduleId) -> None:
        """Has the next song written, so that it is posted on the minute; the clock calls it some minutes before.

        What goes wrong is tried again every minute; once the song is due, `run` has the last word.
        """
        try:
            schedule = await self.schedules.get(id)
        except NotFound:
            return
        if schedule.paused is not None or not self._is_ahead(schedule):
            return
        try:
            song = await self.poster.songs.write(schedule)
        except (LnhError, MusicError) as error:
            _logger.warning("daily song not written ahead", schedule=id, reason=repr(error))
            if not is_lasting(error):
                self._retry_ahead(id)
        except Exception:
            _logger.exception("daily song not written ahead", schedule=id)
            self._retry_ahead(id)
        else:
            _logger.info("daily song written ahead", schedule=id, title=song.title, day=schedule.day.isoformat())

    def _arm(self, id: ScheduleId, instant_utc: datetime) -> None:
        """Has the clock ring when a song is due, and some minutes before so that it is written by then."""
        self._armed[id] = instant_utc
        self.clock.call_at(_key(id), instant_utc, partial(self.run, id))
        self._arm_ahead(id, max(instant_utc - ahead_of(id), self.clock.now()))

    def _arm_ahead(self, id: ScheduleId, instant_utc: datetime) -> None:
        self.clock.call_at(_ahead_key(id), instant_utc, partial(self.write_ahead, id))

    def _retry_ahead(self, id: ScheduleId) -> None:
        self._arm_ahead(id, self.clock.now() + _AHEAD_RETRY)

    def _disarm(self, id: ScheduleId) -> None:
        self._armed.pop(id, None)
        self.clock.cancel(_key(id))
        self.clock.cancel(_ahead_key(id))

    def _is_ahead(self, schedule: DailySchedule) -> bool:
        """Whether its song is to be written now: not yet due, but soon."""
        return timedelta(0) < schedule.next_run_utc - self.clock.now() <= ahead_of(schedule.id)


def ahead_of(id: ScheduleId) -> timedelta:
    """How long before its hour a song is written: not the same for all, for many are due at the same full hour."""
    return _AHEAD + timedelta(seconds=zlib.crc32(id.encode()) % _SPREAD_S)


def _not_paused(schedule: DailySchedule) -> DailySchedule:
    if schedule.paused is not None:
        raise DailyPaused
    return schedule


def _key(id: ScheduleId) -> str:
    return f"daily:{id}"


def _ahead_key(id: ScheduleId) -> str:
    return f"daily-ahead:{id}"
