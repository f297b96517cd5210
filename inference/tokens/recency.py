"""Recently played content, most recent first: what the RIFF tokens index."""

from typing import Generic, TypeVar

from inference.tokens.vocabulary import RIFFS

T = TypeVar("T")


class Recency(Generic[T]):
    """Distinct items, the most recently used first."""

    def __init__(self) -> None:
        self._items: list[T] = []

    def use(self, item: T) -> None:
        if item in self._items:
            self._items.remove(item)
        self._items.insert(0, item)

    def rank(self, item: T) -> int | None:
        """The index of an item, 0 for the latest; None if it is unknown or too old."""
        index = self._items.index(item) if item in self._items else RIFFS
        return index if index < RIFFS else None

    def __getitem__(self, rank: int) -> T:
        return self._items[rank]

    def __len__(self) -> int:
        return min(RIFFS, len(self._items))
