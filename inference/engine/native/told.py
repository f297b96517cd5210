"""Songs and tables as the native step takes them over."""

import ctypes

from inference.engine.rules.song import Joining
from inference.engine.rules.tables import music_tables

_POINTER = ctypes.c_void_p


class Told(ctypes.Structure):
    """In the order of `Told` in author.hpp. What it was made of must live as long."""

    _fields_ = (
        *((name, _POINTER) for name in ("header", "settings", "opening", "cells", "given")),
        ("given_size", ctypes.c_int32),
    )

    @classmethod
    def of(cls, song: Joining) -> "Told":
        """A song that joins."""
        arrays = (song.header, song.settings, song.opening, song.cells, song.given)
        return cls(*(array.ctypes.data for array in arrays), len(song.given))


def tables() -> "ctypes.Array[ctypes.c_void_p]":
    """`Tables` of parts.hpp; the arrays stay where they are."""
    arrays = music_tables().values()
    return (_POINTER * len(arrays))(*(array.ctypes.data for array in arrays))
