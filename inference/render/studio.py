"""From a score to the finished stereo sound."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference.music.program import Role
from inference.music.score import Note, Score, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.amp import amplify, shape_tone
from inference.render.endings import fade_from, let_ring
from inference.render.errors import RenderFailed
from inference.render.feel import with_feel
from inference.render.master import master
from inference.render.mix import Desk, tone_of
from inference.render.parts import Part, split_parts
from inference.render.performance import COARSE_LAYERS, FINE_LAYERS, Performance, perform, sound_of, tones_of
from inference.render.signal import Audio
from inference.render.soundfonts.soundset import Soundset, load_soundset
from inference.render.sounds import DEFAULT_SOUNDS, Sound, Sounds, Strip, load_sounds
from inference.render.synth import RATE, RING_S, Tone, play_tones
from inference.render.timeline import Timeline


class Care(Enum):
    """How much work goes into a mix."""

    FULL = auto()  # as it should be
    QUICK = auto()  # guitars recorded once, no room, no glue, few shades of loudness: the same band, balance and level


@dataclass(frozen=True)
class Stem:
    """One player alone, as it stands in the mix: with its amp, place, echoes and room; shape (2, samples).

    The stems of a song have one length, and their sum is the mix that goes to `Studio.finish`. `track` counts the
    score's tracks from 0, `squeezed` are the gains of the part's compressor, one a millisecond.
    """

    track: int
    name: str
    role: Role
    audio: Audio
    rate: int
    squeezed: NDArray[np.float64]


@dataclass(frozen=True)
class Studio:
    """SoundFonts and the sounds of the genres."""

    soundset: Soundset
    sounds: Sounds

    @classmethod
    def open(cls, soundfont: Path | None = None, sounds: Path = DEFAULT_SOUNDS) -> "Studio":
        """From files; both are read once a process. Raises RenderFailed."""
        return cls(load_soundset(soundfont), load_sounds(sounds))

    def record(self, score: Score, roster: tuple[Player, ...], genre: str, care: Care = Care.FULL) -> tuple[Audio, int]:
        """The master, shape (2, samples), and its sample rate. Equal arguments give equal samples.

        Raises:
            RenderFailed: no notes, too many, or a SoundFont that cannot be played.
        """
        sound = self.sounds.of(genre)
        if care is Care.QUICK:
            sound = _simpler(sound)
        score, timeline, written = placed(score, rings=care is Care.FULL)
        desk = _desk(score, timeline, sound)
        for part, players, audio in self._parts(score, roster, sound, timeline, care):
            fade_from(audio, written)
            desk.add(audio, sound.strip(part.role), part.pan, players)
        return master(desk.mixed(), RATE, sound), RATE

    def stems(self, score: Score, roster: tuple[Player, ...], genre: str) -> Iterator[Stem]:
        """Player after player, in the score's order; silent tracks have none. Raises RenderFailed."""
        sound = self.sounds.of(genre)
        score, timeline, written = placed(score)
        for part, players, audio in self._parts(score, roster, sound, timeline):
            fade_from(audio, written)
            desk = _desk(score, timeline, sound)
            squeezed = desk.add(audio, sound.strip(part.role), part.pan, players)
            yield Stem(part.track, score.tracks[part.track].name, part.role, desk.mixed(), RATE, squeezed)

    def finish(self, mix: Audio, rate: int, genre: str) -> Audio:
        """Masters a sum of stems, all of them or some: ending, glue, loudness, peaks. The length may shrink.

        Uses `mix` up.
        """
        return master(mix, rate, self.sounds.of(genre))

    def warm_up(self) -> None:
        """Plays one note on drums and guitar, which makes every filter and shows whether the SoundFont is one."""
        note = (Note(0, 52, PPQ, 90),)
        tracks = (Track("Drums", 0, True, note), Track("Guitar", 30, False, note))
        self.record(Score(tracks), (Player.of(Role.DRUMS), Player.of(Role.RHYTHM)), "metal")

    def _parts(
        self, score: Score, roster: tuple[Player, ...], sound: Sound, timeline: Timeline, care: Care = Care.FULL
    ) -> Iterator[tuple[Part, int, Audio]]:
        """Each part, how many have its role, and its sound before it comes to the desk."""
        parts = split_parts(score, roster, sound)
        if not parts:
            raise RenderFailed("this song has no notes, so there is nothing to play")
        layers = FINE_LAYERS if care is Care.FULL else COARSE_LAYERS
        written = perform(score, parts, timeline, self.soundset, layers)
        performances = with_feel(written, score, timeline, sound)
        tones = play_tones(tones_of(performances), self.soundset)
        players = Counter(part.role for part in parts)
        for one in performances:
            yield one.part, players[one.part.role], self._sound(one, tones, timeline, sound.strip(one.part.role))

    def _sound(self, one: Performance, tones: dict[Tone, Audio], timeline: Timeline, strip: Strip) -> Audio:
        if one.part.amp is None:
            return sound_of(one, tones, timeline.length, lambda tone, _: tone_of(tone, RATE, strip))
        amp = self.sounds.amps[one.part.amp]
        dry = sound_of(
            one, tones, timeline.length, lambda tone, is_muted: shape_tone(tone, RATE, amp, is_muted=is_muted)
        )
        return tone_of(amplify(dry, amp, timeline.bar_samples, rate=RATE, speaker=one.part.chair), RATE, strip)[
            :, : timeline.length
        ]


def _simpler(sound: Sound) -> Sound:
    strips = {
        role.value: sound.strip(role).model_copy(update={"takes": 1, "room_db": None, "echo_db": None}) for role in Role
    }
    return sound.model_copy(update={**strips, "glue": 1.0})


def placed(score: Score, *, rings: bool = True) -> tuple[Score, Timeline, int]:
    """The score as it rings out, where its ticks stand in the sound, and the sample of its written end."""
    ringing = let_ring(score) if rings else score
    timeline = Timeline(ringing, RATE, RING_S if ringing is score else 0.0)
    return ringing, timeline, int(timeline.samples(np.array([score.end_tick]))[0])


def _desk(score: Score, timeline: Timeline, sound: Sound) -> Desk:
    return Desk(RATE, timeline.length, 60.0 / score.tempos[0].tempo, sound)
