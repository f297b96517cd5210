"""What the service counts, for Prometheus."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from inference.api import ErrorCode, SongState
from inference.engine.contract import Engine
from inference.server.line import WaitingLine

_LAG_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_SECONDS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320, 640)


class Metrics:
    """Counters and histograms in a registry of their own, plus the engine's numbers read at each scrape."""

    def __init__(self, engine: Engine, line: WaitingLine) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._songs = Counter(
            "lnh_songs", "Songs that ended, by final state and error code", ["state", "code"], registry=self.registry
        )
        self._refused = Counter("lnh_refused", "Requests refused, by error code", ["code"], registry=self.registry)
        self._count_from_zero()
        self._seconds = {
            SongState.QUEUED: self._histogram("lnh_queue_wait_seconds", "Time from acceptance to a slot"),
            SongState.COMPOSING: self._histogram("lnh_compose_seconds", "Time from a slot to the last note"),
            SongState.RENDERING: self._histogram("lnh_render_seconds", "Time from the last note to the last file"),
        }
        self._first_bar = self._histogram("lnh_first_bar_seconds", "Time from acceptance to the first finished bar")
        self._lag = Histogram(
            "lnh_event_loop_lag_seconds",
            "How late the service's event loop gets to a timer",
            buckets=_LAG_SECONDS,
            registry=self.registry,
        )
        self._resumed = Counter(
            "lnh_songs_resumed", "Songs taken up again after a restart of the service", registry=self.registry
        )
        self._kept = Gauge("lnh_artifact_bytes", "Size of all files of finished songs", registry=self.registry)
        self.registry.register(_EngineNumbers(engine, line))

    def _count_from_zero(self) -> None:
        """Prometheus sees no growth in a number that it has never seen before: the first failure would be none."""
        for state in (SongState.DONE, SongState.CANCELLED):
            self._songs.labels(state, "")
        for code in ErrorCode:
            self._songs.labels(SongState.FAILED, code)
            self._refused.labels(code)

    def refused(self, code: ErrorCode) -> None:
        self._refused.labels(code).inc()

    def ended(self, state: SongState, code: ErrorCode | None) -> None:
        self._songs.labels(state, code or "").inc()

    def stage_took(self, stage: SongState, seconds: float) -> None:
        """A song went through `stage` (queued, composing or rendering) without failing in it."""
        self._seconds[stage].observe(seconds)

    def first_bar_took(self, seconds: float) -> None:
        self._first_bar.observe(seconds)

    def loop_was_late(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def resumed(self) -> None:
        self._resumed.inc()

    def kept(self, size_bytes: Callable[[], float]) -> None:
        """Where the size of all files is read at each scrape."""
        self._kept.set_function(size_bytes)

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
        yield CounterMetricFamily("lnh_engine_restarts", "How often the engine's worker broke", stats.restarts)
        yield GaugeMetricFamily("lnh_engine_alive", "Whether songs can be written, 0 or 1", self._engine.is_alive)
        yield GaugeMetricFamily("lnh_slots", "Songs that can be decoded in one batch", stats.slots)
        yield GaugeMetricFamily("lnh_slots_running", "Songs being decoded now", stats.running)
        yield GaugeMetricFamily("lnh_batch_fill", "Share of the batch in use, 0 to 1", stats.running / stats.slots)
        yield GaugeMetricFamily("lnh_queue_length", "Songs that wait for a slot", self._line.waiting + stats.waiting)
