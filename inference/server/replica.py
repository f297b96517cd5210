"""One engine in a process of a cluster; the model is loaded there, never where the requests come in."""

import asyncio
import os
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

from inference.engine import Decoder, load_engine
from inference.engine.contract import Cancelled, ComposeJob, EngineEvent, Failed, Finished

_LAST = (Finished, Failed, Cancelled)


@dataclass(frozen=True, slots=True)
class EngineSetup:
    """How an engine is loaded (see `load_engine`); the checkpoint is a file on every machine that may have to."""

    checkpoint: Path
    slots: int
    threads: int
    decoder: Decoder


class EngineReplica:
    """What a cluster runs copies of. Raises what `load_engine` raises."""

    def __init__(self, setup: EngineSetup) -> None:
        self._engine = load_engine(setup.checkpoint, setup.slots, setup.threads, setup.decoder)
        self._engine.start()

    async def compose(self, job: ComposeJob) -> AsyncGenerator[EngineEvent | int, None]:
        """The id of this process, then every event of the job; one that is left early is cancelled."""
        inbox: asyncio.Queue[EngineEvent] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def listen(event: EngineEvent) -> None:
            loop.call_soon_threadsafe(inbox.put_nowait, event)

        yield os.getpid()
        self._engine.submit(job, listen)
        try:
            while True:
                event = await inbox.get()
                yield event
                if isinstance(event, _LAST):
                    return
        finally:
            self._engine.cancel(job.id)

    async def checkpoint(self) -> str:
        return self._engine.checkpoint

    def check_health(self) -> None:
        """Raises RuntimeError when only a new process can go on; the cluster then starts one."""
        if not self._engine.is_alive:
            raise RuntimeError("the engine is gone")
