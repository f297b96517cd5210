"""Prints the band code of a song as text."""

from collections.abc import Iterator

from inference.midi import read_midi
from inference.tokens.arrange import arrange
from inference.tokens.arrangement import Arrangement, Header
from inference.tokens.block import chord_intervals
from inference.tokens.encode import encode
from inference.tokens.state import BandState
from inference.tokens.tables import DRUM_LANES, DRUM_SETS
from inference.tokens.vocabulary import (
    BAR,
    COPY,
    COPY_DISTANCES,
    DRUM_SET,
    DURATION_GRIDS,
    END,
    NEW,
    PITCH,
    RIFF,
    VELOCITY_LEVELS,
    Step,
    repeats,
)
from inference.tokens.written import tonic_shift

_PITCH_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_LANE_NAMES = {
    36: "kick", 37: "stick", 38: "snare", 39: "clap", 41: "tom1", 42: "hat", 43: "tom2", 44: "pedal", 45: "tom3",
    46: "open-hat", 47: "tom4", 49: "crash", 50: "tom5", 51: "ride", 52: "china", 53: "bell", 54: "tambourine",
    55: "splash", 56: "cowbell", 57: "crash2", 62: "high-conga", 64: "low-conga",
}  # fmt: skip


def describe(content: bytes) -> Iterator[str]:
    """A MIDI file's bytes as band code. Raises BadMidi."""
    yield from show(arrange(read_midi(content)))


def show(arrangement: Arrangement) -> Iterator[str]:
    """The header, then a line a step with pitches as they are written, then how much the code saves."""
    header = arrangement.header
    yield _header_line(header)
    if header.key is not None and tonic_shift(header.key):
        yield f"# written from the tonic: C sounds as {_PITCH_NAMES[header.key.tonic]}"
    state = BandState(header)
    count = 0
    for step in encode(arrangement):
        state.push(step)
        count += 1
        yield _line(step, state)
    notes = sum(block.note_count for row in arrangement.rows for block in row if block)
    yield f"# {count} steps for {notes} notes in {header.bars} bars: {count / max(1, notes):.3f} steps a note"


def _header_line(header: Header) -> str:
    genre = " + ".join(f"{weight:.0%} {name}" for name, weight in header.genres if name) or "any genre"
    return (
        f"# {genre}, {header.tempo:g} bpm, {header.meter}, {header.key}, density {header.density}, {header.bars} bars"
    )


def _line(step: Step, state: BandState) -> str:
    if step.head == BAR:
        return f"BAR {len(state.rows) + 1:<4} {_op(step.value)}"
    if step.head == END:
        return "END"
    if step.is_track:
        player = state.header.players[step.slot]
        name = f"{player.role}" if player.is_drum else f"{player.role}:{player.program}"
        return f"  {name:<12} {_op(step.value)}" if state.in_bar else f"PLAYER {step.slot} {name}"
    return f"    {_hit(step)}" if step.is_hit else "START"


def _op(value: int) -> str:
    if not repeats(value):
        return "NEW" if value == NEW else "MIXED"
    return f"RIFF {value - RIFF + 1}" if value >= RIFF else f"COPY {COPY_DISTANCES[value - COPY]}"


def _hit(step: Step) -> str:
    loud = f"v{VELOCITY_LEVELS[step.velocity - 1]}"
    if step.value >= DRUM_SET:
        mask = DRUM_SETS[step.value - DRUM_SET]
        struck = "+".join(_LANE_NAMES[key] for lane, key in enumerate(DRUM_LANES) if mask >> lane & 1)
        return f"@{step.position:<3} {struck:<24} {loud}"
    lowest = step.value - PITCH
    chord = "/".join(
        f"{_PITCH_NAMES[(lowest + up) % 12]}{(lowest + up) // 12 - 1}" for up in chord_intervals(step.shape)
    )
    return f"@{step.position:<3} {chord:<20} {DURATION_GRIDS[step.duration - 1]:>3} {loud}"
