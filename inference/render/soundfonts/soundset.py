"""The SoundFonts that a studio plays: the one asked for, or the band's own, and behind it one that has everything."""

import math
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from inference.render.errors import RenderFailed
from inference.render.soundfonts.envelope import Envelope, envelope_of
from inference.render.soundfonts.sf2 import (
    CUT_FADE_S,
    CUT_S,
    INSTRUMENT,
    PAN,
    SAMPLE,
    NotASoundfont,
    Tables,
    Zone,
    parse,
    signed,
)
from inference.render.soundfonts.wave import Wave, wave_of

BAND = Path(__file__).parent / "band.sf2"
DRUM_BANK = 128
_LOOPS, _SENDS = 54, (15, 16)
_USUAL = Envelope()
_ABOUT_S, _BREAKS_OFF_FROM_S, _LAST_S, _HEARD = 1e-3, 1.9, 0.03, 1e-3
_ATTENUATION, _ATTENUATION_HEARD = 48, 0.4


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
    cuts_s: tuple[float | None, ...] = (None,) * 128

    @property
    def is_drum(self) -> bool:
        return self.bank == DRUM_BANK

    def envelopes(self, pitch: int, velocity: int) -> tuple[tuple[Envelope, float], ...]:
        """Of all voices that sound together: how each swells and dies away, and its share of the power."""
        found = tuple((one.envelope, one.power) for one in self.voices if one.sounds(pitch, velocity))
        return found or ((_USUAL, 1.0),)

    def release_s(self, pitch: int, velocity: int) -> float:
        """Seconds in which it falls by 80 dB when it is let go: of those that sound together, the longest."""
        return max(envelope.release_s for envelope, _ in self.envelopes(pitch, velocity))


@dataclass(frozen=True, slots=True)
class Voice:
    """One sample of a preset: for which pitches and velocities it sounds, and how it swells and dies away.

    `wave` is what it sounds like, None where only a whole synthesizer can tell.
    """

    pitches: tuple[int, int]
    velocities: tuple[int, int]
    envelope: Envelope
    power: float
    wave: Wave | None = None

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
    lengths, cuts, looped, is_centred = [0.0] * 128, [math.inf] * 128, [False] * 128, True
    voices = []
    for outer, inner in _branches(tables, row):
        is_centred &= not (inner.generators.get(PAN, 0) or outer.generators.get(PAN, 0))
        whole = _whole_part(tables, inner, is_drum=bare.is_drum)
        sound = wave_of(tables, inner, outer)
        voices.append(Voice(*_common(outer, inner), envelope_of(inner, outer), _power(inner, outer), sound))
        for pitch in range(128):
            if outer.holds(pitch) and inner.holds(pitch):
                length = _length_s(tables, inner, pitch)
                lengths[pitch] = max(lengths[pitch], length)
                looped[pitch] |= bool(inner.generators.get(_LOOPS, 0) & 1)
                cuts[pitch] = min(cuts[pitch], length * whole)
    known = tuple(None if loops else length for loops, length in zip(looped, lengths, strict=True))
    cut = tuple(None if loops or at == math.inf else at for loops, at in zip(looped, cuts, strict=True))
    return Preset(bare.font, bare.bank, bare.program, is_centred, known, tuple(voices), cut)


def _power(inner: Zone, outer: Zone) -> float:
    """What a voice's attenuation (centibels, of which synths heed two fifths) leaves of its power."""
    amount = sum(signed(zone.generators.get(_ATTENUATION, 0)) for zone in (inner, outer))
    return float(10.0 ** (-_ATTENUATION_HEARD * amount / 100.0))


def _whole_part(tables: Tables, zone: Zone, *, is_drum: bool) -> float:
    """Up to which part of a sample it is as it was recorded, before it is faded or breaks off; inf: all, and it ends.

    The band's long samples fade early. A string's may have had a loop, and break off now.
    """
    sample = tables.rows["shdr"][zone.generators[SAMPLE]]
    start, end, rate = int(sample["start"]), int(sample["end"]), max(1, int(sample["rate"]))
    if abs((end - start) / rate - CUT_S) < _ABOUT_S:
        return 1 - CUT_FADE_S / CUT_S
    if is_drum or not _BREAKS_OFF_FROM_S < (end - start) / rate < CUT_S:
        return math.inf
    pcm = np.frombuffer(tables.samples[2 * start : 2 * end], "<i2").astype(np.float32)
    last = max(1, int(_LAST_S * rate))
    breaks_off = np.sqrt(np.mean(np.square(pcm[-last:]))) > _HEARD * np.abs(pcm).max()
    return 1 - last / len(pcm) if breaks_off else math.inf


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


def _length_s(tables: Tables, zone: Zone, pitch: int) -> float:
    """Seconds until the sample has been played once at that pitch."""
    sample = tables.rows["shdr"][zone.generators[SAMPLE]]
    root = zone.generators.get(58, int(sample["pitch"]))
    scale = signed(zone.generators.get(56, 100)) / 100.0
    seconds = (int(sample["end"]) - int(sample["start"])) / max(1, int(sample["rate"]))
    return float(seconds * 2.0 ** ((root - pitch) * scale / 12.0))
