"""The song of a day: which one it is, and writing it before anybody but an admin may hear it.

A day always asks for the same song, and the composer keeps what it wrote by the request's id. So a song that is written
ahead or heard by an admin is the one that is posted, and a crash in between changes nothing. The schedule knows how
often an admin has wished for another one instead: that makes another seed, while the day keeps the one id under which
its song is posted.
"""

import random
from dataclasses import dataclass, replace

import structlog

from bot.domain.daily import DailySchedule
from bot.domain.errors import GenreDisabled, LnhError
from bot.domain.options import SongWishes, build_request
from bot.domain.request import Priority, Requester, RequestId, SongRequest, request_id
from bot.domain.song import Progress, Song
from bot.ports import Reply, UserError
from bot.services.compose import ComposeService
from bot.services.genres import GenreService
from inference.music.errors import MusicError
from inference.music.genre import GenreCatalogue
from inference.music.spec import MAX_SEED

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DailySongs:
    """Writes songs of schedules; posting them is for others."""

    compose: ComposeService
    genres: GenreService

    async def request(self, schedule: DailySchedule) -> SongRequest:
        """What the day that is next is remembered by. Raises GenreDisabled."""
        return replace(await self._request(schedule), id=daily_request_id(schedule))

    async def write(self, schedule: DailySchedule) -> Song:
        """The song of the day that is next.

        Raises:
            GenreDisabled: none of the schedule's genres is enabled any more.
            LnhError, MusicError: what the composer raises.
        """
        request = await self._request(schedule)
        return _of_the_day(await self.compose.write(request, _NobodyListens()), schedule)

    async def rehearse(self, schedule: DailySchedule, requester: Requester, reply: Reply) -> None:
        """The same song for somebody who may hear it now; errors go to `reply`, none is raised."""
        try:
            request = await self._request(schedule)
            # Somebody waits for it, so it does not stand behind everybody.
            waited_for = replace(request, requester=requester, priority=Priority.INTERACTIVE)
            song = _of_the_day(await self.compose.write(waited_for, reply), schedule)
            await reply.song(song)
        except (LnhError, MusicError) as error:
            _logger.info("daily song not heard ahead", schedule=schedule.id, reason=repr(error))
            await reply.error(error)
        except Exception:
            _logger.exception("daily song not heard ahead", schedule=schedule.id)
            await reply.error(LnhError(id=schedule.id))

    async def _request(self, schedule: DailySchedule) -> SongRequest:
        enabled = await self.genres.enabled_names(schedule.place.platform, schedule.place.workspace)
        return daily_request(schedule, enabled, self.compose.catalogue)


def daily_request_id(schedule: DailySchedule) -> RequestId:
    """The same for every attempt of a day."""
    return request_id("daily", schedule.id, schedule.day.isoformat())


def daily_request(schedule: DailySchedule, enabled: tuple[str, ...], catalogue: GenreCatalogue) -> SongRequest:
    """The request of the day that is next; it becomes another if an admin wishes so, or its genre is switched off.

    Its seed counts as chosen, so that it is the same song in whatever company it is written.

    Raises:
        GenreDisabled: none of the schedule's genres is enabled any more.
    """
    again = (str(schedule.redrawn),) if schedule.redrawn else ()
    rng = random.Random(":".join((schedule.id, str(schedule.day), *again)))
    seed = rng.randint(0, MAX_SEED)
    first, *others = _in_turn(schedule) if schedule.genres else rng.sample(catalogue.names, len(catalogue.names))
    genre = next((name for name in (first, *others) if name in enabled), None)
    if genre is None:
        raise GenreDisabled(genre=", ".join(schedule.genres), enabled=", ".join(enabled))
    other = again if genre == first else (*again, genre)
    day = daily_request_id(schedule)
    request = build_request(
        SongWishes(genre, seed=seed),
        id=request_id(day, *other) if other else day,  # one id is one song
        seed=seed,
        place=schedule.place,
        requester=schedule.set_by,
        catalogue=catalogue,
    )
    return replace(request, priority=Priority.SCHEDULED)


def _in_turn(schedule: DailySchedule) -> tuple[str, ...]:
    """The schedule's genres, the one whose turn it is first."""
    start = schedule.turn % len(schedule.genres)
    return schedule.genres[start:] + schedule.genres[:start]


def _of_the_day(song: Song, schedule: DailySchedule) -> Song:
    """The song under the id by which the day's song is delivered and remembered."""
    return replace(song, id=daily_request_id(schedule))


class _NobodyListens:
    """For a song that nobody waits for; what goes wrong is for the caller to judge."""

    async def progress(self, progress: Progress) -> None:
        """Nobody watches."""

    async def preview(self, song: Song) -> None:
        """A song that nobody waits for is posted when it is done."""

    async def song(self, song: Song) -> None:
        """It is only written."""

    async def error(self, error: UserError) -> None:
        raise error
