"""The inference service as a process of its own that a test may kill: all real but the model and the sound."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from inference.music.genre import load_catalogue
from inference.server.app import create_app
from inference.server.limits import ServerLimits
from inference.server.producer import Studio
from inference.server.run import listen, serve
from tests.fakes.engine import FakeEngine
from tests.fakes.renderer import FakeRenderer
from tests.fakes.service import GENRES

HELD, FREE = "held", "free"


class ServiceProcess:
    """What a test holds of it: `url` to talk to, `process` to send signals to."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url

    async def kill(self) -> None:
        """As the kernel does when memory runs out: no goodbye, nothing flushed."""
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def service_apart(artifacts: Path, engine: str, port: int = 0) -> AsyncIterator[ServiceProcess]:
    """Runs the service over `artifacts`; its engine writes songs at once (FREE) or stands still (HELD)."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.fakes.service_process",
        str(artifacts),
        engine,
        str(port),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    url = ""
    while not url.startswith("http"):  # its log comes on the same way
        url = (await process.stdout.readline()).decode().strip()
    try:
        yield ServiceProcess(process, url)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _main(artifacts: Path, engine: str, port: int) -> None:
    limits = ServerLimits(grace_s=0.0, linger_s=0.0)
    app = create_app(Studio(FakeEngine(free=engine == FREE), FakeRenderer(), load_catalogue(GENRES)), limits, artifacts)
    await serve(app, listen("127.0.0.1", port), lambda url: print(url, flush=True))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
