"""What the players do: which tones a part needs, and the sound of the part with each of them in its places."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np

from inference.music.articulation import palm_mutes
from inference.music.score import Score
from inference.render.errors import ScoreTooLarge
from inference.render.parts import MUTED_GUITAR, Part
from inference.render.signal import Audio, add_scaled
from inference.render.soundfonts.soundset import Preset, Soundset
from inference.render.synth import RATE, Tone, falling
from inference.render.timeline import Timeline

FINE_LAYERS, COARSE_LAYERS = (16, 32, 128), (32, 128)  # velocities that share a tone, finer ones first
_DRUM_S, _CYMBAL_S = 2.6, 5.5
_MUTED_S = 0.16
_TAKE_CENTS = 2.5
_LATE_S = 0.008
_STRUM_S = 0.002
_CHOKES = ({42, 44, 46}, {71, 72}, {73, 74}, {78, 79}, {80, 81})
_CHOKE_FADE = 384
_MOST_TONES_S = 2400.0
_DRUM_PANS = {
    35: 0.0, 36: 0.0, 37: -0.1, 38: 0.0, 40: 0.0, 42: 0.35, 44: 0.35, 46: 0.35, 41: -0.6, 43: -0.45, 45: -0.2, 47: 0.1,
    48: 0.3, 50: 0.5, 49: 0.6, 57: -0.65, 51: -0.5, 59: -0.5, 53: -0.45, 52: 0.7, 55: 0.3, 39: -0.15, 54: -0.3,
    56: 0.25, 60: 0.5, 61: 0.45, 62: -0.35, 63: -0.4, 64: -0.5, 65: 0.4, 66: 0.5, 67: -0.6, 68: -0.55, 69: -0.4,
    70: 0.55, 75: 0.3, 76: 0.4, 77: 0.35, 80: -0.5, 81: -0.5,
}  # fmt: skip

Shape = Callable[[Audio, bool], Audio]


class Hit(NamedTuple):
    """A tone in its place: from sample `at` on for `length` samples until it is let go, times `gain`.

    `stop` is the sample where another drum silences it.
    """

    tone: Tone
    at: int
    length: int
    gain: float
    is_muted: bool = False
    pan: float = 0.0
    stop: int | None = None


@dataclass(frozen=True)
class Performance:
    """A part with its hits, one tuple for each take."""

    part: Part
    takes: tuple[tuple[Hit, ...], ...]

    @cached_property
    def tones(self) -> dict[Tone, int]:
        """The different tones, with the samples for which each is held at most."""
        longest: dict[Tone, int] = {}
        for hit in chain.from_iterable(self.takes):
            if longest.get(hit.tone, 0) < hit.length:
                longest[hit.tone] = hit.length
        return longest


def perform(
    score: Score, parts: list[Part], timeline: Timeline, soundset: Soundset, layers: tuple[int, ...] = FINE_LAYERS
) -> list[Performance]:
    """Each part's hits. A song with very many different notes is played with the later, coarser `layers` of velocity.

    Raises:
        ScoreTooLarge: it would take too long all the same.
    """
    for layer in layers:
        performances = [_performance(score, part, timeline, soundset, layer) for part in parts]
        lengths = tones_of(performances)
        if sum(length + tone.ring_samples for tone, length in lengths.items()) <= _MOST_TONES_S * RATE:
            return performances
    raise ScoreTooLarge("this song has too many different long notes for me to play")


def tones_of(performances: Iterable[Performance]) -> dict[Tone, int]:
    """The different tones of some performances, with the samples for which each is held at most."""
    longest: dict[Tone, int] = {}
    for one in performances:
        for tone, length in one.tones.items():
            longest[tone] = max(longest.get(tone, 0), length)
    return longest


def _performance(score: Score, part: Part, timeline: Timeline, soundset: Soundset, step: int) -> Performance:
    track = score.tracks[part.track]
    ticks = np.array([note.tick for note in track.notes], dtype=np.int64)
    ends = np.array([note.end for note in track.notes], dtype=np.int64)
    starts, lengths = timeline.samples(ticks), timeline.seconds_between(ticks, ends) * RATE
    muted = palm_mutes(track, score) if part.amp else (False,) * len(track.notes)
    preset, palm = (soundset.preset(program, is_drum=track.is_drum) for program in (part.program, MUTED_GUITAR))
    last = {note.pitch: note for note in track.notes} if track.is_drum else {}
    hits = []
    for note, at, length, is_muted in zip(track.notes, starts.tolist(), lengths.tolist(), muted, strict=True):
        layer = min(127, note.velocity // step * step + step // 2)
        gain = (note.velocity / layer) ** 2  # how velocity sounds in a SoundFont: 40 dB a decade
        tone = Tone(palm if is_muted else preset, note.pitch, layer)
        if track.is_drum:
            held = _drum_s(preset, note.pitch, is_last=note is last[note.pitch]) * RATE
            pan = _DRUM_PANS.get(note.pitch, 0.0) if preset.is_centred else 0.0
            hits.append(Hit(tone, at, round(held), gain, pan=pan))
        else:
            held = min(length, _MUTED_S * RATE) if is_muted else length
            hits.append(Hit(tone, at, max(1, round(held)), gain, is_muted))
    if track.is_drum:
        hits = list(_choked(hits))
    if not part.amp or (part.takes == 1 and part.chair == 0):
        return Performance(part, (tuple(hits),))
    sides = (_tuned(hits, _TAKE_CENTS), _again(_tuned(hits, -_TAKE_CENTS), timeline.within_bar(ticks)))
    return Performance(part, sides if part.takes == 2 else sides[part.chair % 2 :][:1])


def _drum_s(preset: Preset, pitch: int, *, is_last: bool) -> float:
    """The last hit on a cymbal is heard to its end; others disappear behind what follows."""
    if is_last and preset.cuts_s[pitch] is not None:
        return _CYMBAL_S
    return min(_DRUM_S, preset.lengths_s[pitch] or _DRUM_S)


def _choked(hits: list[Hit]) -> Iterable[Hit]:
    """A hi-hat that closes silences the open one."""
    following: dict[int, int] = {}  # group -> where its next hit stands
    stops: list[int | None] = []
    later: dict[int, int] = {}
    for hit in reversed(hits):
        group = next((index for index, group in enumerate(_CHOKES) if hit.tone.pitch in group), None)
        if group is None:
            stops.append(None)
            continue
        if later.get(group, hit.at) > hit.at:
            following[group] = later[group]
        stops.append(following.get(group))
        later[group] = hit.at
    return (hit._replace(stop=stop) for hit, stop in zip(hits, reversed(stops), strict=True))


def _tuned(hits: list[Hit], cents: float) -> tuple[Hit, ...]:
    tuned = {hit.tone: hit.tone._replace(cents=cents) for hit in hits}
    return tuple(hit._replace(tone=tuned[hit.tone]) for hit in hits)


def _again(hits: tuple[Hit, ...], within_bar: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[Hit, ...]:
    """As a person plays it again: a few milliseconds off and not quite as loud, the same way in bars that are equal."""
    moved = []
    for hit, tick in zip(hits, within_bar.tolist(), strict=True):
        stroke, string = chance(tick, 0), chance(tick, hit.tone.pitch)
        late = round((_LATE_S * stroke + _STRUM_S * string) * RATE)
        moved.append(hit._replace(at=hit.at + late, gain=hit.gain * (0.85 + 0.25 * string)))
    return tuple(moved)


def chance(tick: int, pitch: int) -> float:
    """0 to 1, as if by chance, and the same everywhere and always."""
    mixed = (tick * 2_654_435_761 + pitch * 2_246_822_519 + 374_761_393) & 0xFFFFFFFF
    mixed = ((mixed ^ (mixed >> 15)) * 2_246_822_519) & 0xFFFFFFFF
    return float((mixed ^ (mixed >> 13)) & 0xFFFF) / 0xFFFF


def sound_of(performance: Performance, tones: dict[Tone, Audio], samples: int, shape: Shape | None = None) -> Audio:
    """The part's sound, (1, samples) where everything stands in the middle, else (2, samples).

    `shape` treats each different tone (its sound, whether it is palm-muted) before it is put into its places.
    """
    shaped: dict[tuple[Tone, bool], Audio] = {}
    for hit in chain.from_iterable(performance.takes):
        key = (hit.tone, hit.is_muted)
        if key not in shaped:
            shaped[key] = shape(tones[hit.tone], hit.is_muted) if shape else tones[hit.tone]
    is_wide = len(performance.takes) == 2 or any(len(one) == 2 for one in shaped.values())
    is_wide = is_wide or any(hit.pan for hit in performance.takes[0])
    sound = np.zeros((2 if is_wide else 1, samples), np.float32)
    for number, take in enumerate(performance.takes):
        rows = sound[number : number + 1] if len(performance.takes) == 2 else sound
        for hit in take:
            _add(rows, hit, shaped[hit.tone, hit.is_muted])
    return sound


def _add(rows: Audio, hit: Hit, tone: Audio) -> None:
    """The tone while it is held, and its falling end."""
    held = hit.length if hit.stop is None else min(hit.length, hit.stop - hit.at)
    _lay(rows, hit, tone[:, :held], hit.at)
    rest = tone[:, held:]
    if rest.shape[1]:
        fall = falling(hit.tone, held) if held == hit.length else _choke()
        rest = rest[:, : len(fall)]
        _lay(rows, hit, rest * fall[: rest.shape[1]], hit.at + held)


def _lay(rows: Audio, hit: Hit, sound: Audio, at: int) -> None:
    length = min(rows.shape[1] - at, sound.shape[1])
    if length <= 0:
        return
    if len(rows) < len(sound):
        sound = sound.mean(axis=0, keepdims=True)
    pans = (min(1.0, 1.0 - hit.pan), min(1.0, 1.0 + hit.pan)) if hit.pan and len(rows) == 2 else (1.0, 1.0)
    for number, row in enumerate(rows):
        side = sound[0] if hit.pan else sound[number % len(sound)]
        add_scaled(row, at, side[:length], hit.gain * pans[number])


@cache
def _choke() -> Audio:
    return np.linspace(1.0, 0.0, _CHOKE_FADE, dtype=np.float32)
