import errno
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.api import FileFormat
from inference.music.program import Role
from inference.music.score import Note, Score, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.block import MOST_BYTES, Block, Lent, block_bytes
from inference.render.errors import RenderFailed
from inference.render.job import RenderJob
from inference.render.sharing import put_parts, take_parts
from inference.render.studio import Studio
from inference.render.together import lend_share, record_alone, record_helped
from tests.fakes.render_jobs import metal_job
from tests.fakes.scores import quartet_score, single_note_score

STUDIO = Studio.open()
RIFF = tuple(Note(step * PPQ // 2, 40 + step % 5, PPQ // 2, 70 + step % 40) for step in range(24))
DUO = Score((Track("Keys", 0, False, RIFF), Track("Keys too", 0, False, RIFF[::3])))
JOBS = {
    "metal": metal_job(quartet_score(3)),
    "quick": replace(metal_job(quartet_score(3)), is_quick=True),
    "other genre": replace(
        metal_job(DUO), spec=replace(metal_job(DUO).spec, genres=(("jazz", 1.0),), roster=(Player.of(Role.KEYS),))
    ),
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_a_song_that_two_play_is_the_same_bit_for_bit(job: RenderJob) -> None:
    block = Block(block_bytes(job) or 0)
    try:
        together, _ = record_helped(block.name, lambda: lend_share(job, STUDIO, block.name))(job, STUDIO)
    finally:
        let_go(block)
    alone, _ = record_alone(job, STUDIO)
    assert np.array_equal(together, alone)


def test_a_share_that_does_not_come_is_played_by_who_waits_for_it() -> None:
    job = metal_job(quartet_score(2))
    assert np.array_equal(record_helped("nowhere", lambda: None)(job, STUDIO)[0], record_alone(job, STUDIO)[0])


def test_every_player_is_in_one_share_and_each_share_has_about_half_of_the_work() -> None:
    band = STUDIO.band(quartet_score(8), (), "metal")
    own, others = band.shares
    assert sorted(one.part.track for one in (*own, *others)) == [0, 1, 2, 3]
    assert own
    assert others
    assert band.in_order == own + others


def test_who_plays_alone_has_nothing_to_share() -> None:
    band = STUDIO.band(single_note_score(), (), "metal")
    assert [len(share) for share in band.shares] == [1, 0]
    assert block_bytes(metal_job(single_note_score())) is None


def test_there_is_nothing_to_share_of_a_card_or_of_a_song_too_long() -> None:
    assert block_bytes(metal_job(quartet_score(4), (FileFormat.CARD,))) is None
    assert block_bytes(metal_job(quartet_score(4, tempo=40.0))) is not None
    assert block_bytes(metal_job(quartet_score(200, tempo=100.0))) is None


def test_the_parts_of_a_song_fit_into_its_block() -> None:
    job = metal_job(quartet_score(4, tempo=40.0))
    band = STUDIO.band(job.score, (), "metal")
    assert len(band.performances) * band.timeline.length * 8 <= (block_bytes(job) or 0) <= MOST_BYTES


def test_parts_come_out_of_a_block_as_they_went_in_and_may_be_changed() -> None:
    mono, stereo = np.arange(5, dtype=np.float32)[None], np.ones((2, 3), np.float32)
    block = Block(4096)
    lent = put_parts(block.name, [(2, mono), (0, stereo)])
    assert lent == (Lent(2, 1, 5, 0), Lent(0, 2, 3, 20))
    parts = list(take_parts(block.name, lent))
    let_go(block)
    parts[1][1][:] = 0
    assert [track for track, _ in parts] == [2, 0]
    assert np.array_equal(parts[0][1], mono)


def test_what_does_not_fit_is_refused() -> None:
    block = Block(16)
    with pytest.raises(RenderFailed, match="larger than the memory"):
        put_parts(block.name, [(0, np.zeros((2, 4096), np.float32))])
    let_go(block)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not reserved")
def test_a_machine_without_shared_memory_is_noticed_before_it_is_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    block = Block(4096)
    with pytest.raises(RenderFailed, match="not enough shared memory"):
        put_parts(block.name, [(0, np.zeros((2, 8), np.float32))])
    let_go(block)


def test_a_block_is_gone_when_both_have_let_it_go() -> None:
    block = Block(4096)
    block.let_go()
    assert put_parts(block.name, []) == ()
    block.let_go()
    with pytest.raises(FileNotFoundError):
        put_parts(block.name, [])


@pytest.mark.skipif(sys.platform != "linux", reason="only there are blocks files")
def test_a_block_does_not_outlive_a_service_that_is_killed() -> None:
    script = (
        "import sys; from inference.render.block import Block; print(Block(4096).name, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603  # our own words
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout
        file = Path("/dev/shm") / service.stdout.readline().strip()  # noqa: S108
        assert file.exists()
        service.send_signal(signal.SIGKILL)
        service.wait()
        until = time.monotonic() + 20
        while file.exists() and time.monotonic() < until:
            time.sleep(0.01)
    assert not file.exists()


def let_go(block: Block) -> None:
    for _ in range(2):
        block.let_go()
