"""The service as a child process: it is started, kept alive and stopped, and its failures are told."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.commands.child import service_process
from bot.commands.trouble import CommandTrouble
from tests.fakes.waiting import until

SERVICE = """
import os, pathlib, sys
folder, port = pathlib.Path(sys.argv[1]), int(sys.argv[2]) or 4711
with (folder / "starts").open("a") as starts:
    print(port, os.environ["LNH_LOG_LEVEL"], file=starts)
(folder / "pid").write_text(str(os.getpid()))
print(f"ready on http://127.0.0.1:{port}", flush=True)
(folder / f"ready{len((folder / 'starts').read_text().splitlines())}").touch()
sys.stdin.read()
"""


def _command(folder: Path, script: str = SERVICE) -> tuple[str, ...]:
    return (sys.executable, "-c", script, str(folder))


async def test_a_child_is_started_with_port_and_log_level_and_stopped_at_the_end(tmp_path: Path) -> None:
    async with service_process(_command(tmp_path), 0, "warning") as url:
        assert url == "http://127.0.0.1:4711"
        pid = int((tmp_path / "pid").read_text())
    assert (tmp_path / "starts").read_text() == "4711 warning\n"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_crashed_child_is_started_again_on_the_same_port(tmp_path: Path) -> None:
    async with service_process(_command(tmp_path), 0, "info"):
        await until((tmp_path / "ready1").exists)
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        await until((tmp_path / "ready2").exists)
    assert (tmp_path / "starts").read_text() == "4711 info\n4711 info\n"


async def test_a_child_that_never_starts_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandTrouble, match="did not start"):
        async with service_process(_command(tmp_path, "raise SystemExit(1)"), 0, "info"):
            pytest.fail("nothing was started")


async def test_a_child_that_crashes_again_and_again_ends_the_run(tmp_path: Path) -> None:
    script = "print('http://127.0.0.1:4711')"
    with pytest.raises(ExceptionGroup) as caught:
        async with service_process(_command(tmp_path, script), 0, "info"):
            await asyncio.Event().wait()
    assert caught.group_contains(CommandTrouble, match="again and again")
