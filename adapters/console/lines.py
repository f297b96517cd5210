"""Lines of a terminal, a pipe or a file, without blocking the event loop."""

import asyncio
import os
from collections.abc import AsyncIterator

_CHUNK_BYTES = 4096


async def read_lines(descriptor: int) -> AsyncIterator[str]:
    """Yields each line without its end, until the end of the file; a last line without an end counts."""
    pending = b""
    async for chunk in _chunks(descriptor):
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace").rstrip("\r")
    if pending:
        yield pending.decode("utf-8", "replace")


async def _chunks(descriptor: int) -> AsyncIterator[bytes]:
    loop, readable = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(descriptor, readable.set)
        waits = True
    except PermissionError:  # a regular file cannot be waited for, and never blocks
        waits = False
    try:
        while True:
            if waits:
                await readable.wait()
                readable.clear()
            chunk = os.read(descriptor, _CHUNK_BYTES)
            if not chunk:
                return
            yield chunk
    finally:
        loop.remove_reader(descriptor)
