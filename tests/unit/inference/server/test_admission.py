"""Who is let in, and when those who are not should come back."""

from pathlib import Path

import pytest

from inference.api import ErrorCode, SongBody, SongState
from inference.music.genre import load_catalogue
from inference.server.admission import Admission
from inference.server.limits import ServerLimits
from inference.server.line import Ticket, WaitingLine
from inference.server.order import take_order
from inference.server.pace import Pace
from inference.server.refusal import Refusal
from tests.fakes.engine import FakeEngine
from tests.fakes.service import GENRES, running_service

BAR_S = 0.5
ORDER = take_order(SongBody(genre="metal", bars=16), load_catalogue(GENRES), "weights")


class Door:
    """A line of one slot, a clock that stands still, and songs of 16 bars at half a second each."""

    def __init__(self, **limits: float | int) -> None:
        self.now_s = 1000.0
        self.line = WaitingLine(slots=1, max_waiting=9)
        self.pace = Pace(bar_s=BAR_S)
        self._admission = Admission(self.line, self.pace, ServerLimits(**limits), lambda: self.now_s)  # type: ignore[arg-type]

    def enter(self, client: str = "", *, scheduled: bool = False) -> Ticket:
        ticket = Ticket(client, scheduled, lambda _: None, bars_left=16)
        self._admission.admit(ORDER, ticket)
        return ticket

    def refuses(self, client: str = "") -> Refusal:
        with pytest.raises(Refusal) as refusal:
            self.enter(client)
        return refusal.value


def test_a_wait_longer_than_bearable_is_refused_until_it_has_shrunk() -> None:
    door = Door(max_wait_s=20)
    for _ in range(3):
        door.enter()
    refusal = door.refuses()

    assert refusal.detail.code is ErrorCode.QUEUE_FULL
    assert refusal.detail.retry_after_s == 4  # three songs of 8 s are ahead
    assert str(refusal) == "a song asked for now would wait about 24 s, and at most 20 s is bearable; ask again in 4 s"


def test_bars_that_are_written_shorten_the_wait() -> None:
    door = Door(max_wait_s=20)
    playing = door.enter()
    door.enter()
    door.enter()
    playing.bars_left = 4

    assert door.enter()


def test_what_songs_really_take_here_decides() -> None:
    door = Door(max_wait_s=20)
    for _ in range(50):
        door.pace.composed(16, 1.6)
    for _ in range(9):
        door.enter()


def test_a_client_has_its_share_and_no_more() -> None:
    door = Door(client_songs_at_once=2)
    first = door.enter("a")
    door.enter("a")
    refusal = door.refuses("a")
    door.enter("b")

    assert refusal.detail.code is ErrorCode.QUOTA_USED
    assert refusal.status == 429
    assert str(refusal).startswith("you have 2 songs in the making, which is as many as one client may have at a time")
    door.line.leave(first)
    door.enter("a")


def test_songs_of_the_daily_clock_are_no_ones_share() -> None:
    door = Door(client_songs_at_once=1, client_songs_an_hour=1)
    for _ in range(3):
        door.enter("admin", scheduled=True)
    door.enter("admin")


def test_an_hours_share_comes_back_song_by_song() -> None:
    door = Door(client_songs_an_hour=2)
    for _ in range(2):
        door.line.leave(door.enter("a"))
        door.now_s += 600
    refusal = door.refuses("a")

    assert refusal.detail.retry_after_s == 3600 - 1200
    door.now_s += 3600 - 1200
    door.enter("a")
    assert door.refuses("a").detail.retry_after_s == 600


def test_a_full_house_names_the_time_between_departures() -> None:
    door = Door()
    for _ in range(10):
        door.enter()
    assert door.refuses().detail.retry_after_s == 16  # nothing measured yet: a usual song of 32 bars

    for number in range(30):
        door.pace.departed(100.0 + 3.0 * number, others_wait=True)
    assert door.refuses().detail.retry_after_s == 3


def test_time_that_nobody_waited_in_says_nothing_about_the_rate() -> None:
    pace = Pace()
    pace.departed(10.0, others_wait=True)
    pace.departed(12.0, others_wait=False)
    pace.departed(500.0, others_wait=True)
    pace.departed(502.0, others_wait=True)

    assert pace.place_s(slots=1) == 2.0


async def test_each_user_of_a_client_has_a_share_of_their_own(tmp_path: Path) -> None:
    limits = ServerLimits(client_songs_at_once=1, grace_s=0, linger_s=0)
    async with running_service(tmp_path, limits=limits) as service:
        for user in ("mel", "kim"):
            await service.compose(client="guild", user=user)
        status, error = await service.refused(client="guild", user="mel")
    assert (status, error.code) == (429, ErrorCode.QUOTA_USED)


async def test_a_client_without_a_name_is_known_by_its_address(tmp_path: Path) -> None:
    limits = ServerLimits(client_songs_at_once=1, grace_s=0, linger_s=0)
    async with running_service(tmp_path, limits=limits) as service:
        await service.compose()
        await service.compose(client="somebody else")
        status, error = await service.refused()

    assert (status, error.code) == (429, ErrorCode.QUOTA_USED)


async def test_a_song_larger_than_allowed_fails_and_leaves_nothing(tmp_path: Path) -> None:
    limits = ServerLimits(max_song_bytes=1, grace_s=0, linger_s=0)
    async with running_service(tmp_path, engine=FakeEngine(free=True), limits=limits) as service:
        song = await service.compose(request_id="giant")
        status = (await service.history(song.id))[-1].status
        await service.service.drain()

    assert status.state is SongState.FAILED
    assert status.error is not None
    assert status.error.code is ErrorCode.TOO_LARGE
    assert not (tmp_path / "giant").exists()
