"""Packages that only some files need."""

import importlib
from typing import Any

from inference.render.errors import RenderFailed


def require(package: str, extra: str, purpose: str) -> Any:
    """The package, imported.

    Raises:
        RenderFailed: it is not installed; the sentence says how to get it.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise RenderFailed(
            f"{purpose} needs the package {package}, which is not installed; get it with"
            f" pip install 'lnh-band[{extra}]'"
        ) from error
