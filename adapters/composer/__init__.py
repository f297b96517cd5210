"""The inference service, over HTTP."""

from adapters.composer.client import HttpComposer
from adapters.composer.connection import Patience

__all__ = ["HttpComposer", "Patience"]
