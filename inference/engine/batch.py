"""What the engine's thread asks of a runner, whatever computes in it."""

from typing import Protocol

from inference.engine.sequence import Sequence


class BatchRunner(Protocol):
    """Writes up to `slots` songs side by side, one step of each at a time; not for two threads."""

    slots: int

    def join(self, sequence: Sequence) -> None:
        """Takes in a sequence whose `slot` is set and free."""

    def step(self, sequences: list[Sequence]) -> None:
        """Feeds each sequence's last step, draws its next and advances it.

        A runner may be late: then a sequence that has just joined stands still for a call.
        """
