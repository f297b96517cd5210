import numpy as np
import pytest

from inference.music.program import Role
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.spec import Player
from inference.music.units import PPQ
from inference.render.feel import with_feel
from inference.render.parts import split_parts
from inference.render.performance import Performance, perform
from inference.render.soundfonts.soundset import load_soundset
from inference.render.sounds import Sound, load_sounds
from inference.render.studio import Studio
from inference.render.synth import RATE
from inference.render.timeline import Timeline

SET = load_soundset()
BAR = 4 * PPQ
RIFF = tuple(Note(bar * BAR + step * PPQ // 2, 40 + step, PPQ // 2, 90) for bar in range(4) for step in range(8))
SCORE = Score(
    (Track("Bass", 33, False, RIFF), Track("Drums", 0, True, tuple(Note(n.tick, 38, 60, 90) for n in RIFF))),
    (TempoChange(0, 120.0),),
)


def written_and_felt(sound: Sound) -> tuple[list[Performance], list[Performance]]:
    timeline = Timeline(SCORE, RATE)
    written = perform(SCORE, split_parts(SCORE, (), sound), timeline, SET)
    return written, with_feel(written, SCORE, timeline, sound)


def test_nobody_is_early_or_later_and_louder_than_the_strip_allows() -> None:
    sound = load_sounds().of("jazz")
    for before, after in zip(*written_and_felt(sound), strict=True):
        strip = sound.strip(before.part.role)
        late = [(b.at - a.at) / RATE * 1000 for a, b in zip(before.takes[0], after.takes[0], strict=True)]
        louder = [20 * np.log10(b.gain / a.gain) for a, b in zip(before.takes[0], after.takes[0], strict=True)]
        assert 0 <= min(late) < max(late) <= strip.late_ms + 0.02
        assert max(map(abs, louder)) <= strip.uneven_db + 1e-9
        assert len(set(louder)) > 3


def test_a_bar_that_comes_again_is_felt_the_same_way() -> None:
    timeline = Timeline(SCORE, RATE)
    for one in written_and_felt(load_sounds().of("jazz"))[1]:
        hits = [(hit.at - timeline.bar_samples[number // 8], hit.gain) for number, hit in enumerate(one.takes[0])]
        assert hits[:8] == hits[8:16] == hits[16:24] == hits[24:]


def test_machines_play_what_is_written() -> None:
    written, felt = written_and_felt(load_sounds().of("electronic"))
    assert written == felt


@pytest.mark.parametrize("genre", ["metal", "funk-soul"])
def test_accents_stand_out_of_ghost_notes_behind_the_drum_bus(genre: str) -> None:
    hits = tuple(Note(step * PPQ, 38, 60, 40 if step % 2 else 112) for step in range(8))
    score = Score((Track("Drums", 0, True, hits),), (TempoChange(0, 90.0),))
    (stem,) = Studio.open().stems(score, (Player.of(Role.DRUMS),), genre)
    beat = RATE * 60 // 90
    peaks = [float(np.abs(stem.audio[:, at : at + beat // 2]).max()) for at in range(0, 8 * beat, beat)]
    accents, ghosts = np.mean(peaks[::2]), np.mean(peaks[1::2])
    assert 6 < 20 * np.log10(accents / ghosts) < 18  # written they are 17.9 dB apart
