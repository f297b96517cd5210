"""Storage in memory; held to the same contract as the database."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bot.domain.daily import DailySchedule, ScheduleId
from bot.domain.errors import NotFound
from bot.domain.privacy import Kept, Owner
from bot.domain.request import Place, RequestId, SongRequest
from bot.domain.song import Delivered, Song
from inference.api import FileFormat


@dataclass
class FakeSongs:
    """`done` and `given_up` show what became of the requests."""

    requests: dict[RequestId, SongRequest] = field(default_factory=dict)
    done: dict[RequestId, Song] = field(default_factory=dict)
    given_up: set[RequestId] = field(default_factory=set)

    async def accept(self, request: SongRequest) -> bool:
        self.requests.setdefault(request.id, request)
        return request.id not in self.done and request.id not in self.given_up

    async def finish(self, id: RequestId, song: Song | None) -> None:
        if id not in self.requests:
            return
        if song is None:
            self.given_up.add(id)
        else:
            self.done[id] = song

    async def request(self, id: RequestId) -> SongRequest:
        if id not in self.requests:
            raise NotFound(what="song")
        return self.requests[id]

    async def delivered(self, id: RequestId) -> Delivered:
        if id not in self.done:
            raise NotFound(what="song")
        song = self.done[id]
        notes = song.file(FileFormat.MIDI)
        return Delivered(song.title, song.recipe, None if notes is None else notes.content)

    async def pending(self) -> list[SongRequest]:
        return [
            request
            for request in self.requests.values()
            if request.id not in self.done and request.id not in self.given_up
        ]


@dataclass
class FakeAnswers:
    """`notes` are what is remembered."""

    notes: dict[RequestId, str] = field(default_factory=dict)

    async def note(self, id: RequestId, message: str) -> None:
        self.notes[id] = message

    async def noted(self, id: RequestId) -> str | None:
        return self.notes.get(id)


@dataclass
class FakeHeard:
    """`ids` were heard."""

    ids: set[RequestId] = field(default_factory=set)

    async def is_first(self, id: RequestId) -> bool:
        is_new = id not in self.ids
        self.ids.add(id)
        return is_new


@dataclass
class FakeSchedules:
    """Schedules and claims in one, as in the database; `holders` are who has claimed, `dead` those who ended."""

    by_id: dict[ScheduleId, DailySchedule] = field(default_factory=dict)
    settled: dict[tuple[ScheduleId, date], bool] = field(default_factory=dict)
    holders: dict[tuple[ScheduleId, date], str] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)

    async def save(self, schedule: DailySchedule) -> None:
        if schedule.id not in self.by_id:
            await self.remove(schedule.place)
        self.by_id[schedule.id] = schedule

    async def remove(self, place: Place) -> bool:
        gone = [schedule.id for schedule in self.by_id.values() if _channel(schedule.place) == _channel(place)]
        for schedule_id in gone:
            del self.by_id[schedule_id]
            self.settled = {slot: done for slot, done in self.settled.items() if slot[0] != schedule_id}
            self.holders = {slot: who for slot, who in self.holders.items() if slot[0] != schedule_id}
        return bool(gone)

    async def get(self, id: ScheduleId) -> DailySchedule:
        if id not in self.by_id:
            raise NotFound(what="schedule")
        return self.by_id[id]

    async def pause(self, id: ScheduleId, reason: str) -> bool:
        if id not in self.by_id:
            return False
        self.by_id[id] = replace(self.by_id[id], paused=reason)
        return True

    async def redraw(self, schedule: DailySchedule) -> bool:
        known = self.by_id.get(schedule.id)
        if known is None or known.next_song != schedule.next_song or (known.id, known.day) in self.settled:
            return False
        self.by_id[schedule.id] = replace(known, redrawn=known.redrawn + 1)
        return True

    async def claim(self, id: ScheduleId, day: date, holder: str = "only") -> bool:
        if self.settled.get((id, day)) or id not in self.by_id:
            return False
        if self.holders.get((id, day), holder) not in {holder, *self.dead}:
            return False
        self.settled[id, day] = False
        self.holders[id, day] = holder
        return True

    async def settle(self, id: ScheduleId, day: date, next_run_utc: datetime) -> None:
        if (id, day) in self.settled:
            self.settled[id, day] = True
        if id in self.by_id:
            self.by_id[id] = self.by_id[id].after(next_run_utc)

    @property
    def unsettled(self) -> tuple[tuple[ScheduleId, date], ...]:
        """What is claimed and not settled."""
        return tuple(slot for slot, done in self.settled.items() if not done)

    async def list(self, platform: str | None = None, workspace: str | None = None) -> list[DailySchedule]:
        found = [
            schedule
            for schedule in self.by_id.values()
            if platform in (None, schedule.place.platform) and workspace in (None, schedule.place.workspace)
        ]
        return sorted(found, key=lambda schedule: (schedule.next_run_utc, schedule.id))


@dataclass
class FakeClaims:
    """The claims of one process, called `holder`."""

    schedules: FakeSchedules
    holder: str

    async def claim(self, id: ScheduleId, day: date) -> bool:
        return await self.schedules.claim(id, day, self.holder)

    async def settle(self, id: ScheduleId, day: date, next_run_utc: datetime) -> None:
        await self.schedules.settle(id, day, next_run_utc)


@dataclass
class FakeGenreSettings:
    """`off` holds (platform, workspace, genre)."""

    off: set[tuple[str, str, str]] = field(default_factory=set)

    async def disabled(self, platform: str, workspace: str) -> frozenset[str]:
        return frozenset(genre for *here, genre in self.off if here == [platform, workspace])

    async def set_enabled(self, platform: str, workspace: str, genre: str, *, enabled: bool) -> None:
        switch = self.off.discard if enabled else self.off.add
        switch((platform, workspace, genre))


@dataclass
class FakeRecords:
    """`forgotten` are those whose records were removed; there are always `amount`."""

    amount: Kept = field(default_factory=lambda: Kept(3, 1, 2))
    forgotten: list[Owner] = field(default_factory=list)

    async def kept(self, owner: Owner) -> Kept:
        return self.amount

    async def export(self, owner: Owner) -> dict[str, object]:
        return {"of": owner.person, "workspace": owner.workspace}

    async def forget(self, owner: Owner) -> Kept:
        self.forgotten.append(owner)
        return self.amount


def _channel(place: Place) -> tuple[str, str, str]:
    return place.platform, place.workspace, place.channel


@dataclass
class FakeInstallations:
    """`tokens` are what is kept, by platform and workspace."""

    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    words: dict[str, datetime] = field(default_factory=dict)
    turns: defaultdict[tuple[str, str], asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def save(self, platform: str, workspace: str, tokens: str) -> None:
        self.tokens[platform, workspace] = tokens

    async def change(self, platform: str, workspace: str, tokens: str) -> bool:
        if (platform, workspace) not in self.tokens:
            return False
        self.tokens[platform, workspace] = tokens
        return True

    async def find(self, platform: str, workspace: str) -> str | None:
        return self.tokens.get((platform, workspace))

    async def remove(self, platform: str, workspace: str) -> bool:
        return self.tokens.pop((platform, workspace), None) is not None

    @asynccontextmanager
    async def alone(self, platform: str, workspace: str) -> AsyncIterator[None]:
        async with self.turns[platform, workspace]:
            yield

    async def issue(self, lasting: timedelta) -> str:
        word = f"word{len(self.words)}"
        self.words[word] = datetime.now(UTC) + lasting
        return word

    async def consume(self, word: str) -> bool:
        return word in self.words and self.words.pop(word) >= datetime.now(UTC)
