"""How much the service takes on; plain values that the command line fills from its settings."""

from dataclasses import dataclass

from inference.music.packed import MAX_PACKED_CHARS


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds of one service. All have defaults that suit one machine.

    Args:
        takes: of a new song whose request does not say how many; fewer in company if its seed was not chosen.
        max_waiting: songs accepted beyond those that hold a slot; one more is refused.
        max_wait_s: longest wait for a slot that a song is let in for, as far as can be foreseen.
        client_songs_at_once: songs that one user of a client may have waiting or in the making.
        client_songs_an_hour: songs that one of them may ask for within an hour; None sets no such bound.
        max_body_bytes: largest request body; a song to edit is most of it.
        retention_s: how long a finished song and its files are kept.
        max_song_bytes: size of all files of one song; a song with more has failed.
        max_artifact_bytes: total size of all files kept; the oldest songs go first.
        max_songs_kept: finished songs remembered, whatever their size.
        grace_s: how long running songs may go on after a shutdown was asked for.
        linger_s: how long a song that ends within the grace period waits to be fetched.
        preview_after_s: a quick mix comes first where the full one takes longer than this and the request wants it.
        ping_s: seconds between the comments that keep an idle event stream open.
    """

    takes: int = 1
    max_waiting: int = 64
    max_wait_s: float = 600.0
    client_songs_at_once: int = 16
    client_songs_an_hour: int | None = None
    max_body_bytes: int = MAX_PACKED_CHARS + 64 * 2**10
    retention_s: float = 24 * 3600.0
    max_song_bytes: int = 512 * 2**20
    max_artifact_bytes: int = 4 * 2**30
    max_songs_kept: int = 5000
    grace_s: float = 30.0
    linger_s: float = 3.0
    preview_after_s: float = 5.0
    ping_s: float = 15.0
