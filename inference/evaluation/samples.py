"""Training samples from a bank: excerpts of one length, of the whole band or a part of it."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from inference.music.program import Role
from inference.music.score import Score
from inference.tokens.perform import perform
from inference.training.bank import Bank


class Sample(NamedTuple):
    """An excerpt and who plays its tracks; `song` is the same number for samples of one song."""

    score: Score
    roles: tuple[Role, ...]
    song: int


def excerpts(banks: Sequence[Bank], split: str, genre: str, wanted: tuple[int, int], seed: int) -> Iterator[Sample]:
    """One excerpt each of songs drawn at random.

    Args:
        banks: to draw from.
        split: train, valid or test.
        genre: of the songs.
        wanted: (at most so many songs, bars of each).
        seed: of the draw.
    """
    count, bars = wanted
    rng = random.Random(f"{seed}:{split}:{genre}")
    songs = [
        (number, song)
        for number, bank in enumerate(banks)
        for song in map(int, bank.by_split[split])
        if bank.genre(song) == genre and bank.bar_count(song) >= bars
    ]
    for number, song in rng.sample(songs, min(count, len(songs))):
        bank = banks[number]
        roster = bank.roster(song)
        start = rng.randint(0, bank.bar_count(song) - bars)
        score = perform(bank.excerpt(song, range(start, start + bars), tuple(range(len(roster))), 0))
        yield Sample(score, tuple(player.role for player in roster), number << 32 | song)


def thinned(sample: Sample, players: int, rng: random.Random) -> Sample:
    """The same with at most so many players, drums and bass among them if there are any."""
    order = list(range(len(sample.roles)))
    rng.shuffle(order)
    order.sort(key=lambda track: sample.roles[track] not in (Role.DRUMS, Role.BASS))
    kept = sorted(order[:players])
    score = Score(tuple(sample.score.tracks[track] for track in kept), sample.score.tempos, sample.score.meters)
    return Sample(score, tuple(sample.roles[track] for track in kept), sample.song)
