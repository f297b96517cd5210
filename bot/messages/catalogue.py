"""Sentences by code and locale."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LOCALES = ("en", "de")  # the first is what everybody else reads


def say(code: str, locale: str, **params: object) -> str:
    """The sentence of `code` for a BCP 47 `locale`, its blanks filled from `params`.

    Raises:
        KeyError: no such code or a blank without its parameter, both a mistake in the code that asks.
    """
    return messages(language(locale))[code].format(**params)


def language(locale: str) -> str:
    """The one of LOCALES that serves `locale`: `de-AT` reads `de`, an unknown language the first."""
    tongue = locale.replace("_", "-").partition("-")[0].casefold()
    return tongue if tongue in LOCALES else LOCALES[0]


@cache
def messages(language: str) -> Mapping[str, str]:
    """All sentences of one of LOCALES, by code."""
    text = files("bot.messages").joinpath(f"{language}.toml").read_text(encoding="utf-8")
    return {str(code): str(sentence) for code, sentence in tomllib.loads(text).items()}
