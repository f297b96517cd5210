"""Errors of loading a critic."""


class BadCritic(Exception):
    """The file is missing, damaged or of another version; `str(error)` is one sentence for a user."""
