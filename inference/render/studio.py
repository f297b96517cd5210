"""From a score to the finished stereo sound."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from inference.music.program import Role
from inference.music.score import Note, Score, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.amp import amplify
from inference.render.errors import RenderFailed
from inference.render.master import master
from inference.render.mix import Desk
from inference.render.parts import roles_of, split_parts
from inference.render.signal import Audio
from inference.render.sounds import DEFAULT_SOUNDS, Sound, Sounds, load_sounds
from inference.render.synth import RING_S, load_soundfont, play

_SPARE_S = 0.1  # a second take may end some milliseconds after the first


@dataclass(frozen=True)
class Stem:
    """One player alone, as it stands in the mix: with its amp, place, echoes and room; shape (2, samples).

    The stems of a song have one length, and their sum is the mix that goes to `Studio.finish`. `track` counts the
    score's tracks from 0.
    """

    track: int
    name: str
    role: Role
    audio: Audio
    rate: int


@dataclass(frozen=True)
class Studio:
    """A SoundFont (the bytes of an sf2 file) and the sounds of the genres."""

    soundfont: bytes
    sounds: Sounds

    @classmethod
    def open(cls, soundfont: Path | None = None, sounds: Path = DEFAULT_SOUNDS) -> "Studio":
        """From files; both are read once a process. Raises RenderFailed."""
        return cls(load_soundfont(soundfont), load_sounds(sounds))

    def record(self, score: Score, roster: tuple[Player, ...], genre: str) -> tuple[Audio, int]:
        """The master, shape (2, samples), and its sample rate. Equal arguments give equal samples.

        Raises:
            RenderFailed: no notes, or a SoundFont that cannot be played.
        """
        sound = self.sounds.of(genre)
        desk: Desk | None = None
        for part in split_parts(score, roster, sound):
            audio, rate = play(part, self.soundfont)
            if part.amp is not None:
                audio = amplify(audio, rate, self.sounds.amps[part.amp])
            desk = desk or _desk(score, rate, sound)
            desk.add(audio, sound.strip(part.role))
        if desk is None:
            raise RenderFailed("this song has no notes, so there is nothing to play")
        return master(desk.mixed(), desk.rate, sound), desk.rate

    def stems(self, score: Score, roster: tuple[Player, ...], genre: str) -> Iterator[Stem]:
        """Player after player, in the score's order; silent tracks have none. Raises RenderFailed."""
        sound = self.sounds.of(genre)
        for index, (track, role) in enumerate(zip(score.tracks, roles_of(score.tracks, roster), strict=True)):
            if track.notes:
                (part,) = split_parts(replace(score, tracks=(track,)), (Player(role, track.program),), sound)
                audio, rate = play(part, self.soundfont)
                if part.amp is not None:
                    audio = amplify(audio, rate, self.sounds.amps[part.amp])
                desk = _desk(score, rate, sound)
                desk.add(audio, sound.strip(role))
                yield Stem(index, track.name, role, desk.mixed(), rate)

    def finish(self, mix: Audio, rate: int, genre: str) -> Audio:
        """Masters a sum of stems, all of them or some: ending, glue, loudness, peaks. The length may shrink."""
        return master(mix, rate, self.sounds.of(genre))

    def warm_up(self) -> None:
        """Plays one note on drums and guitar, which makes every filter and shows whether the SoundFont is one."""
        note = (Note(0, 52, PPQ, 90),)
        tracks = (Track("Drums", 0, True, note), Track("Guitar", 30, False, note))
        self.record(Score(tracks), (Player.of(Role.DRUMS), Player.of(Role.RHYTHM)), "metal")


def _desk(score: Score, rate: int, sound: Sound) -> Desk:
    seconds = score.duration_s + RING_S + _SPARE_S
    return Desk(rate, round(seconds * rate), 60.0 / score.tempos[0].tempo, sound.room_s)
