"""Plain synthesizers to compare the renderer with: they play all notes of a song and mix nothing."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import midirenderer
import numpy as np

from inference.midi import write_midi
from inference.music.score import Score
from inference.render.errors import RenderFailed
from inference.render.synth import RATE, RING_S

FLUIDSYNTH, MIDIRENDERER = "fluidsynth", "midirenderer"
_CHANNELS, _DRUM_CHANNEL = 16, 9
_LIMIT_S = 600.0
_FASTEST = ("-R", "0", "-C", "0", "-o", "synth.cpu-cores=1", "-o", "synth.polyphony=256")
_LINEAR = (
    "interp 1\n"  # between two samples a straight line, as midirenderer does it; fluidsynth's own choice is slower
)

Play = Callable[[Score], float]
"""Plays a score into nothing and says the seconds of processor time that took. Raises RenderFailed."""


def plain_synths(soundfont: bytes) -> dict[str, Play]:
    """Those that are installed, fluidsynth first: its command, else its library through pyfluidsynth."""
    found: dict[str, Play] = {}
    command = shutil.which(FLUIDSYNTH)
    library = None if command else _library()
    if command:
        found[FLUIDSYNTH] = lambda score: _command(command, score, soundfont)
    elif library is not None:
        found[FLUIDSYNTH] = lambda score: _own_time(lambda: _through_library(library, score, soundfont))
    found[MIDIRENDERER] = lambda score: _own_time(lambda: midirenderer.render_wave_from(soundfont, write_midi(score)))
    return found


def _library() -> Any | None:
    try:
        return import_module("fluidsynth")  # of pyfluidsynth, which nothing else here needs
    except (ImportError, OSError):  # no binding, or a binding without its library
        return None


def _own_time(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _command(command: str, score: Score, soundfont: bytes) -> float:
    """Renders a MIDI file to raw samples, as fast as the command can."""
    with TemporaryDirectory(prefix="lnh-bench-") as folder:
        files = {name: Path(folder) / name for name in ("band.sf2", "song.mid", "orders", "song.raw")}
        files["band.sf2"].write_bytes(soundfont)
        files["song.mid"].write_bytes(write_midi(score))
        files["orders"].write_text(_LINEAR)
        out = ("-F", str(files["song.raw"]), "-T", "raw", "-O", "s16", "-r", str(RATE))
        told = (command, "-niq", *_FASTEST, *out, "-f", str(files["orders"]))
        before, started = _childrens_time(), time.monotonic()
        try:
            subprocess.run(  # noqa: S603  # a program of that name on the path, and files of our own
                (*told, str(files["band.sf2"]), str(files["song.mid"])),
                check=True, capture_output=True, timeout=_LIMIT_S, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError) as error:
            raise RenderFailed(f"{FLUIDSYNTH} is installed but does not play: {error}") from error
        spent = _childrens_time() - before or time.monotonic() - started  # Windows does not count for its children
        if not files["song.raw"].exists() or files["song.raw"].stat().st_size < score.duration_s * RATE * 4 * 0.9:
            raise RenderFailed(f"{FLUIDSYNTH} is installed but did not play the song to its end")
    return spent


def _childrens_time() -> float:
    used = os.times()
    return used.children_user + used.children_system


def _through_library(library: Any, score: Score, soundfont: bytes) -> None:
    """`library` is the module fluidsynth of pyfluidsynth."""
    with TemporaryDirectory(prefix="lnh-bench-") as folder:
        path = Path(folder) / "band.sf2"
        path.write_bytes(soundfont)
        synth = library.Synth(samplerate=float(RATE))
        try:
            _perform(synth, synth.sfload(str(path)), score)
        finally:
            synth.delete()


def _perform(synth: Any, font: int, score: Score) -> None:
    events = []
    free = [number for number in range(_CHANNELS) if number != _DRUM_CHANNEL]
    for index, track in enumerate(score.tracks):
        channel = _DRUM_CHANNEL if track.is_drum else free[index % len(free)]
        synth.program_select(channel, font, 128 if track.is_drum else 0, 0 if track.is_drum else track.program)
        for note in track.notes:
            events.append((score.seconds_at(note.tick), 1, channel, note))
            events.append((score.seconds_at(note.end), 0, channel, note))
    played = 0
    for seconds, is_on, channel, note in sorted(events, key=lambda event: event[:2]):
        due = round(seconds * RATE)
        if due > played:
            np.asarray(synth.get_samples(due - played))
            played = due
        if is_on:
            synth.noteon(channel, note.pitch, note.velocity)
        else:
            synth.noteoff(channel, note.pitch)
    synth.get_samples(round(RING_S * RATE))
