import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from inference.evaluation import plain_synths
from inference.evaluation.sound_speed import Piece, never_twice, sound_speed
from inference.render.errors import RenderFailed
from inference.render.soundcheck import sound_check
from inference.render.studio import Studio
from tests.fakes.render_jobs import QUARTET

SCORE = sound_check(QUARTET, 180.0, 4)
PIECE = Piece(SCORE, QUARTET, "metal", "a check")


class Synth:
    """Counts what it is told to play."""

    played: list[tuple[int, int]]
    samples = 0

    def __init__(self, samplerate: float) -> None:
        assert samplerate == 48_000
        Synth.played, Synth.samples = [], 0

    def sfload(self, name: str) -> int:
        with open(name, "rb") as file:
            assert file.read(4) == b"RIFF"
        return 1

    def program_select(self, channel: int, font: int, bank: int, program: int) -> None:
        assert font == 1
        assert (channel == 9) == (bank == 128)

    def noteon(self, channel: int, pitch: int, velocity: int) -> None:
        Synth.played.append((channel, pitch))

    def noteoff(self, channel: int, pitch: int) -> None:
        pass

    def get_samples(self, count: int) -> np.ndarray:
        Synth.samples += count
        return np.zeros(2 * count, np.int16)

    def delete(self) -> None:
        pass


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_synths.shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "fluidsynth", SimpleNamespace(Synth=Synth))


def test_every_stage_and_both_mixes_are_measured_against_one_plain_synth() -> None:
    speed = sound_speed(Studio.open(), PIECE)
    assert {"single notes", "amplifiers", "desk", "master", "quick mix", "full mix", "MP3"} <= set(speed.stages)
    assert all(seconds > 0 for seconds in speed.stages.values())
    assert speed.times_real_time("full mix") == pytest.approx(speed.song_s / speed.stages["full mix"])


@pytest.mark.usefixtures("library")
def test_without_its_command_fluidsynth_plays_through_its_library() -> None:
    synths = plain_synths.plain_synths(Studio.open().soundset.fonts[0])
    assert list(synths) == ["fluidsynth", "midirenderer"]
    assert synths["fluidsynth"](SCORE) > 0
    assert len(Synth.played) == SCORE.note_count
    assert Synth.samples >= SCORE.duration_s * 48_000


def test_without_fluidsynth_midirenderer_is_the_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_synths.shutil, "which", lambda _: None)
    monkeypatch.setitem(sys.modules, "fluidsynth", None)
    assert list(plain_synths.plain_synths(b"")) == ["midirenderer"]


@pytest.mark.skipif(sys.platform == "win32", reason="the command here is a shell script")
@pytest.mark.parametrize(("bytes_written", "is_enough"), [(192_000 * 8, True), (100, False)])
def test_fluidsynths_command_must_play_the_song_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_written: int, is_enough: bool
) -> None:
    command = tmp_path / "fluidsynth"
    find_out = 'while [ "$1" != -F ]; do shift; done; shift; '
    command.write_text(f'#!/bin/sh\n{find_out}head -c {bytes_written} /dev/zero > "$1"\n')
    command.chmod(0o755)
    monkeypatch.setattr(plain_synths.shutil, "which", lambda _: str(command))
    play = plain_synths.plain_synths(b"font")["fluidsynth"]
    if is_enough:
        assert play(SCORE) > 0
    else:
        with pytest.raises(RenderFailed, match="to its end"):
            play(SCORE)


def test_a_song_played_by_people_has_the_same_notes_and_no_two_bars_alike() -> None:
    human = never_twice(SCORE)
    assert human.note_count == SCORE.note_count
    assert human == never_twice(SCORE)
    assert [track.notes for track in human.tracks] != [track.notes for track in SCORE.tracks]
