import errno
import io
import sys
from dataclasses import replace
from pathlib import Path

import av
import mutagen.mp3
import numpy as np
import pyloudnorm
import pytest
import soundfile
import symusic
from PIL import Image

from inference.api import ErrorCode, FileFormat
from inference.midi import read_midi
from inference.music.recipe import RECIPE_MARK
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.units import PPQ
from inference.render.endings import LAST_RING_S
from inference.render.errors import DiskFull, RenderFailed, ScoreTooLarge, write_error
from inference.render.job import MAX_NOTES, MAX_TRACKS, RenderedFile
from inference.render.loudness import true_peaks
from inference.render.pipeline import render
from tests.fakes.render_jobs import RECIPE, metal_job
from tests.fakes.scores import quartet_score, single_note_score


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RenderedFile]:
    made = render(metal_job(quartet_score(8)), tmp_path_factory.mktemp("song"))
    return {file.path.suffix: file for file in made}


def test_every_format_is_one_file_named_by_the_stem(files: dict[str, RenderedFile]) -> None:
    assert [file.path.name for file in files.values()] == ["ashes.mid", "ashes.mp3", "ashes.png"]
    assert [file.media_type for file in files.values()] == ["audio/midi", "audio/mpeg", "image/png"]
    assert all(file.path.stat().st_size == file.size_bytes for file in files.values())
    assert {file.name for file in files[".mp3"].path.parent.iterdir()} == {"ashes.mid", "ashes.mp3", "ashes.png"}


def test_the_mp3_is_constant_192_kbit_stereo_of_the_songs_length(files: dict[str, RenderedFile]) -> None:
    stream = mutagen.mp3.MP3(files[".mp3"].path).info
    assert (stream.bitrate, stream.channels, stream.sample_rate) == (192_000, 2, 48_000)
    assert quartet_score(8).duration_s < stream.length < quartet_score(8).duration_s + LAST_RING_S + 0.5


def test_the_mp3_as_players_decode_it_is_minus_14_lufs_under_minus_1_dbtp(files: dict[str, RenderedFile]) -> None:
    heard, rate = soundfile.read(files[".mp3"].path)
    assert pyloudnorm.Meter(rate).integrated_loudness(heard) == pytest.approx(-14, abs=0.5)
    assert 20 * np.log10(true_peaks(heard.T.astype(np.float32), 48).max()) <= -1.0


def test_a_quick_mix_is_the_same_song_recorded_with_less_care(files: dict[str, RenderedFile], tmp_path: Path) -> None:
    job = replace(metal_job(quartet_score(8), (FileFormat.MP3,)), is_quick=True)
    (quick,) = render(job, tmp_path)
    assert quick.path.read_bytes() != files[".mp3"].path.read_bytes()
    heard, rate = soundfile.read(quick.path)
    assert pyloudnorm.Meter(rate).integrated_loudness(heard) == pytest.approx(-14, abs=0.5)


def test_the_tags_say_what_the_song_is(files: dict[str, RenderedFile]) -> None:
    tags = mutagen.mp3.MP3(files[".mp3"].path).tags
    texts = {name: str(tags[name]) for name in ("TIT2", "TPE1", "TCON", "TBPM", "TKEY", "TXXX:LnH recipe")}
    assert texts == {
        "TIT2": "Ashes of the North",
        "TPE1": "LnH",
        "TCON": "Metal",
        "TBPM": "160",
        "TKEY": "Em",
        "TXXX:LnH recipe": RECIPE,
    }
    assert str(tags["COMM::eng"]) == RECIPE


def test_the_cover_is_the_card(files: dict[str, RenderedFile]) -> None:
    cover = mutagen.mp3.MP3(files[".mp3"].path).tags["APIC:card"]
    picture = Image.open(io.BytesIO(cover.data))
    card = Image.open(files[".png"].path).resize(picture.size)
    assert cover.mime == "image/jpeg"
    assert np.abs(np.asarray(picture, float) - np.asarray(card, float)).mean() < 6


def test_decoders_of_two_makers_see_the_same_card_and_hear_the_same_song(files: dict[str, RenderedFile]) -> None:
    with av.open(str(files[".png"].path)) as container:
        seen = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.array_equal(seen, np.asarray(Image.open(files[".png"].path).convert("RGB")))
    with av.open(str(files[".mp3"].path)) as container:
        heard = sum(frame.samples for frame in container.decode(audio=0)) / 48_000
    assert heard == pytest.approx(mutagen.mp3.MP3(files[".mp3"].path).info.length, abs=0.1)


def test_the_midi_is_one_that_another_reader_finds_the_same_notes_in(files: dict[str, RenderedFile]) -> None:
    tracks = symusic.Score(files[".mid"].path).tracks
    found = sorted((note.time, note.pitch, note.velocity) for track in tracks for note in track.notes)
    wanted = (note for track in quartet_score(8).tracks for note in track.notes)
    assert found == sorted((note.tick, note.pitch, note.velocity) for note in wanted)


def test_the_midi_has_the_notes_the_key_and_the_recipe(files: dict[str, RenderedFile]) -> None:
    read = read_midi(files[".mid"].path.read_bytes())
    assert [track.notes for track in read.tracks] == [track.notes for track in quartet_score(8).tracks]
    assert read.meta == (RECIPE_MARK + RECIPE,)


def test_a_recipe_already_in_the_score_is_not_written_twice(tmp_path: Path) -> None:
    score = replace(single_note_score(), meta=(RECIPE_MARK + "{}",))
    (file,) = render(metal_job(score, (FileFormat.MIDI,)), tmp_path)
    assert read_midi(file.path.read_bytes()).meta == (RECIPE_MARK + "{}",)


def test_titles_of_any_letters_reach_the_tags_whole(tmp_path: Path) -> None:
    title = "死 & Ünder\nthe 🔥 — " + "x" * 60
    (file,) = render(metal_job(single_note_score(), (FileFormat.MP3,), title=title), tmp_path)
    assert str(mutagen.mp3.MP3(file.path).tags["TIT2"]) == title


@pytest.mark.skipif(sys.platform != "linux", reason="needs /dev/full")
def test_a_full_disk_is_said_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / ".ashes.png.part").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="disk is full") as caught:
        render(metal_job(single_note_score(), (FileFormat.CARD,)), tmp_path)
    assert caught.value.code is ErrorCode.DISK_FULL
    assert list(tmp_path.iterdir()) == []


def test_other_trouble_with_the_disk_is_said_too(tmp_path: Path) -> None:
    with pytest.raises(RenderFailed, match="could not save the song"):
        render(metal_job(single_note_score(), (FileFormat.MIDI,)), tmp_path / "gone")
    assert type(write_error(OSError(errno.EACCES, "Permission denied"))) is RenderFailed


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        (Score((Track("", 0, False, tuple(Note(t, 60, 1, 1) for t in range(MAX_NOTES + 1))),)), "notes at most"),
        (Score(single_note_score().tracks * (MAX_TRACKS + 1)), "tracks at most"),
        (Score((Track("", 0, False, (Note(0, 60, 1300 * PPQ, 1),)),), (TempoChange(0, 120.0),)), "10 minutes at most"),
    ],
    ids=["notes", "tracks", "minutes"],
)
def test_too_much_music_is_refused(tmp_path: Path, score: Score, sentence: str) -> None:
    with pytest.raises(ScoreTooLarge, match=sentence) as caught:
        render(metal_job(score), tmp_path)
    assert caught.value.code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize("stem", ["", "..", "a/b", "a\\b", "a\x00b", "x" * 200])
def test_a_stem_that_is_no_file_name_is_refused(stem: str) -> None:
    with pytest.raises(RenderFailed, match="name of a file"):
        metal_job(single_note_score(), stem=stem)
