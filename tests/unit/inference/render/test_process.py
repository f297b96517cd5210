import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures.process import BrokenProcessPool
from operator import truediv

import pytest

from inference.render import worker
from inference.render.block import Lent
from inference.render.process import Elsewhere, RenderProcess
from tests.fakes.render_processes import die

NEWS = worker.News("here", ())


@pytest.fixture(scope="module")
def process() -> Iterator[RenderProcess]:
    one = RenderProcess()
    yield one
    one.end()


def test_jobs_are_done_one_after_the_other_in_another_process(process: RenderProcess) -> None:
    answers = [process.submit(pow, 2, exponent) for exponent in range(3)]
    assert [answer.result() for answer in answers] == [1, 2, 4]
    assert process.submit(os.getpid).result() != os.getpid()


def test_what_a_job_raises_comes_back_with_its_traceback(process: RenderProcess) -> None:
    error = process.submit(truediv, 1, 0).exception()
    assert isinstance(error, ZeroDivisionError)
    assert isinstance(error.__cause__, Elsewhere)
    assert "Traceback" in str(error.__cause__)


def test_what_cannot_be_sent_is_an_error_of_its_job_alone(process: RenderProcess) -> None:
    assert process.submit(threading.Lock).exception() is not None
    assert process.submit(id, threading.Lock()).exception() is not None
    assert process.submit(abs, -1).result() == 1


def test_a_dead_process_takes_no_jobs_and_fails_those_it_has() -> None:
    process = RenderProcess()
    last, later = process.submit(die), process.submit(abs, 1)
    for future in (last, later):
        with pytest.raises(BrokenProcessPool):
            future.result()
    with pytest.raises(BrokenProcessPool):
        process.submit(abs, 1)
    process.end()


def test_a_process_that_ends_finishes_its_job_and_cancels_the_rest() -> None:
    process = RenderProcess()
    waiting, later = waiting_job(process), process.submit(abs, 1)
    ending = threading.Thread(target=process.end)
    ending.start()
    with pytest.raises(CancelledError):
        later.result()
    process.tell(NEWS)
    ending.join()
    assert waiting.result() == ()


def test_a_job_that_is_cancelled_in_time_is_not_done(process: RenderProcess) -> None:
    waiting = waiting_job(process)
    assert process.submit(die).cancel()
    process.tell(NEWS)
    assert waiting.result() == ()
    assert process.submit(abs, -2).result() == 2


def test_a_process_that_is_killed_fails_its_job() -> None:
    process = RenderProcess()
    waiting = waiting_job(process)
    process.kill()
    with pytest.raises(BrokenProcessPool):
        waiting.result()
    process.end()


def waiting_job(process: RenderProcess) -> "Future[tuple[Lent, ...] | None]":
    """One that is in work until the process is told the NEWS."""
    job = process.submit(worker._news_of, NEWS.block)
    while not job.running():
        time.sleep(0)
    return job
