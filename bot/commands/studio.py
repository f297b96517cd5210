"""Opens the inference service: the configured one, or one in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from aiohttp import web

from adapters.composer import HttpComposer
from bot.app import read_catalogue
from bot.commands.trouble import as_trouble
from bot.settings import InferenceSettings, Settings
from inference.critic.errors import BadCritic
from inference.critic.judge import Critic
from inference.critic.takes import Judge
from inference.engine import load_engine
from inference.engine.contract import Engine
from inference.engine.native.errors import NativeUnavailable
from inference.latent.contract import steer_of
from inference.model.errors import CheckpointError
from inference.originality.errors import BadIndex
from inference.originality.index import OriginalityIndex
from inference.originality.review import review
from inference.render.errors import RenderFailed
from inference.render.pool import RenderPool
from inference.server.app import create_app
from inference.server.cluster import ClusterUnavailable, Scale, replicated_engine
from inference.server.limits import ServerLimits
from inference.server.original import Review
from inference.server.producer import Studio
from inference.server.replica import EngineSetup
from inference.server.run import base_url, listen

_CLOSE_S = 1.0
_log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


@asynccontextmanager
async def open_composer(settings: Settings) -> AsyncIterator[HttpComposer]:
    """A composer that uses the service at `inference.url` if one is ready there, else one in this process.

    Raises:
        CommandTrouble, BadSettings, OSError: our own cannot start.
    """
    async with AsyncExitStack() as stack:
        composer = await stack.enter_async_context(HttpComposer(settings.inference.url))
        if not await composer.is_ready():
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="lnh-")))
            url = await stack.enter_async_context(own_service(_for_one_song(settings, folder)))
            composer = await stack.enter_async_context(HttpComposer(url))
        yield composer


def _for_one_song(settings: Settings, folder: Path) -> Settings:
    """One render worker starts sooner than two.

    Whoever asked takes the files along, so they go into a folder of no other service's.
    """
    changes = {"render_workers": 1, "artifacts": folder}
    return settings.model_copy(update={"inference": settings.inference.model_copy(update=changes)})


@asynccontextmanager
async def own_service(settings: Settings) -> AsyncIterator[str]:
    """The service in this process on a free port of 127.0.0.1, for as long as the body runs; yields its URL."""
    with listen("127.0.0.1", 0) as sock:
        async with make_app(settings) as app:
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S)
            await runner.setup()
            try:
                await web.SockSite(runner, sock).start()
                yield base_url(sock)
            finally:
                await runner.cleanup()


@asynccontextmanager
async def make_app(settings: Settings, scale: Scale | None = None) -> AsyncIterator[web.Application]:
    """The service with everything it needs loaded, not yet on a socket.

    Args:
        settings: see there.
        scale: how many engines of a cluster write its songs; None has them written in this process.

    Raises:
        BadSettings: the genres cannot be read or there is no checkpoint.
        CommandTrouble: the checkpoint is damaged, the render workers cannot start, or the cluster cannot.
    """
    inference = settings.inference
    catalogue = read_catalogue(settings.music)
    checkpoint = inference.checkpoint_file
    pool = RenderPool(inference.render_workers, soundfont=inference.soundfont, sounds=settings.music.sounds_file)
    cluster = ExitStack()
    try:
        with as_trouble(CheckpointError, NativeUnavailable, RenderFailed, ClusterUnavailable):
            async with asyncio.TaskGroup() as tasks:  # torch and the workers take a second or two each
                tasks.create_task(pool.start())
                loading = tasks.create_task(asyncio.to_thread(_engine, inference, scale, cluster))
        studio = Studio(loading.result(), pool, catalogue, _review(inference), _judge(inference), steer_of(checkpoint))
        yield create_app(studio, limits_of(inference), inference.artifacts)
    finally:
        await pool.close()
        await asyncio.to_thread(cluster.close)


def _engine(inference: InferenceSettings, scale: Scale | None, cluster: ExitStack) -> Engine:
    """One of our own, or over those of a cluster, which ends with `cluster`; blocks."""
    setup = EngineSetup(inference.checkpoint_file.absolute(), inference.slots, inference.threads, inference.decoder)
    if scale is None:
        return load_engine(setup.checkpoint, setup.slots, setup.threads, setup.decoder)
    return cluster.enter_context(replicated_engine(setup, scale))


def _review(inference: InferenceSettings) -> Review | None:
    """Looks songs up in the index that belongs to the checkpoint; None, and a line in the log, where there is none."""
    file = inference.originality_file
    if file is None:
        _log.info("no index of originality: songs are not compared with what the model learnt")
        return None
    with as_trouble(BadIndex):
        return partial(review, OriginalityIndex.load(file))


def _judge(inference: InferenceSettings) -> Judge | None:
    """The critic that belongs to the checkpoint; None where there is none."""
    file = inference.critic_file
    if file is None:
        return None
    with as_trouble(BadCritic):
        return Critic.load(file).judge


def limits_of(inference: InferenceSettings) -> ServerLimits:
    """The service's bounds as the settings say."""
    return ServerLimits(
        takes=inference.takes,
        max_waiting=inference.queue_limit,
        max_wait_s=inference.max_wait_s,
        client_songs_at_once=inference.client_at_once,
        client_songs_an_hour=inference.client_hourly,
        retention_s=inference.retention_h * 3600,
        max_artifact_bytes=inference.artifacts_mb * 2**20,
        max_song_bytes=inference.song_mb * 2**20,
        grace_s=inference.grace_s,
        preview_after_s=inference.preview_s,
    )
