"""Extras of the package that some commands need: whether they are installed, and how to install them."""

from importlib.util import find_spec

from bot.commands.trouble import CommandTrouble

_PACKAGES = {"train": ("symusic",), "eval": ("symusic", "sklearn", "matplotlib")}


def need_extra(extra: str, purpose: str) -> None:
    """Raises CommandTrouble, with the command that installs it, when a package of an extra is missing.

    Args:
        extra: `train` or `eval`, as in pyproject.toml.
        purpose: what needs it, the subject of the sentence.
    """
    missing = [package for package in _PACKAGES[extra] if find_spec(package) is None]
    if missing:
        raise CommandTrouble(f"{purpose} needs {', '.join(missing)}: .venv/bin/pip install 'lnh-band[{extra}]'")
