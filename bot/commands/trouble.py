"""Errors as one sentence for the person at the terminal."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from bot.domain.errors import LnhError
from bot.messages import sentence
from bot.settings import BadSettings
from inference.music.errors import MusicError


class CommandTrouble(Exception):
    """A command cannot do what it was asked; `str(error)` is one sentence for the person at the terminal."""


@contextmanager
def as_trouble(*kinds: type[Exception]) -> Iterator[None]:
    """Turns errors of these kinds (alone or in a group), whose text is a sentence already, into CommandTrouble.

    Raises:
        CommandTrouble: with the first one's sentence.
    """
    try:
        yield
    except Exception as error:
        told = next((str(leaf) for leaf in _leaves(error) if isinstance(leaf, kinds)), None)
        if told is None:
            raise
        raise CommandTrouble(told) from error


def sentence_of(error: BaseException) -> str | None:
    """The sentence for an error that the user can fix; None for a bug, which should keep its traceback."""
    for leaf in _leaves(error):
        told = _sentence_of_leaf(leaf)
        if told is not None:
            return told
    return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _sentence_of_leaf(error: BaseException) -> str | None:
    if isinstance(error, CommandTrouble | BadSettings):
        return str(error)
    if isinstance(error, LnhError | MusicError):
        return sentence(error, "en")
    if isinstance(error, OSError) and error.errno is not None:
        return _system_sentence(error)
    return None


def _system_sentence(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    if error.errno == errno.EADDRINUSE:
        return "the port is in use; choose another with LNH_INFERENCE_PORT (0 takes any free one)"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror}"
