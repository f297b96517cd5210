"""Whose turn it is."""

from collections.abc import Iterable


class Turns:
    """Names take turns: start-time fair queueing (Goyal, Vin and Cheng, 1996) with one song as the unit.

    A name that had a song stands one turn behind those that had none; one that was away for long has saved up nothing.
    """

    def __init__(self) -> None:
        self._now = 0
        self._next: dict[str, int] = {}

    def of(self, name: str) -> int:
        """The turn in which `name` is next; the lowest goes first."""
        return max(self._now, self._next.get(name, 0))

    def take(self, name: str) -> None:
        """`name` has its turn now."""
        self._now = self.of(name)
        self._next[name] = self._now + 1
        # Whoever's next turn has come stands where a newcomer would.
        self._next = {one: turn for one, turn in self._next.items() if turn > self._now}


class NestedTurns:
    """Clients take turns, and within a client its users do."""

    def __init__(self) -> None:
        self._clients = Turns()
        self._users: dict[str, Turns] = {}

    def of(self, client: str, user: str) -> tuple[int, int]:
        """Compared with others of this moment; the lowest goes first."""
        users = self._users.get(client)
        return self._clients.of(client), 0 if users is None else users.of(user)

    def take(self, client: str, user: str) -> None:
        self._clients.take(client)
        self._users.setdefault(client, Turns()).take(user)

    def forget_all_but(self, clients: Iterable[str]) -> None:
        """Forgets the users of clients that wait for nothing."""
        self._users = {client: self._users[client] for client in clients if client in self._users}
