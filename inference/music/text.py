"""Titles and other people's names as plain text: printable, on one line, as a file's name."""

import re
import unicodedata

_MAX_SLUG = 60


def printable(text: str) -> str:
    """The text with a space instead of each control character and of whatever else cannot be printed."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def one_line(text: str) -> str:
    """The printable text with single spaces; empty when nothing is left."""
    return " ".join(printable(text).split())


def slug(title: str) -> str:
    """A title as a file name of 60 characters at most: `Crown of Ash!` becomes `crown-of-ash`.

    It has letters, digits and hyphens of ASCII, and is empty when nothing is left.
    """
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode("ascii").lower().replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_SLUG].rstrip("-")
