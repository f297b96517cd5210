"""The SoundFonts that a studio plays: the one asked for, or the band's own, and behind it one that has everything."""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from inference.render.errors import RenderFailed
from inference.render.soundfonts.sf2 import ATTACK, INSTRUMENT, PAN, RELEASE, SAMPLE, NotASoundfont, Tables, Zone, parse

BAND = Path(__file__).parent / "band.sf2"
DRUM_BANK = 128
_LOOPS, _SENDS = 54, (15, 16)
_LONGEST_RELEASE_S, _USUAL_RELEASE_S = 4.0, 0.5


@dataclass(frozen=True, eq=False)
class Preset:
    """One instrument of a SoundFont: in which font it is, and what a player of single notes must know about it.

    A Soundset makes each of them once, so that they are compared by identity, which is quick.
    """

    font: int
    bank: int
    program: int
    is_centred: bool
    lengths_s: tuple[float | None, ...]
    voices: tuple["Voice", ...] = ()

    @property
    def is_drum(self) -> bool:
        return self.bank == DRUM_BANK

    def release_s(self, pitch: int, velocity: int) -> float:
        """Seconds in which it falls by 80 dB when it is let go: of those that sound together, the longest."""
        found = [voice.release_s for voice in self.voices if voice.sounds(pitch, velocity)]
        return max(found, default=_USUAL_RELEASE_S)

    def attack_s(self, pitch: int, velocity: int) -> float:
        """Seconds in which it swells: of those that sound together, the shortest, which hides what swells behind it."""
        return min((voice.attack_s for voice in self.voices if voice.sounds(pitch, velocity)), default=0.0)


@dataclass(frozen=True, slots=True)
class Voice:
    """One sample of a preset: for which pitches and velocities it sounds, and how it swells and dies away."""

    pitches: tuple[int, int]
    velocities: tuple[int, int]
    attack_s: float
    release_s: float

    def sounds(self, pitch: int, velocity: int) -> bool:
        low, high = self.pitches
        soft, loud = self.velocities
        return low <= pitch <= high and soft <= velocity <= loud


class Soundset:
    """Fonts in the order in which they are asked for an instrument; bytes of sf2 files."""

    def __init__(self, *fonts: bytes) -> None:
        """Raises RenderFailed: one of them is no SoundFont."""
        try:
            self.fonts = tuple(_dry(font) for font in fonts)
            self._tables = [parse(font) for font in self.fonts]
        except NotASoundfont as error:
            raise RenderFailed("the SoundFont cannot be played; it must be an sf2 file") from error
        self._found: dict[tuple[int, int], Preset] = {}

    def preset(self, program: int, *, is_drum: bool) -> Preset:
        """The first font that has the program; a kit that none has is played on the standard kit."""
        key = (DRUM_BANK if is_drum else 0, program)
        if key not in self._found:
            self._found[key] = self._find(*key)
        return self._found[key]

    def _find(self, bank: int, program: int) -> Preset:
        wanted = [(bank, program), (bank, 0)]
        for key in wanted:
            for number, tables in enumerate(self._tables):
                row = tables.presets().get(key)
                if row is not None:
                    return _describe(tables, row, Preset(number, *key, True, ()))
        return Preset(0, bank, program, False, (None,) * 128)


@cache
def load_soundset(path: Path | None = None) -> Soundset:
    """`path` (None: the band's own) and behind it the SoundFont in pretty_midi. Raises RenderFailed."""
    return Soundset(load_soundfont(path), _read(_general_midi()))


def load_soundfont(path: Path | None = None) -> bytes:
    """A SoundFont's bytes; without a path the band's own. Raises RenderFailed."""
    return _read(path or BAND)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RenderFailed(f"I cannot read the SoundFont {path.name}: {error.strerror}") from error


def _general_midi() -> Path:
    package = find_spec("pretty_midi")
    if package is None or package.origin is None:
        raise RenderFailed("there is no General MIDI SoundFont: install pretty_midi")
    return Path(package.origin).parent / "TimGM6mb.sf2"


def _dry(content: bytes) -> bytes:
    """Without what a preset sends to the synth's reverb and chorus: the chorus would make a note depend on its time."""
    dry = bytearray(content)
    rows = parse(dry).rows
    for level in ("pgen", "igen"):
        rows[level]["amount"][np.isin(rows[level]["kind"], _SENDS)] = 0
    return bytes(dry)


def _describe(tables: Tables, row: int, bare: Preset) -> Preset:
    """Follows the preset's zones down to the samples, for each of the 128 keys."""
    lengths, looped, is_centred = [0.0] * 128, [False] * 128, True
    voices = []
    for outer, inner in _branches(tables, row):
        is_centred &= not (inner.generators.get(PAN, 0) or outer.generators.get(PAN, 0))
        attack, release = (
            _seconds(inner.generators.get(kind, -12_000), outer.generators.get(kind, 0)) for kind in (ATTACK, RELEASE)
        )
        voices.append(Voice(*_common(outer, inner), attack, release))
        for pitch in range(128):
            if outer.holds(pitch) and inner.holds(pitch):
                lengths[pitch] = max(lengths[pitch], _length_s(tables, inner, pitch))
                looped[pitch] |= bool(inner.generators.get(_LOOPS, 0) & 1)
    known = tuple(None if loops else length for loops, length in zip(looped, lengths, strict=True))
    return Preset(bare.font, bare.bank, bare.program, is_centred, known, tuple(voices))


def _common(outer: Zone, inner: Zone) -> tuple[tuple[int, int], tuple[int, int]]:
    """The pitches and the velocities at which both zones sound."""
    both = [(one.pitches, one.velocities) for one in (outer, inner)]
    (low, high), (soft, loud) = ((max(a[0], b[0]), min(a[1], b[1])) for a, b in zip(*both, strict=True))
    return (low, high), (soft, loud)


def _branches(tables: Tables, row: int) -> list[tuple[Zone, Zone]]:
    """Every (preset zone, instrument zone) pair that ends in a sample, each over its global zone."""
    pairs = []
    for outer in _over_global(list(tables.zones("p", row)), INSTRUMENT):
        inners = list(tables.zones("i", outer.generators[INSTRUMENT]))
        pairs += [(outer, inner) for inner in _over_global(inners, SAMPLE)]
    return pairs


def _over_global(zones: list[Zone], target: int) -> list[Zone]:
    base = zones[0].generators if zones and target not in zones[0].generators else {}
    return [Zone(base | zone.generators) for zone in zones if target in zone.generators]


def _seconds(timecents: int, more: int) -> float:
    """Raw 16-bit amounts of both levels -> seconds."""
    return min(_LONGEST_RELEASE_S, float(2.0 ** ((_signed(timecents) + _signed(more)) / 1200.0)))


def _signed(amount: int) -> int:
    return amount - (1 << 16) if amount >= 1 << 15 else amount


def _length_s(tables: Tables, zone: Zone, pitch: int) -> float:
    """Seconds until the sample has been played once at that pitch."""
    sample = tables.rows["shdr"][zone.generators[SAMPLE]]
    root = zone.generators.get(58, int(sample["pitch"]))
    scale = _signed(zone.generators.get(56, 100)) / 100.0
    seconds = (int(sample["end"]) - int(sample["start"])) / max(1, int(sample["rate"]))
    return float(seconds * 2.0 ** ((root - pitch) * scale / 12.0))
