"""The port Answers, kept by the database and by its fake."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.storage import open_storage
from bot.domain.request import RequestId
from bot.ports import Answers
from tests.fakes.storage import FakeAnswers


@pytest.fixture(params=["fake", "sqlite"])
async def answers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Answers]:
    if request.param == "fake":
        yield FakeAnswers()
        return
    storage = await open_storage(f"sqlite+aiosqlite:///{tmp_path}/lnh.db")
    yield storage.answers
    await storage.close()


async def test_the_last_note_counts_and_each_request_has_its_own(answers: Answers) -> None:
    await answers.note(RequestId("a"), "1700000000.000001")
    await answers.note(RequestId("b"), "2")
    await answers.note(RequestId("a"), "posted")
    assert await answers.noted(RequestId("a")) == "posted"
    assert await answers.noted(RequestId("b")) == "2"


async def test_what_was_never_noted_is_nothing(answers: Answers) -> None:
    assert await answers.noted(RequestId("never")) is None
