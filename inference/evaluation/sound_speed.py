"""How fast a song becomes sound, stage by stage, against a plain synthesizer in the same run."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import midirenderer
import numpy as np

from inference.midi import write_midi
from inference.music.score import Note, Score
from inference.music.spec import Player
from inference.render.amp import amplify, shape_tone
from inference.render.master import master
from inference.render.mix import Desk, tone_of
from inference.render.mp3 import Tags, encode_mp3
from inference.render.parts import split_parts
from inference.render.performance import perform, sound_of, tones_of
from inference.render.signal import Audio
from inference.render.sounds import Sound
from inference.render.studio import Care, Studio
from inference.render.synth import RATE, RING_S, play_tones
from inference.render.timeline import Timeline

_CHANNELS = 16
_DRUM_CHANNEL = 9
_LATE_TICKS, _LOUDER = 12, 9


@dataclass(frozen=True, slots=True)
class SoundSpeed:
    """Seconds of processor time for one song.

    Args:
        song: what was rendered, in words.
        song_s: how long it plays.
        stages: name -> seconds, in order; `quick mix`, `full mix` and `MP3` among them.
        reference: the plain synthesizer's name.
        reference_s: its seconds for the same notes, without any mixing.
    """

    song: str
    song_s: float
    stages: dict[str, float]
    reference: str
    reference_s: float

    def times_real_time(self, stage: str) -> float:
        return self.song_s / self.stages[stage]

    def against_reference(self, stage: str) -> float:
        """How many times as fast as the plain synthesizer."""
        return self.reference_s / self.stages[stage]


def sound_speed(studio: Studio, score: Score, roster: tuple[Player, ...], genre: str, song: str) -> SoundSpeed:
    """Renders the song in each way; the studio should be warm. Raises RenderFailed."""
    stages = _stages(studio, score, roster, studio.sounds.of(genre))
    with _timed(stages, "quick mix"):
        studio.record(score, roster, genre, Care.QUICK)
    with _timed(stages, "full mix"):
        audio, rate = studio.record(score, roster, genre)
    with _timed(stages, "MP3"):
        encode_mp3(audio, rate, Tags("", "", score.tempos[0].tempo, "", "", b""))
    name, play = _reference(studio.soundset.fonts[0])
    started = time.process_time()
    play(score)
    return SoundSpeed(song, audio.shape[1] / rate, dict(stages), name, time.process_time() - started)


def never_twice(score: Score, seed: int = 1) -> Score:
    """The same music as a person plays it: no two bars have their notes at quite the same ticks and velocities."""
    rng = random.Random(seed)
    tracks = [replace(track, notes=tuple(sorted(_moved(note, rng) for note in track.notes))) for track in score.tracks]
    return replace(score, tracks=tuple(tracks))


def _moved(note: Note, rng: random.Random) -> Note:
    tick = max(0, note.tick + rng.randint(-_LATE_TICKS, _LATE_TICKS))
    velocity = min(127, max(1, note.velocity + rng.randint(-_LOUDER, _LOUDER)))
    return replace(note, tick=tick, velocity=velocity)


def _stages(studio: Studio, score: Score, roster: tuple[Player, ...], sound: Sound) -> defaultdict[str, float]:
    """The full mix once more, taken apart."""
    spent: defaultdict[str, float] = defaultdict(float)
    with _timed(spent, "single notes"):
        timeline = Timeline(score, RATE, RING_S)
        performances = perform(score, split_parts(score, roster, sound), timeline, studio.soundset)
        tones = play_tones(tones_of(performances), studio.soundset)
    desk = Desk(RATE, timeline.length, 60.0 / score.tempos[0].tempo, sound.room_s)
    for one in performances:
        strip = sound.strip(one.part.role)
        amp = studio.sounds.amps[one.part.amp] if one.part.amp else None

        def shape(tone: Audio, is_muted: bool, amp: Any = amp, strip: Any = strip) -> Audio:
            return shape_tone(tone, RATE, amp, is_muted=is_muted) if amp else tone_of(tone, RATE, strip)

        with _timed(spent, "notes into parts"):
            audio = sound_of(one, tones, timeline.length, shape)
        if amp is not None:
            with _timed(spent, "amplifiers"):
                audio = amplify(audio, amp, timeline.bar_samples, rate=RATE, speaker=one.part.chair)
        with _timed(spent, "desk"):
            desk.add(audio, strip, one.part.pan)
    with _timed(spent, "desk"):
        mix = desk.mixed()
    with _timed(spent, "master"):
        master(mix, RATE, sound)
    return spent


@contextmanager
def _timed(spent: defaultdict[str, float], stage: str) -> Iterator[None]:
    started = time.process_time()
    yield
    spent[stage] += time.process_time() - started


def _reference(soundfont: bytes) -> tuple[str, Callable[[Score], None]]:
    """Fluidsynth where its library and binding are installed, else midirenderer from end to end."""
    try:
        library = import_module("fluidsynth")  # of pyfluidsynth, which nothing else here needs
    except (ImportError, OSError):  # no binding, or a binding without its library
        return "midirenderer", lambda score: _play_midirenderer(score, soundfont)
    return "fluidsynth", lambda score: _play_fluidsynth(library, score, soundfont)


def _play_midirenderer(score: Score, soundfont: bytes) -> None:
    midirenderer.render_wave_from(soundfont, write_midi(score))


def _play_fluidsynth(library: Any, score: Score, soundfont: bytes) -> None:
    """`library` is the module fluidsynth of pyfluidsynth."""
    synth = library.Synth(samplerate=float(RATE))
    with NamedTemporaryFile(suffix=".sf2", delete=False) as file:
        file.write(soundfont)
    try:
        font = synth.sfload(file.name)
        events = []
        for index, track in enumerate(score.tracks):
            free = [number for number in range(_CHANNELS) if number != _DRUM_CHANNEL]
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
    finally:
        synth.delete()
        Path(file.name).unlink()
