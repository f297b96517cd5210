"""Lines arrive whole from pipes, files and nothing at all."""

import asyncio
import os
from pathlib import Path

from adapters.console.lines import read_lines


async def _all(descriptor: int) -> list[str]:
    return [line async for line in read_lines(descriptor)]


async def test_lines_of_a_pipe_arrive_one_by_one() -> None:
    reading, writing = os.pipe()
    lines = read_lines(reading)
    os.write(writing, b"/compose me")
    os.write(writing, "tal\r\n/another\nhalb fertig: ä".encode())
    assert await anext(lines) == "/compose metal"
    assert await anext(lines) == "/another"
    os.close(writing)
    assert [line async for line in lines] == ["halb fertig: ä"]
    os.close(reading)


async def test_waiting_for_a_line_holds_up_nobody() -> None:
    reading, writing = os.pipe()
    lines = read_lines(reading)
    waiting = asyncio.create_task(anext(lines))
    for _ in range(5):
        os.write(writing, b"/another\n")
        for _ in range(5):  # turns of the loop in which it might read what is not there yet
            await asyncio.sleep(0)
    os.close(writing)
    assert [await waiting, *[line async for line in lines]] == ["/another"] * 5
    os.close(reading)


async def test_a_regular_file_is_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "script.txt"
    path.write_text("/genres\n" * 2000)
    with path.open() as file:
        assert await _all(file.fileno()) == ["/genres"] * 2000


async def test_no_input_is_no_lines() -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    assert await _all(nothing) == []
    os.close(nothing)
