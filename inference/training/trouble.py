"""Why a run cannot start."""


class CannotTrain(Exception):
    """Something is missing or wrong; `str(error)` is one sentence for the person at the terminal."""
