"""Notes -> sound, with midirenderer and a SoundFont."""

import io
import wave
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import midirenderer
import mido
import numpy as np

from inference.midi import write_midi
from inference.render.errors import RenderFailed
from inference.render.parts import Part, Seat, ring_ticks
from inference.render.signal import Audio

RING_S = 2.5
_VOLUME, _PAN, _PAN_FINE, _REVERB, _CHORUS, _UNUSED = 7, 10, 42, 91, 93, 3
_BEND_RANGE_CENTS = 200.0
_VOLUMES = (100, 50, 25, 12)
_FULL_SCALE = 32767


@cache
def load_soundfont(path: Path | None = None) -> bytes:
    """The SoundFont's bytes; without a path the one that pretty_midi brings. Raises RenderFailed."""
    try:
        return (path or _packaged_soundfont()).read_bytes()
    except OSError as error:
        raise RenderFailed(f"I cannot read the SoundFont {path.name if path else ''}: {error.strerror}") from error


def _packaged_soundfont() -> Path:
    package = find_spec("pretty_midi")
    if package is None or package.origin is None:
        raise RenderFailed("there is no SoundFont: install pretty_midi or name a file")
    return Path(package.origin).parent / "TimGM6mb.sf2"


def play(part: Part, soundfont: bytes) -> tuple[Audio, int]:
    """Stereo sound of a part, dry, and its sample rate; it rings `RING_S` after the last note.

    Raises:
        RenderFailed: the synth cannot use the SoundFont.
    """
    # The synth cuts off at full scale: where that happens, the part is played again more quietly.
    for volume in _VOLUMES:
        audio, rate = _synthesise(_for_synth(part, volume), soundfont)
        if np.abs(audio).max(initial=0.0) < 1.0:
            break
    return audio, rate


def _for_synth(part: Part, volume: int) -> bytes:
    """The part's MIDI file with mixer settings before the first note and a last event that lets notes ring."""
    file = mido.MidiFile(file=io.BytesIO(write_midi(part.score)))
    timing, *tracks = file.tracks
    for track, seat in zip(tracks, part.seats, strict=True):
        channel = next(event.channel for event in track if event.type == "note_on")
        track[0:0] = _settings(channel, seat, volume)
    end = part.score.end_tick + ring_ticks(part.score, RING_S)
    ring = mido.Message("control_change", control=_UNUSED, value=0, time=end)
    file.tracks = [timing, *tracks, mido.MidiTrack([ring])]
    content = io.BytesIO()
    file.save(file=content)
    return content.getvalue()


def _settings(channel: int, seat: Seat, volume: int) -> list[mido.Message]:
    pan = min(16383, max(0, round((seat.pan + 1) * 8192)))
    controls = {_VOLUME: volume, _PAN: pan >> 7, _PAN_FINE: pan & 127, _REVERB: 0, _CHORUS: 0}
    bend = mido.Message("pitchwheel", channel=channel, pitch=round(seat.cents / _BEND_RANGE_CENTS * 8192))
    return [
        *(mido.Message("control_change", channel=channel, control=number, value=at) for number, at in controls.items()),
        bend,
    ]


def _synthesise(midi: bytes, soundfont: bytes) -> tuple[Audio, int]:
    try:
        sound = midirenderer.render_wave_from(soundfont, midi)
    except (ValueError, RuntimeError) as error:
        raise RenderFailed("the SoundFont cannot be played; it must be an sf2 file") from error
    with wave.open(io.BytesIO(sound)) as file:
        rate, channels = file.getframerate(), file.getnchannels()
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").reshape(-1, channels)
    return np.asarray(samples.T / np.float32(_FULL_SCALE), dtype=np.float32, order="C"), rate
