"""Errors of loading weights."""


class CheckpointError(Exception):
    """The checkpoint is missing, damaged or of another version; `str(error)` is one sentence for a user."""
