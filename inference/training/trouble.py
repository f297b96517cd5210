"""The error of training commands."""


class CannotTrain(Exception):
    """Something is missing or wrong; `str(error)` is one sentence for the person at the terminal."""
