"""Engines as replicas of Ray Serve, behind the service as it is.

The service keeps the requests, the events and the files; a replica only writes notes, and streams them back. So a song
is found whichever replica wrote it, and one whose replica dies is written by another: a pause, not an error.
"""

import os
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import structlog

from inference.engine.contract import ComposeJob, Engine, EngineEvent
from inference.server.remote import Lost, RemoteEngine
from inference.server.replica import EngineReplica, EngineSetup

if TYPE_CHECKING:
    from ray.serve.handle import DeploymentHandle

APPLICATION = "lnh"
_ATTEMPTS = 3
_STORE_BYTES = 100 * 2**20  # for objects that are shared; notes are too small to be
# Nothing is told to anybody, and a replica on a busy machine has a second to say how much it has to do.
_RAY_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_SERVE_QUEUE_LENGTH_RESPONSE_DEADLINE_S": "1"}
_UPSCALE_S, _DOWNSCALE_S = 5.0, 300.0
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


class ClusterUnavailable(Exception):
    """The replicas cannot be started; `str(error)` is one sentence."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How many replicas there are: never fewer than `least` nor more than `most`, by the songs that are being written.

    A replica is added when each of those there has more than half of its slots in use.
    """

    least: int
    most: int


@contextmanager
def replicated_engine(setup: EngineSetup, scale: Scale) -> Iterator[Engine]:
    """An engine, not started yet, over replicas that are up; they end with the context. Blocks for many seconds.

    They run on the Ray cluster that RAY_ADDRESS names, else on one of this machine's own.

    Raises:
        ClusterUnavailable: Ray is not installed, or the replicas do not come up.
    """
    if find_spec("ray") is None:
        raise ClusterUnavailable("replicas need Ray: pip install 'lnh-band[ray]'")
    for name, value in _RAY_SETTINGS.items():
        os.environ.setdefault(name, value)
    import ray
    from ray import serve

    with _ray(setup, scale):
        serve.start(http_options={"location": "NoServer"})  # our own front speaks the wire contract
        try:
            handle = _deploy(setup, scale)
            checkpoint = handle.checkpoint.remote().result()
        except (ray.exceptions.RayError, RuntimeError) as error:
            raise ClusterUnavailable(f"the replicas do not come up: {_first_line(error)}") from error
        try:
            yield RemoteEngine(_composer(handle), checkpoint, setup.slots * scale.most)
        finally:
            serve.delete(APPLICATION)


@contextmanager
def _ray(setup: EngineSetup, scale: Scale) -> Iterator[None]:
    import ray

    cores = max(os.cpu_count() or 1, scale.most * setup.threads)
    own = {"num_cpus": cores, "include_dashboard": False, "object_store_memory": _STORE_BYTES}
    wanted = {} if os.environ.get("RAY_ADDRESS") else own
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            ray.init(log_to_driver=False, **wanted)
            break
        except Exception as error:  # Ray has no narrower one for a start that took longer than it gives itself
            ray.shutdown()
            if attempt == _ATTEMPTS:
                raise ClusterUnavailable(f"Ray does not start: {_first_line(error)}") from error
            log.warning("Ray did not start and is tried again", reason=_first_line(error))
    try:
        yield
    finally:
        ray.shutdown()


def _deploy(setup: EngineSetup, scale: Scale) -> "DeploymentHandle[Any]":
    import ray
    from ray import serve

    # A replica that asks for no card sees none.
    has_card = setup.decoder != "native" and ray.cluster_resources().get("GPU", 0) >= 1
    deployment = serve.deployment(
        name="engine",
        max_ongoing_requests=setup.slots,
        autoscaling_config={
            "min_replicas": scale.least,
            "max_replicas": scale.most,
            "target_ongoing_requests": max(1, setup.slots // 2),
            "upscale_delay_s": _UPSCALE_S,
            "downscale_delay_s": _DOWNSCALE_S,
        },
        ray_actor_options={"num_cpus": setup.threads, "num_gpus": int(has_card)},
    )(EngineReplica)
    return serve.run(deployment.bind(setup), name=APPLICATION, route_prefix=None)


def _composer(handle: "DeploymentHandle[Any]") -> Any:
    from ray.exceptions import RayActorError, RayTaskError

    stream = handle.options(stream=True)

    async def compose(job: ComposeJob) -> AsyncGenerator[EngineEvent, None]:
        answers = stream.compose.remote(job)
        try:
            async for event in answers:
                if isinstance(event, int):
                    log.info("a replica writes the song", request_id=job.id, process=event)
                else:
                    yield event
        except RayTaskError:
            raise  # the replica lives; it is the song that broke
        except RayActorError as error:
            raise Lost(_first_line(error)) from error
        finally:
            answers.cancel()

    return compose


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
