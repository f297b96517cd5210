"""The error of evaluations."""


class CannotEvaluate(Exception):
    """Something is missing or wrong; `str(error)` is one sentence for the person at the terminal."""
