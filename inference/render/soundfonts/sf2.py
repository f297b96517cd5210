"""The tables of a SoundFont 2 file: presets, their zones of instruments, and those instruments' zones of samples.

Names follow the SoundFont 2.04 specification: `phdr` lists presets, `pbag` their zones, `pgen` the zones' generators;
`inst`, `ibag`, `igen` the same for instruments, and `shdr` the samples.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Table = NDArray[Any]

RECORDS = {
    "phdr": np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("unused", "<u4", 3)]),
    "pbag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    "pgen": np.dtype([("kind", "<u2"), ("amount", "<u2")]),
    "inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    "ibag": np.dtype([("gen", "<u2"), ("mod", "<u2")]),
    "igen": np.dtype([("kind", "<u2"), ("amount", "<u2")]),
    "shdr": np.dtype(
        [
            ("name", "S20"),
            ("start", "<u4"),
            ("end", "<u4"),
            ("loop_start", "<u4"),
            ("loop_end", "<u4"),
            ("rate", "<u4"),
            ("pitch", "u1"),
            ("cents", "i1"),
            ("link", "<u2"),
            ("kind", "<u2"),
        ]
    ),
}
PAN, INSTRUMENT, KEY_RANGE, VELOCITY_RANGE, SAMPLE = 17, 41, 43, 44, 53
CUT_S, CUT_FADE_S = 3.5, 1.2  # what dies away and was longer ends after that in `band.sf2`, and fades before it
_HEADER = 8
_FORM = 4


class NotASoundfont(ValueError):
    """The bytes are no SoundFont, or a damaged one."""


@dataclass(frozen=True)
class Zone:
    """Generators of one zone: kind -> raw 16-bit amount."""

    generators: dict[int, int]

    def holds(self, pitch: int) -> bool:
        low, high = self.pitches
        return low <= pitch <= high

    @property
    def pitches(self) -> tuple[int, int]:
        """The lowest and the highest that it plays."""
        return self._range(KEY_RANGE)

    @property
    def velocities(self) -> tuple[int, int]:
        """The lowest and the highest at which it sounds."""
        return self._range(VELOCITY_RANGE)

    def _range(self, kind: int) -> tuple[int, int]:
        both = self.generators.get(kind, 127 << 8)
        return both & 255, both >> 8


@dataclass(frozen=True)
class Tables:
    """A parsed file; `samples` is the raw sample chunk (16-bit PCM, or Ogg streams in an sf3)."""

    samples: memoryview
    rows: dict[str, Table]

    def presets(self) -> dict[tuple[int, int], int]:
        """(bank, program) -> row of `phdr`."""
        presets = self.rows["phdr"][:-1]
        return {(int(row["bank"]), int(row["program"])): index for index, row in enumerate(presets)}

    def zones(self, level: str, row: int) -> Iterator[Zone]:
        """Zones of a preset (`level` "p") or an instrument ("i"); a global zone comes first and names no target."""
        heads = self.rows["phdr" if level == "p" else "inst"]
        bags, generators = self.rows[level + "bag"], self.rows[level + "gen"]
        for bag in range(int(heads[row]["bag"]), int(heads[row + 1]["bag"])):
            some = generators[int(bags[bag]["gen"]) : int(bags[bag + 1]["gen"])]
            yield Zone({int(one["kind"]): int(one["amount"]) for one in some})


def signed(amount: int) -> int:
    """A generator's raw 16 bits as a number with a sign."""
    return amount - (1 << 16) if amount >= 1 << 15 else amount


def parse(content: bytes | bytearray) -> Tables:
    """Reads sf2 and sf3, with or without the pad byte that odd chunks should have. Raises NotASoundfont."""
    view = memoryview(content)
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"sfbk":
        raise NotASoundfont("a SoundFont starts with RIFF and sfbk")
    chunks = dict(_leaves(view[12:]))
    missing = [name for name in ("smpl", *RECORDS) if name not in chunks]
    if missing:
        raise NotASoundfont(f"the SoundFont has no {missing[0]} chunk")
    return Tables(chunks["smpl"], {name: _rows(name, chunks[name]) for name in RECORDS})


def _leaves(view: memoryview) -> Iterator[tuple[str, memoryview]]:
    """All chunks that hold no other ones."""
    at = 0
    while at + _HEADER <= len(view):
        if view[at] == 0:  # a pad byte
            at += 1
            continue
        name, size = struct.unpack_from("<4sI", view, at)
        body = view[at + _HEADER : at + _HEADER + size]
        if name == b"LIST":
            yield from _leaves(body[_FORM:])
        else:
            yield name.decode("latin-1"), body
        at += _HEADER + size


def _rows(name: str, body: memoryview) -> Table:
    kind = RECORDS[name]
    if len(body) % kind.itemsize or len(body) < kind.itemsize:
        raise NotASoundfont(f"the {name} chunk of the SoundFont is damaged")
    return np.frombuffer(body, kind)
