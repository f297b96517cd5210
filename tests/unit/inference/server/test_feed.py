"""A song's status and its watchers, without a socket."""

from inference.api import SongState, SongStatus
from inference.server.feed import StatusFeed


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def feed(watch: Watch | None = None) -> StatusFeed:
    return StatusFeed(SongStatus(id="song", state=SongState.QUEUED), watch or Watch())


async def test_a_watcher_gets_what_is_what_comes_and_then_the_end() -> None:
    song = feed()
    song.publish(position=1)
    with song.watch() as changes:
        song.publish(state=SongState.COMPOSING)
        song.publish(bars_done=4)
        song.publish(state=SongState.DONE)
        seen = [(version, status.state, status.position, status.bars_done) async for version, status in changes]

    assert seen == [(2, "queued", 1, 0), (3, "composing", None, 0), (4, "composing", None, 4), (5, "done", None, 4)]


async def test_nothing_follows_the_end() -> None:
    song = feed()

    assert song.publish(state=SongState.CANCELLED)
    assert not song.publish(state=SongState.DONE)
    assert song.status.state is SongState.CANCELLED


def test_the_seconds_of_each_stage_are_kept() -> None:
    watch = Watch()
    song = feed(watch)
    watch.now += 2
    song.publish(state=SongState.COMPOSING)
    watch.now += 3
    song.publish(bars_done=1)
    watch.now += 4.5
    song.publish(state=SongState.DONE)

    assert song.status.seconds == {"queued": 2.0, "composing": 7.5}


def test_an_estimate_shrinks_as_time_goes_by_but_not_below_nothing() -> None:
    watch = Watch()
    song = feed(watch)
    song.publish(eta_s=5.0)
    watch.now += 3
    assert song.status.eta_s == 2.0
    watch.now += 30
    assert song.status.eta_s == 0.0
    song.publish(state=SongState.FAILED)
    assert song.status.eta_s is None
