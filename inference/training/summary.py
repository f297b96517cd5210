"""The contents of a bank as a text table."""

from collections import Counter
from collections.abc import Iterator

from inference.training.bank import Bank
from inference.training.corpus import SPLITS


def summarise(bank: Bank) -> Iterator[str]:
    """A line a genre, the largest first: songs of each split, bars, and meters other than 4/4."""
    songs: dict[str, list[int]] = {}
    for song in range(len(bank)):
        songs.setdefault(bank.genre(song), []).append(song)
    width = max([len("all genres"), *map(len, songs)])
    yield f"{'genre':{width}}{''.join(f'{split:>8}' for split in SPLITS)}{'bars':>10}  meters"
    for genre in sorted(songs, key=lambda genre: (-len(songs[genre]), genre)):
        yield _line(bank, (genre or "(none)").ljust(width), songs[genre])
    if len(songs) > 1:
        yield _line(bank, "all genres".ljust(width), list(range(len(bank))))


def _line(bank: Bank, name: str, songs: list[int]) -> str:
    splits = Counter(bank.split(song) for song in songs)
    meters = Counter(str(bank.meter(song)) for song in songs)
    counts = "".join(f"{splits[split]:8}" for split in SPLITS)
    named = ", ".join(f"{meter} {count}" for meter, count in meters.most_common())
    return f"{name}{counts}{sum(bank.bar_count(song) for song in songs):10}  {named}"
