"""What can go wrong with the database as a whole."""


class StorageError(Exception):
    """The database cannot be used; `str(error)` is one sentence for the operator."""
