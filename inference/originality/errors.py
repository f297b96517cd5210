"""Errors of loading an index."""


class BadIndex(Exception):
    """The index is missing, damaged or of another version; `str(error)` is one sentence for a user."""
