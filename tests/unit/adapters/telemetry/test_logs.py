"""Log lines of ours and of libraries look alike and keep secrets."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress

import pytest
import stamina
import structlog

from adapters.telemetry.logs import set_up_logs
from tests.fakes.logs import logging_restored


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    with logging_restored():
        yield


def test_json_lines_carry_level_logger_time_and_values(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    structlog.get_logger("lnh.test").info("song delivered", song="abc", seconds=2.5)
    logging.getLogger("library").warning("slow %s", "disk", extra={"mount": "/"})
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["song"], ours["seconds"], ours["level"]) == ("song delivered", "abc", 2.5, "info")
    assert (theirs["event"], theirs["mount"], theirs["logger"]) == ("slow disk", "/", "library")
    assert ours["timestamp"].endswith("Z")


def test_auto_writes_json_when_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "auto")
    structlog.get_logger("lnh.test").info("hello")
    assert json.loads(capsys.readouterr().err)["event"] == "hello"


def test_local_variables_never_reach_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "json")
    token = "very-" + "secret"
    try:
        raise RuntimeError("it broke")
    except RuntimeError:
        structlog.get_logger("lnh.test").exception("unexpected")
    line = capsys.readouterr().err
    assert token not in line
    assert "it broke" in line


def test_the_level_is_kept_and_chatty_libraries_are_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("info", "text")
    structlog.get_logger("lnh.test").debug("details")
    logging.getLogger("discord.gateway").info("heartbeat")
    structlog.get_logger("lnh.test").info("shown")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "shown" in lines[0]


def test_what_is_tried_again_is_one_line_of_news(capsys: pytest.CaptureFixture[str]) -> None:
    def call() -> None:
        with stamina.set_testing(True, attempts=2), suppress(ConnectionError):
            for attempt in stamina.retry_context(on=ConnectionError):
                with attempt:
                    raise ConnectionError("nobody answers")

    set_up_logs("info", "json")
    call()
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["reason"], line["level"]) == ("trying again", "nobody answers", "info")

    set_up_logs("warning", "json")
    call()
    assert capsys.readouterr().err == ""


def test_no_library_writes_down_what_is_stored_at_debug_level_either(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs("debug", "text")
    logging.getLogger("aiosqlite").debug("executing INSERT with a token")
    logging.getLogger("sqlalchemy.engine.Engine").debug("Row with a token")
    logging.getLogger("sqlalchemy.engine.Engine").info("INSERT")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "INSERT" in lines[0]
