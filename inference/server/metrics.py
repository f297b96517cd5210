"""What the service counts, for Prometheus."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inference.api import ErrorCode, SongState
from inference.engine.contract import Engine
from inference.server.line import WaitingLine

_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)


class Metrics:
    """Counters and histograms in a registry of their own, plus the engine's numbers read at each scrape."""

    def __init__(self, engine: Engine, line: WaitingLine) -> None:
        self.registry = CollectorRegistry()
        self._songs = Counter(
            "lnh_songs", "Songs that ended, by final state and error code", ["state", "code"], registry=self.registry
        )
        self._refused = Counter("lnh_refused", "Requests refused, by error code", ["code"], registry=self.registry)
        self._seconds = {
            SongState.QUEUED: self._histogram("lnh_queue_wait_seconds", "Time from acceptance to a slot"),
            SongState.COMPOSING: self._histogram("lnh_compose_seconds", "Time from a slot to the last note"),
            SongState.RENDERING: self._histogram("lnh_render_seconds", "Time from the last note to the last file"),
        }
        self.registry.register(_EngineNumbers(engine, line))

    def refused(self, code: ErrorCode) -> None:
        self._refused.labels(code).inc()

    def ended(self, state: SongState, code: ErrorCode | None) -> None:
        self._songs.labels(state, code or "").inc()

    def stage_took(self, stage: SongState, seconds: float) -> None:
        """A song went through `stage` (queued, composing or rendering) without failing in it."""
        self._seconds[stage].observe(seconds)

    def exposition(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)

    def _histogram(self, name: str, help: str) -> Histogram:
        return Histogram(name, help, buckets=_SECONDS, registry=self.registry)


class _EngineNumbers(Collector):
    def __init__(self, engine: Engine, line: WaitingLine) -> None:
        self._engine = engine
        self._line = line

    def collect(self) -> Iterator[Metric]:
        stats = self._engine.stats()
        yield CounterMetricFamily("lnh_engine_steps", "Model steps, summed over slots", stats.steps)
        yield GaugeMetricFamily("lnh_slots", "Songs that can be decoded in one batch", stats.slots)
        yield GaugeMetricFamily("lnh_slots_running", "Songs being decoded now", stats.running)
        yield GaugeMetricFamily("lnh_batch_fill", "Share of the batch in use, 0 to 1", stats.running / stats.slots)
        yield GaugeMetricFamily("lnh_queue_length", "Songs that wait for a slot", self._line.waiting + stats.waiting)
