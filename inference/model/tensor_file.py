"""What all safetensors files of LnH have in common: an entry of JSON that tells their format; no torch here."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

_ENTRY = "lnh"
# What a missing, damaged or foreign file does to its reader, in safe_open, in the entry or in what is built of both.
_DAMAGE = (SafetensorError, OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its name with the article, its format with a version, and what reading it may raise."""

    name: str
    format: str
    error: type[Exception]


def metadata_of(kind: Kind, said: Mapping[str, Any]) -> dict[str, str]:
    """What is written beside the tensors: the format, and what else is `said` of them in terms of JSON."""
    # One entry, because safetensors writes several in any order and equal contents must have equal hashes.
    return {_ENTRY: json.dumps({"format": kind.format, **said}, sort_keys=True)}


def write_arrays(path: Path, kind: Kind, arrays: Mapping[str, NDArray[Any]], said: Mapping[str, Any]) -> None:
    """Writes the file, and its folder if it is missing. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # save_file would keep the file from other users, such as the one a service runs as.
    path.write_bytes(save(dict(arrays), metadata_of(kind, said)))


@contextmanager
def opened(path: Path, kind: Kind, framework: str = "numpy") -> Iterator[tuple[dict[str, Any], Any]]:
    """What `metadata_of` was told, and the open file; all that goes wrong inside is the file's fault.

    Args:
        path: the file.
        kind: what it must be.
        framework: whose tensors the file gives, as `safe_open` names it.

    Raises:
        kind.error: the file is missing, damaged, or of another format.
    """
    with guarded(path, kind), safe_open(path, framework=framework) as file:
        entry = json.loads((file.metadata() or {}).get(_ENTRY, "{}"))
        if entry.get("format") != kind.format:
            raise kind.error(f"{path} is not {kind.name} of this version of LnH ({kind.format})")
        yield entry, file


def tensors_in(file: Any) -> dict[str, Any]:
    """Every tensor of an opened file, by name."""
    return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # not a dict


@contextmanager
def guarded(path: Path, kind: Kind) -> Iterator[None]:
    """Turns what a missing or damaged file does to its reader into `kind.error`."""
    name = kind.name.partition(" ")[2]
    try:
        yield
    except FileNotFoundError as error:
        raise kind.error(f"there is no {name} at {path}") from error
    except _DAMAGE as error:
        raise kind.error(f"the {name} {path} is damaged: {error}") from error
