"""Logging as it was before a test set it up for itself."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import stamina.instrumentation
import structlog


@contextmanager
def logging_restored() -> Iterator[None]:
    """Puts the root logger and structlog back; a handler left behind would write to a stream that is gone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logger.level for name, logger in _known_loggers()}
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, logger in _known_loggers():
            logger.setLevel(levels.get(name, logging.NOTSET))
        structlog.reset_defaults()
        stamina.instrumentation.set_on_retry_hooks(None)


def _known_loggers() -> list[tuple[str, logging.Logger]]:
    found = logging.root.manager.loggerDict.items()
    return [(name, logger) for name, logger in found if isinstance(logger, logging.Logger)]
