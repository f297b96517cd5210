"""Single notes -> sound, with a Soundset.

A song has thousands of notes but only some hundred different ones, and a synthesizer is linear: notes may be added up
after it just as well as inside it. So each different note is played once, alone, and put wherever the song has it by
`inference.render.performance`. That is several times faster than playing a song from end to end, no synth runs out of
voices or over full scale, every note starts on its own sample, and bars that are repeated come out equal bit for bit.

Most notes are a voice or two of `inference.render.voices`; the others are played by midirenderer: the same sound.
"""

import io
import wave
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import NamedTuple

import midirenderer
import mido
import numpy as np
import scipy.signal
from numpy.typing import NDArray

from inference.render.errors import RenderFailed
from inference.render.lasting import lasting
from inference.render.signal import Audio
from inference.render.soundfonts.envelope import Envelope
from inference.render.soundfonts.soundset import Preset, Soundset, Voice
from inference.render.voices import BLOCK, play_voice, voices_of

RATE = 48_000  # what midirenderer plays at
RING_S = 2.5
_TICKS_PER_BLOCK = 2  # events stand in the middle of a block, so that rounding cannot move them to another one
_TICKS_PER_QUARTER = 960
_TEMPO_US = _TICKS_PER_QUARTER * BLOCK // _TICKS_PER_BLOCK * 1_000_000 // RATE
_GUARD_BLOCKS = 2
_HEARD_RELEASE = 0.75  # the part of it after which the synth gives a voice up, 60 dB down
_LEFT, _RIGHT, _MIDDLE, _DRUMS = 0, 1, 2, 9
_VOLUME, _PAN, _PAN_FINE, _REVERB, _CHORUS, _UNUSED, _SILENCE = 7, 10, 42, 91, 93, 3, 120
_PANS = {_LEFT: 0, _RIGHT: 16383, _MIDDLE: 8192}
_BEND_RANGE_CENTS = 200.0
_FULL_SCALE = 32768.0
_QUIET = 2e-5
_NOTHING, _MOST_TAKEN_BACK = 1e-8, 4.0
_FADE = 960
_SOUGHT = 1 << 12
_OFFSET, _LOWEST_HZ, _SOME = 0.25, 12.0, 7
_STRETCH = 120 * RATE // BLOCK


_Envelopes = tuple[tuple[Envelope, float], ...]


class Tone(NamedTuple):
    """One different note, however long: `cents` out of tune, at one of few velocities."""

    preset: Preset
    pitch: int
    velocity: int
    cents: float = 0.0

    @property
    def ring_samples(self) -> int:
        """Samples until it has faded after it was let go."""
        release_s = _release_s(self.preset, self.pitch, self.velocity)
        return int(min(RING_S, release_s * _HEARD_RELEASE) * RATE)


def play_tones(lengths: Mapping[Tone, int], soundset: Soundset) -> dict[Tone, Audio]:
    """The sound of each tone alone and dry; one row where the instrument stands in the middle, else two.

    Args:
        lengths: for each tone the samples until its longest note is let go. It is held on for as long as that may ring:
            `falling` makes a note of it.
        soundset: where the presets are from.

    Raises:
        RenderFailed: the synth cannot use a SoundFont.
    """
    played: dict[Tone, Audio] = {}
    for tone in lengths:
        voices = voices_of(tone.preset, tone.pitch, tone.velocity)
        if voices is not None:
            played[tone] = _lasting(_trimmed(_voiced(tone, voices, lengths[tone])), tone, lengths[tone])
    others = {tone: length for tone, length in lengths.items() if tone not in played}
    for number, font in enumerate(soundset.fonts):
        for seats in _sessions({tone: length for tone, length in others.items() if tone.preset.font == number}):
            sound = _synthesise(_midi(seats), font)
            played |= {
                seat.tone: _lasting(_trimmed(_cut(sound, seat)), seat.tone, lengths[seat.tone]) for seat in seats
            }
    return played


def falling(tone: Tone, held: int) -> NDArray[np.float32]:
    """How a tone dies away that is let go after `held` samples: factors for `ring_samples` samples of a longer one.

    A SoundFont's release is a straight line in dB from wherever the tone has got to. What a longer tone does meanwhile,
    swell or die away, is taken back.
    """
    course = _course(tone.preset, tone.pitch, tone.velocity)
    return _fall(course, min(course.settled, -(-held // BLOCK)))


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """How some tones swell and die away, equal ones once: it is compared by identity, which is quick.

    From the block `settled` on they do neither; they ring for `samples` samples.
    """

    envelopes: _Envelopes
    settled: int
    samples: int


@lru_cache(4096)
def _course(preset: Preset, pitch: int, velocity: int) -> _Course:
    return _shared_course(preset.envelopes(pitch, velocity), Tone(preset, pitch, velocity).ring_samples)


@lru_cache(4096)
def _shared_course(envelopes: _Envelopes, samples: int) -> _Course:
    stays = all(envelope.sustain == 1.0 for envelope, _ in envelopes)
    swollen = max(envelope.delay_s + envelope.attack_s for envelope, _ in envelopes)
    return _Course(envelopes, int(swollen * RATE / BLOCK) + 1 if stays else 1 << 30, samples)


@lru_cache(128)
def _fall(course: _Course, held: int) -> NDArray[np.float32]:
    """The factors behind `held` blocks; like the synth's, they go straight on from block to block."""
    envelopes, samples = course.envelopes, course.samples
    after = np.arange(samples // BLOCK + 2) * (BLOCK / RATE)
    held_s = max(1, held) * BLOCK / RATE
    let_go, still_held = np.zeros(len(after)), np.zeros(len(after))
    for envelope, power in envelopes:
        level = envelope.level(np.array([held_s]))[0]
        let_go += power * (level * envelope.fallen(after)) ** 2
        still_held += power * envelope.level(held_s + after) ** 2
    corners = np.minimum(np.sqrt(let_go / np.maximum(still_held, _NOTHING)), _MOST_TAKEN_BACK).astype(np.float32)
    line = np.arange(BLOCK, dtype=np.float32) / np.float32(BLOCK)
    fall = (corners[:-1, None] + np.diff(corners)[:, None] * line).reshape(-1)[:samples]
    is_cut = max(envelope.release_s for envelope, _ in envelopes) * _HEARD_RELEASE > RING_S
    end = samples // 2 if is_cut else min(_FADE, samples)
    fall[samples - end :] *= np.linspace(1.0, 0.0, end, dtype=np.float32)
    return fall


@cache
def _high_pass() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numerator, denominator = scipy.signal.butter(1, _LOWEST_HZ, "highpass", fs=RATE)
    return numerator, denominator


@lru_cache(4096)
def _release_s(preset: Preset, pitch: int, velocity: int) -> float:
    return preset.release_s(pitch, velocity)


def _blocks(tone: Tone, length: int) -> int:
    """Blocks until the next tone may start."""
    whole = -(-length // BLOCK) + 1 - (-tone.ring_samples // BLOCK)
    sample_s = tone.preset.lengths_s[tone.pitch]
    if sample_s is not None:  # what has no loop is over when it is over
        whole = min(whole, int((sample_s + 0.02) * RATE / BLOCK) + 2)
    return whole + _GUARD_BLOCKS


@dataclass(frozen=True, slots=True)
class _Seat:
    """When, in blocks, and on which of the synth's channels a tone is played."""

    tone: Tone
    at: int
    blocks: int
    channel: int


def _sessions(lengths: Mapping[Tone, int]) -> Iterator[list[_Seat]]:
    """Who plays when, in stretches of about a minute, so that the synth's sound never is much of a worker's memory.

    Instruments with a stereo image of their own play one after the other. Those without are two at a time, hard left
    and hard right: half of the synth's time is its own, whoever plays. Drums have one channel, on the left.
    """
    sides: dict[bool, list[_Seat]] = {False: [], True: []}  # is it on the right
    wide: list[_Seat] = []
    for tone, length in sorted(lengths.items(), key=lambda one: not one[0].preset.is_drum):  # stable
        blocks = _blocks(tone, length)
        if not tone.preset.is_centred:
            wide.append(_Seat(tone, _end(wide), blocks, _DRUMS if tone.preset.is_drum else _MIDDLE))
            continue
        is_right = not tone.preset.is_drum and _end(sides[True]) <= _end(sides[False])
        channel = _DRUMS if tone.preset.is_drum else _RIGHT if is_right else _LEFT
        sides[is_right].append(_Seat(tone, _end(sides[is_right]), blocks, channel))
    yield from _stretches(wide)
    yield from _stretches(sorted([*sides[False], *sides[True]], key=lambda seat: seat.at))


def _end(seats: list[_Seat]) -> int:
    return seats[-1].at + seats[-1].blocks if seats else 0


def _stretches(seats: list[_Seat]) -> Iterator[list[_Seat]]:
    """Cuts a line of seats where it has become long; each stretch begins at 0."""
    start = 0
    while start < len(seats):
        first = seats[start].at
        stop = next((at for at in range(start, len(seats)) if seats[at].at - first >= _STRETCH), len(seats))
        yield [replace(seat, at=seat.at - first) for seat in seats[start:stop]]
        start = stop


def _midi(seats: list[_Seat]) -> bytes:
    """A file in which one tick is half a block."""
    events: list[tuple[int, mido.Message]] = []
    for channel, pan in (*_PANS.items(), (_DRUMS, _PANS[_LEFT if seats[0].tone.preset.is_centred else _MIDDLE])):
        controls = {_VOLUME: 100, _PAN: pan >> 7, _PAN_FINE: pan & 127, _REVERB: 0, _CHORUS: 0}
        events += [
            (0, mido.Message("control_change", channel=channel, control=number, value=at))
            for number, at in controls.items()
        ]
    for seat in seats:
        events += _events(seat)
    last = max(seat.at + seat.blocks for seat in seats)
    events.append((_tick(last + 4), mido.Message("control_change", control=_UNUSED, value=0)))
    events.sort(key=lambda event: event[0])  # stable: what belongs together stays in its order
    track, now = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=_TEMPO_US)]), 0
    for tick, message in events:
        track.append(message.copy(time=tick - now))
        now = tick
    content = io.BytesIO()
    mido.MidiFile(ticks_per_beat=_TICKS_PER_QUARTER, tracks=[track]).save(file=content)
    return content.getvalue()


def _events(seat: _Seat) -> list[tuple[int, mido.Message]]:
    tone, channel = seat.tone, seat.channel
    start, over = _tick(seat.at), _tick(seat.at + seat.blocks - _GUARD_BLOCKS + 1)
    return [
        (start, mido.Message("program_change", channel=channel, program=tone.preset.program)),
        (start, mido.Message("pitchwheel", channel=channel, pitch=_bend(tone))),
        (start, mido.Message("note_on", channel=channel, note=tone.pitch, velocity=tone.velocity)),
        (over, mido.Message("control_change", channel=channel, control=_SILENCE, value=0)),
        (over, mido.Message("note_off", channel=channel, note=tone.pitch)),
    ]


def _bend(tone: Tone) -> int:
    """What a pitch wheel makes of its being out of tune."""
    return round(tone.cents / _BEND_RANGE_CENTS * 8192)


def _tick(block: int) -> int:
    return block * _TICKS_PER_BLOCK + _TICKS_PER_BLOCK // 2


def _synthesise(midi: bytes, soundfont: bytes) -> NDArray[np.int16]:
    """Shape (samples, 2)."""
    try:
        sound = midirenderer.render_wave_from(soundfont, midi)
    except (ValueError, RuntimeError) as error:
        raise RenderFailed("the SoundFont cannot be played; it must be an sf2 file") from error
    with wave.open(io.BytesIO(sound)) as file:
        if file.getframerate() != RATE:
            raise RenderFailed(f"the synthesizer plays at {file.getframerate()} Hz instead of {RATE}")
        size = file.getnframes() * file.getnchannels()
        return np.frombuffer(sound, "<i2", size, len(sound) - 2 * size).reshape(-1, file.getnchannels())


def _cut(sound: NDArray[np.int16], seat: _Seat) -> Audio:
    """The tone's own samples."""
    first = (seat.at + 1) * BLOCK  # an event in the middle of a block is heard from the next one on
    length = (seat.blocks - _GUARD_BLOCKS) * BLOCK
    sides = slice(0, 2) if not seat.tone.preset.is_centred else slice(1, 2) if seat.channel == _RIGHT else slice(0, 1)
    return np.asarray(sound[first : first + length, sides].T / np.float32(_FULL_SCALE), dtype=np.float32, order="C")


def _voiced(tone: Tone, voices: Sequence[Voice], length: int) -> Audio:
    """The same without a synthesizer."""
    samples = (_blocks(tone, length) - _GUARD_BLOCKS) * BLOCK
    pitch = tone.pitch + _bend(tone) / 8192 * _BEND_RANGE_CENTS / 100
    played = [play_voice(voice, pitch, tone.velocity, samples, RATE) for voice in voices]
    sound = max(played, key=len, default=np.zeros(1, np.float32))
    for one in played:
        if one is not sound:
            sound[: len(one)] += one
    return sound[None]


def _trimmed(tone: Audio) -> Audio:
    """Without the silence behind it; what was cut off while it sounded ends softly."""
    tone = _without_offset(tone[:, : _audible(tone)])
    fade = min(_FADE, tone.shape[1])
    tone[:, -fade:] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return tone


def _audible(tone: Audio) -> int:
    """Samples until it is silent, at least 1; sought from the end."""
    for start in range((tone.shape[1] - 1) // _SOUGHT * _SOUGHT, -1, -_SOUGHT):
        loud = np.flatnonzero(np.abs(tone[:, start : start + _SOUGHT]).max(axis=0) > _QUIET)
        if len(loud):
            return start + int(loud[-1]) + 1
    return 1


def _without_offset(tone: Audio) -> Audio:
    """Some SoundFonts' loops stand beside zero, with nearly as much power as is heard of them."""
    some = tone[:, ::_SOME]
    if np.abs(some.mean(axis=1)).max() < _OFFSET * np.sqrt(np.mean(np.square(some))):
        return tone
    return np.asarray(scipy.signal.lfilter(*_high_pass(), tone, axis=-1), dtype=np.float32)


def _lasting(sound: Audio, tone: Tone, length: int) -> Audio:
    """A tone whose sample was cut before it had died away goes on as it began to, if a note of it lasts that long."""
    cut_s = tone.preset.cuts_s[tone.pitch]
    if cut_s is None or length <= int(cut_s * RATE):
        return sound
    return lasting(sound, int(cut_s * RATE), length + tone.ring_samples, RATE, is_noise=tone.preset.is_drum)
