"""What the bot keeps, by SQLAlchemy; the URL decides which database."""

from adapters.storage.errors import StorageError
from adapters.storage.migrate import upgrade
from adapters.storage.sealed import kept_tokens
from adapters.storage.store import Storage, open_storage

__all__ = ["Storage", "StorageError", "kept_tokens", "open_storage", "upgrade"]
