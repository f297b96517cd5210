"""Genres and blends of genres, as people write them."""

from inference.music.errors import InvalidSpec
from inference.music.genre import GenreCatalogue

Blend = tuple[tuple[str, float], ...]


def read_genres(text: str, catalogue: GenreCatalogue) -> Blend:
    """Reads a genre, `metal+jazz` or `metal:0.7+jazz:0.3` as names of the catalogue with weights that sum to 1.

    Raises:
        UnknownGenre: with the nearest names.
        InvalidSpec: a weight that is none, or the weight of a single genre.
    """
    if any(mark in text for mark in "+,:"):
        return read_blend(text, catalogue)
    return ((catalogue.find(text).name, 1.0),)


def read_blend(text: str, catalogue: GenreCatalogue) -> tuple[tuple[str, float], ...]:
    """Reads `metal:0.7,jazz:0.3` or `metal+jazz`; weights that are not said are equal, and all are scaled to sum to 1.

    Raises:
        UnknownGenre: with the nearest names.
        InvalidSpec: fewer than two genres, or a weight that is none.
    """
    weights: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.replace("+", ",").split(","))):
        name, _, weight = part.partition(":")
        try:
            share = float(weight) if weight.strip() else 1.0
        except ValueError:
            share = -1.0
        if not 0 < share < 1e6:
            raise InvalidSpec("genre", f"“{weight}” is no weight for {name}; write one such as {name}:0.7")
        known_as = catalogue.find(name.strip()).name
        weights[known_as] = weights.get(known_as, 0.0) + share
    if len(weights) < 2:
        raise InvalidSpec("genre", "a blend needs two genres or more, such as metal:0.7,jazz:0.3")
    total = sum(weights.values())
    return tuple((name, share / total) for name, share in weights.items())
