"""Several songs to one wish, of which the critic chooses one."""

from inference.music.spec import MAX_SEED

_STRIDE = 0x9E3779B1  # odd, so that all takes differ, and far from the seeds people count up


def seed_of_take(seed: int, take: int) -> int:
    """The seed that a take (0, 1 ...) is drawn with; the first has the song's own."""
    return (seed + take * _STRIDE) % (MAX_SEED + 1)
