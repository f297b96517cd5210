"""Speed of the renderer, stage by stage, compared with plain synthesizers in the same run."""

import random
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from inference.evaluation.plain_synths import plain_synths
from inference.music.score import Note, Score
from inference.music.spec import Player
from inference.render.amp import amplify, shape_tone
from inference.render.band import Mix
from inference.render.evening import even_out
from inference.render.master import master
from inference.render.mix import tone_of
from inference.render.mp3 import Tags, encode_mp3
from inference.render.performance import sound_of
from inference.render.signal import Audio
from inference.render.studio import Care, Studio
from inference.render.synth import RATE, play_tones

_LATE_TICKS, _LOUDER = 12, 9


@dataclass(frozen=True, slots=True)
class SoundSpeed:
    """Seconds of processor time for one song, the middle of some rounds in which everything took its turn.

    Args:
        song: what was rendered, in words.
        song_s: how long it plays.
        stages: name -> seconds, in order; `quick mix`, `full mix` and `MP3` among them.
        references: plain synthesizer -> its seconds for the same notes, without any mixing; the first is compared with.
    """

    song: str
    song_s: float
    stages: dict[str, float]
    references: dict[str, float]

    @property
    def reference(self) -> str:
        """The plain synthesizer that the stages are compared with."""
        return next(iter(self.references))

    def times_real_time(self, stage: str) -> float:
        return self.song_s / self.stages[stage]

    def against_reference(self, stage: str) -> float:
        """How many times as fast as the plain synthesizer."""
        return self.references[self.reference] / self.stages[stage]


@dataclass(frozen=True, slots=True)
class Piece:
    """What is rendered: a song, who plays it in which genre, and the song in words."""

    score: Score
    roster: tuple[Player, ...]
    genre: str
    words: str


def sound_speed(studio: Studio, piece: Piece, rounds: int = 1) -> SoundSpeed:
    """Renders the song in each way, `rounds` times over; the studio should be warm. Raises RenderFailed."""
    score, roster, genre = piece.score, piece.roster, piece.genre
    stages: list[Mapping[str, float]] = []
    plain: list[Mapping[str, float]] = []
    synths = plain_synths(studio.soundset.fonts[0])
    song_s = 0.0
    for _ in range(rounds):
        spent = _stages(studio, piece)
        with _timed(spent, "quick mix"):
            studio.record(score, roster, genre, Care.QUICK)
        plain.append({name: play(score) for name, play in synths.items()})
        with _timed(spent, "full mix"):
            audio, rate = studio.record(score, roster, genre)
        spent["full mix, until two workers have made it"] = _by_two(studio, piece)
        with _timed(spent, "MP3"):
            encode_mp3(audio, rate, Tags("", "", score.tempos[0].tempo, "", "", b""))
        song_s = audio.shape[1] / rate
        stages.append(spent)
    return SoundSpeed(piece.words, song_s, _middle(stages), _middle(plain))


def _by_two(studio: Studio, piece: Piece) -> float:
    """Of a mix in two shares: the longer one, and what comes after both."""
    spent: defaultdict[str, float] = defaultdict(float)
    with _timed(spent, "before"):
        band = studio.band(piece.score, piece.roster, piece.genre)
        mix, (own, others) = Mix(band), band.shares
    with _timed(spent, "own"):
        for one, audio in studio.play(band, own):
            mix.add(one, audio)
    with _timed(spent, "theirs"):
        theirs = list(studio.play(band, others))
    with _timed(spent, "after"):
        for one, audio in theirs:
            mix.add(one, audio)
        mix.mastered()
    return spent["before"] + max(spent["own"], spent["theirs"]) + spent["after"]


def _middle(rounds: list[Mapping[str, float]]) -> dict[str, float]:
    return {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}


def never_twice(score: Score, seed: int = 1) -> Score:
    """The same music as a person plays it: no two bars have their notes at quite the same ticks and velocities."""
    rng = random.Random(seed)
    tracks = [replace(track, notes=tuple(sorted(_moved(note, rng) for note in track.notes))) for track in score.tracks]
    return replace(score, tracks=tuple(tracks))


def _moved(note: Note, rng: random.Random) -> Note:
    tick = max(0, note.tick + rng.randint(-_LATE_TICKS, _LATE_TICKS))
    velocity = min(127, max(1, note.velocity + rng.randint(-_LOUDER, _LOUDER)))
    return replace(note, tick=tick, velocity=velocity)


def _stages(studio: Studio, piece: Piece) -> defaultdict[str, float]:
    """The full mix once more, taken apart."""
    spent: defaultdict[str, float] = defaultdict(float)
    with _timed(spent, "single notes"):
        band = studio.band(piece.score, piece.roster, piece.genre)
        tones = even_out(play_tones(band.lengths, studio.soundset), studio.soundset)
    mix = Mix(band)
    for one in band.in_order:
        strip = band.sound.strip(one.part.role)
        amp = studio.sounds.amps[one.part.amp] if one.part.amp else None

        def shape(tone: Audio, is_muted: bool, amp: Any = amp, strip: Any = strip) -> Audio:
            return shape_tone(tone, RATE, amp, is_muted=is_muted) if amp else tone_of(tone, RATE, strip)

        with _timed(spent, "notes into parts"):
            audio = sound_of(one, tones, band.timeline.length, shape)
        if amp is not None:
            with _timed(spent, "amplifiers"):
                audio = amplify(audio, amp, band.timeline.bar_samples, rate=RATE, speaker=one.part.chair)
        with _timed(spent, "desk"):
            mix.add(one, audio)
    with _timed(spent, "desk"):
        whole = mix.unmastered()
    with _timed(spent, "master"):
        master(whole, RATE, band.sound)
    return spent


@contextmanager
def _timed(spent: defaultdict[str, float], stage: str) -> Iterator[None]:
    started = time.process_time()
    yield
    spent[stage] += time.process_time() - started
