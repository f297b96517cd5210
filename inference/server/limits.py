"""How much the service takes on; plain values that the command line fills from its settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds of one service. All have defaults that suit one machine.

    Args:
        max_waiting: songs accepted beyond those that hold a slot; one more is refused.
        max_body_bytes: largest request body.
        retention_s: how long a finished song and its files are kept.
        max_artifact_bytes: total size of all files kept; the oldest songs go first.
        max_songs_kept: finished songs remembered, whatever their size.
        grace_s: how long running songs may go on after a shutdown was asked for.
        linger_s: how long a song that ends within the grace period waits to be fetched.
        ping_s: seconds between the comments that keep an idle event stream open.
    """

    max_waiting: int = 64
    max_body_bytes: int = 64 * 2**10
    retention_s: float = 24 * 3600.0
    max_artifact_bytes: int = 4 * 2**30
    max_songs_kept: int = 5000
    grace_s: float = 30.0
    linger_s: float = 3.0
    ping_s: float = 15.0
