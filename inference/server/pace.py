"""How long songs take here, learnt from the ones that were made."""

_WEIGHT = 0.2  # of the newest song in the running means
_TYPICAL_BARS = 32


class Pace:
    """Running means that give estimates. The first ones, in seconds, are guesses for two CPU cores.

    Args:
        bar_s: seconds that one bar holds a slot.
        render_s: seconds from the last note to the last file.
    """

    def __init__(self, bar_s: float = 0.15, render_s: float = 4.0) -> None:
        self._bar_s = bar_s
        self._render_s = render_s
        self._departure_s: float | None = None
        self._last_departure: float | None = None

    def composed(self, bars: int, seconds: float) -> None:
        self._bar_s += _WEIGHT * (seconds / bars - self._bar_s)

    def rendered(self, seconds: float) -> None:
        self._render_s += _WEIGHT * (seconds - self._render_s)

    def departed(self, now_s: float, *, others_wait: bool) -> None:
        """A song has left the house at `now_s`; the time since the one before counts if somebody waited throughout."""
        if self._last_departure is not None:
            seconds = now_s - self._last_departure
            before = seconds if self._departure_s is None else self._departure_s
            self._departure_s = before + _WEIGHT * (seconds - before)
        self._last_departure = now_s if others_wait else None

    def place_s(self, slots: int) -> float:
        """Seconds until a place becomes free while the house is full."""
        return self.compose_s() / slots if self._departure_s is None else self._departure_s

    def compose_s(self, bars: int = _TYPICAL_BARS) -> float:
        """Seconds that `bars` bars hold a slot."""
        return self._bar_s * bars

    @property
    def render_s(self) -> float:
        return self._render_s

    def wait_s(self, ahead: int, slots: int) -> float:
        """Seconds until `ahead` songs of typical length have left `slots` slots that work side by side."""
        return ahead * self.compose_s() / slots
