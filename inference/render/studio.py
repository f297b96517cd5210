"""From a score to the finished stereo sound."""

from collections.abc import Iterable, Iterator
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
from inference.render.band import Band, Mix
from inference.render.endings import let_ring
from inference.render.errors import RenderFailed
from inference.render.evening import even_out
from inference.render.feel import with_feel
from inference.render.master import master
from inference.render.mix import tone_of
from inference.render.parts import split_parts
from inference.render.performance import COARSE_LAYERS, FINE_LAYERS, Performance, perform, sound_of, tones_of
from inference.render.signal import Audio
from inference.render.soundfonts.soundset import Soundset, load_soundset
from inference.render.sounds import DEFAULT_SOUNDS, Sound, Sounds, load_sounds
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
        band = self.band(score, roster, genre, care)
        mix = Mix(band)
        for one, audio in self.play(band, band.in_order):
            mix.add(one, audio)
        return mix.mastered(), RATE

    def stems(self, score: Score, roster: tuple[Player, ...], genre: str) -> Iterator[Stem]:
        """Player after player, in the score's order; silent tracks have none. Raises RenderFailed."""
        band = self.band(score, roster, genre)
        for one, audio in self.play(band, band.performances):
            mix = Mix(band)
            squeezed = mix.add(one, audio)
            yield Stem(
                one.part.track, score.tracks[one.part.track].name, one.part.role, mix.unmastered(), RATE, squeezed
            )

    def band(self, score: Score, roster: tuple[Player, ...], genre: str, care: Care = Care.FULL) -> Band:
        """Who plays what and when; nothing is heard yet. Raises RenderFailed."""
        sound = self.sounds.of(genre)
        if care is Care.QUICK:
            sound = _simpler(sound)
        score, timeline, written = placed(score, rings=care is Care.FULL)
        parts = split_parts(score, roster, sound)
        if not parts:
            raise RenderFailed("this song has no notes, so there is nothing to play")
        layers = FINE_LAYERS if care is Care.FULL else COARSE_LAYERS
        performances = with_feel(perform(score, parts, timeline, self.soundset, layers), score, timeline, sound)
        return Band(sound, timeline, written, 60.0 / score.tempos[0].tempo, tuple(performances))

    def play(self, band: Band, performances: Iterable[Performance]) -> Iterator[tuple[Performance, Audio]]:
        """Some of a band's performances, each with its sound before it comes to the desk. Raises RenderFailed."""
        wanted = tuple(performances)
        tones = even_out(
            play_tones({tone: band.lengths[tone] for tone in tones_of(wanted)}, self.soundset), self.soundset
        )
        for one in wanted:
            yield one, self._sound(one, tones, band)

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

    def _sound(self, one: Performance, tones: dict[Tone, Audio], band: Band) -> Audio:
        strip, timeline = band.sound.strip(one.part.role), band.timeline
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
