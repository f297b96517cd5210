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
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()

    def read() -> None:
        # Here and nowhere else: once the loop has called, there is something; a moment later a read might block it.
        try:
            chunk = os.read(descriptor, _CHUNK_BYTES)
        except OSError:  # the terminal is gone
            chunk = b""
        if not chunk:
            loop.remove_reader(descriptor)
        chunks.put_nowait(chunk)

    try:
        loop.add_reader(descriptor, read)
    except PermissionError:  # a regular file cannot be waited for, and never blocks
        while chunk := os.read(descriptor, _CHUNK_BYTES):
            yield chunk
        return
    try:
        while chunk := await chunks.get():
            yield chunk
    finally:
        loop.remove_reader(descriptor)
