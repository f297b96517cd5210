import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.etree.ElementTree import fromstring as parse

import av
import guitarpro
import mutagen
import mutagen.flac
import mutagen.mp3
import mutagen.mp4
import mutagen.oggopus
import numpy as np
import pyloudnorm
import pypdf
import pytest
import soundfile
import verovio
from PIL import Image

from inference.api import ExtraFile
from inference.music.score import Note, Score, TempoChange, Track
from inference.music.units import PPQ
from inference.render import optional
from inference.render.endings import LAST_RING_S
from inference.render.errors import RenderFailed, ScoreTooLarge
from inference.render.extras import render_extras
from inference.render.heard import letters_of
from inference.render.job import RenderedFile, RenderJob, Unmade
from inference.render.mp3 import BEST, Quality, encode_frames, fitting_quality
from inference.render.pictures.film import Film, Scene
from inference.render.soundfiles import encode_flac
from inference.render.stems import Session, Take
from inference.render.studio import Studio
from inference.render.video import FEW_FRAMES_PER_S, FRAMES_PER_S, encode_video
from tests.fakes.render_jobs import RECIPE, metal_job
from tests.fakes.scores import quartet_score, single_note_score

RATE = 48_000
SCORE = quartet_score(4)
MIB = 2**20
Files = dict[str, RenderedFile]


def extras(job: RenderJob, folder: Path, *wanted: ExtraFile) -> list[RenderedFile | Unmade]:
    return render_extras(replace(job, extras=wanted), folder)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    made = extras(metal_job(SCORE, ()), tmp_path_factory.mktemp("extras"), *ExtraFile)
    return {file.path.name: file for file in made if isinstance(file, RenderedFile)}


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(1).uniform(-0.3, 0.3, (2, round(seconds * RATE))).astype(np.float32)


def test_every_extra_is_made_and_says_what_it_was_made_for(files: Files) -> None:
    assert {file.extra for file in files.values()} == set(ExtraFile)
    assert all(file.path.stat().st_size == file.size_bytes > 0 for file in files.values())
    assert {path.name for path in files["ashes.flac"].path.parent.iterdir()} == set(files)


def test_flac_and_ogg_are_the_mastered_song_with_tags_and_cover(files: Files) -> None:
    flac = mutagen.flac.FLAC(files["ashes.flac"].path)
    ogg = mutagen.oggopus.OggOpus(files["ashes.ogg"].path)
    for tags in (flac.tags, ogg.tags):
        assert (tags["title"], tags["bpm"], tags["initialkey"]) == (["Ashes of the North"], ["160"], ["Em"])
        assert tags["lnh_recipe"] == [RECIPE]
    assert Image.open(io.BytesIO(flac.pictures[0].data)).format == "JPEG"
    for name in ("ashes.flac", "ashes.ogg"):
        heard, rate = soundfile.read(files[name].path)
        assert pyloudnorm.Meter(rate).integrated_loudness(heard) == pytest.approx(-14, abs=0.6)
        assert SCORE.duration_s < len(heard) / rate < SCORE.duration_s + LAST_RING_S + 0.5


def test_flac_keeps_every_sample_to_sixteen_bits() -> None:
    sound = noise(0.5)
    read, _ = soundfile.read(io.BytesIO(encode_flac(sound, RATE, None)), dtype="float32")
    assert np.abs(read.T - sound).max() <= 1 / 32768


def test_the_stems_are_the_players_and_sum_to_the_song(files: Files) -> None:
    with zipfile.ZipFile(files["ashes-stems.zip"].path) as archive:
        names = archive.namelist()
        stems = [soundfile.read(io.BytesIO(archive.read(name)))[0].T for name in names]
    assert names == ["01 Drums.flac", "02 Bass.flac", "03 Rhythm guitar.flac", "04 Lead guitar.flac"]
    song = soundfile.read(files["ashes.flac"].path)[0].T
    long = min(song.shape[1], stems[0].shape[1]) - RATE  # the master fades the end
    mix = np.asarray(sum(stems), dtype=np.float32)
    mastered = Studio.open().finish(mix, RATE, "metal")
    assert np.corrcoef(mastered[:, :long].ravel(), song[:, :long].ravel())[0, 1] > 0.99
    assert max(np.abs(stem).max() for stem in (*stems, mix)) <= 1.0


def test_each_practice_track_lacks_its_player_only(files: Files) -> None:
    names = [f"ashes-without-{player}.mp3" for player in ("drums", "bass", "rhythm-guitar", "lead-guitar")]
    assert [name for name in files if name.endswith(".mp3")] == names
    stream = mutagen.mp3.MP3(files[names[1]].path)
    assert str(stream.tags["TIT2"]) == "Ashes of the North (without Bass)"

    def low_share(name: str) -> float:
        sound, rate = soundfile.read(files[name].path)
        spectrum = np.abs(np.fft.rfft(sound.mean(axis=1))) ** 2
        hertz = np.fft.rfftfreq(len(sound), 1 / rate)
        return float(spectrum[(hertz > 38) & (hertz < 48)].sum() / spectrum.sum())

    assert low_share(names[1]) < low_share(names[3]) / 4  # the bass plays E1, 41 Hz


def test_score_tab_and_chart_open_in_other_programs(files: Files) -> None:
    assert verovio.toolkit().loadData(files["ashes.musicxml"].path.read_text())
    pdf = pypdf.PdfReader(files["ashes-score.pdf"].path)
    assert "Ashes of the North" in pdf.pages[0].extract_text()
    assert len(zipfile.ZipFile(files["ashes-pages.zip"].path).namelist()) == 2 * len(pdf.pages)
    assert guitarpro.parse(str(files["ashes.gp5"].path)).tempo == 160
    with Image.open(files["ashes-chords.png"].path) as chart:
        assert chart.size[0] == 1200
    assert "| E5" in files["ashes-chords.txt"].path.read_text()


@pytest.mark.parametrize("name", ["ashes.flac", "ashes.ogg", "ashes-without-bass.mp3"])
def test_decoders_of_two_makers_hear_the_same(files: Files, name: str) -> None:
    path = files[name].path
    heard = soundfile.read(path, dtype="float32")[0].T
    with av.open(str(path)) as container:
        again = np.concatenate([decoded(frame) for frame in container.decode(audio=0)], axis=1)
    assert abs(again.shape[1] - heard.shape[1]) <= 2 * 1152  # some leave a decoder's delay out
    inside = heard[0, RATE : 3 * RATE]
    match = max(np.corrcoef(again[0, RATE + lag : 3 * RATE + lag], inside)[0, 1] for lag in range(-1200, 1201))
    assert match > 0.999


def decoded(frame: av.AudioFrame) -> np.ndarray:
    """Shape (2, samples), whatever the decoder's format."""
    (plain,) = av.AudioResampler("fltp", "stereo", RATE).resample(frame)
    return plain.to_ndarray()


def test_the_pages_are_drawings_that_other_programs_read(files: Files) -> None:
    with zipfile.ZipFile(files["ashes-pages.zip"].path) as archive:
        drawing = parse(archive.read("page-01.svg"))
        page = next(frames(archive.read("page-01.png")))[1]
    assert drawing.tag.endswith("svg")
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}path"))) > 10
    assert page.min() < 50
    assert page.max() == 255


def test_the_video_is_as_long_as_the_song_and_has_its_sound(files: Files) -> None:
    path = files["ashes.mp4"].path
    song = soundfile.info(files["ashes.flac"].path).duration
    assert mutagen.mp4.MP4(path).info.length == pytest.approx(song, abs=0.1)
    with av.open(str(path)) as container:
        assert [stream.codec_context.name for stream in container.streams] == ["h264", "aac"]
        sound = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    flac = soundfile.read(files["ashes.flac"].path)[0].T
    late = [np.dot(sound[0, RATE + lag : 3 * RATE + lag], flac[0, RATE : 3 * RATE]) for lag in range(-1200, 1201, 48)]
    assert abs(int(np.argmax(late)) - 25) <= 3  # sound and picture start together, within 3 ms


def frames(content: bytes) -> Iterator[tuple[float, np.ndarray]]:
    with av.open(io.BytesIO(content)) as container:
        for frame in container.decode(video=0):
            yield frame.time, frame.to_ndarray(format="rgb24").astype(int)


def test_the_line_of_the_video_stands_where_the_music_is() -> None:
    score = replace(quartet_score(2), tempos=(TempoChange(0, 240.0), TempoChange(1920, 120.0)))
    film = Film(Scene("T", "Metal", "", "#b3202c", score))
    assert film.tick_at(0.5) == pytest.approx(960)
    assert film.tick_at(2.0) == pytest.approx(1920 + 960)
    content = encode_video(Scene("T", "Metal", "", "#b3202c", score), noise(2.5), RATE)
    seen = [
        (time, int(np.argmax(picture[145:635, 240:1248].min(axis=2).sum(axis=0)))) for time, picture in frames(content)
    ]
    assert len(seen) == -(-5 * FRAMES_PER_S // 2)
    for time, x in seen[3:30:5]:
        # A page has room for four such bars, however few there are.
        assert x / (1248 - 240) == pytest.approx(film.tick_at(time) / (4 * 1920), abs=0.01)


def test_a_video_that_must_be_small_has_fewer_and_clearer_pictures_still_in_time_to_its_end() -> None:
    score, limit = quartet_score(8, tempo=160.0), 12 * 15_000
    scene = Scene("T", "Metal", "", "#b3202c", score)
    content = encode_video(scene, noise(12), RATE, limit)
    assert len(content) <= limit
    film, seen = Film(scene), list(frames(content))
    assert len(seen) == 12 * FEW_FRAMES_PER_S
    errors = [np.mean(np.square(picture - film.frame(time, 12.0))) for time, picture in seen[6::36]]
    assert 10 * np.log10(255**2 / max(errors)) > 26  # dB, where a page of letters and notes can be read


@pytest.mark.parametrize(("seconds", "kbps", "channels"), [(300, 192, 2), (340, 192, 2), (400, 160, 2), (600, 96, 2)])
def test_the_mp3_of_any_song_fits_eight_mib(seconds: int, kbps: int, channels: int) -> None:
    quality = fitting_quality(seconds * RATE, RATE, 8 * MIB - 150_000)
    assert (quality.kbps, quality.channels) == (kbps, channels)


def test_the_steps_down_are_stereo_then_mono_then_a_sentence() -> None:
    fits = [fitting_quality(60 * RATE, RATE, limit) for limit in (2 * MIB, 600_000, 400_000, 250_000)]
    assert fits == [BEST, Quality(64, 2), Quality(48, 1), Quality(32, 1)]
    with pytest.raises(ScoreTooLarge, match=r"an MP3 of 1\.0 minutes does not fit into 0\.19 MiB, not even in mono"):
        fitting_quality(60 * RATE, RATE, 200_000)


@pytest.mark.parametrize("quality", [BEST, Quality(96, 2), Quality(56, 1), Quality(32, 1)])
def test_a_bit_rate_gives_the_size_it_promises(quality: Quality) -> None:
    content = encode_frames(noise(3), RATE, quality)
    stream = mutagen.mp3.MP3(io.BytesIO(content)).info
    assert (stream.bitrate, stream.channels, stream.sample_rate) == (quality.kbps * 1000, quality.channels, RATE)
    assert len(content) <= quality.size_bytes(3 * RATE, RATE) <= len(content) * 1.05


def test_stems_too_large_as_flac_are_mp3s_that_fit_together() -> None:
    sound = noise(6)
    takes = tuple(Take(f"Player {number}", sound) for number in range(3))
    session = Session(takes, sound * 3, RATE, "metal", Studio.open())
    content = session.zipped(400_000)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        streams = [mutagen.mp3.MP3(io.BytesIO(archive.read(name))).info for name in archive.namelist()]
    assert len(content) <= 400_000
    assert {stream.bitrate for stream in streams} == {160_000}
    with pytest.raises(ScoreTooLarge, match="the stems of 3 players do not fit into"):
        session.zipped(50_000)


def test_what_cannot_be_made_is_named_and_the_rest_is_there(tmp_path: Path) -> None:
    job = replace(metal_job(single_note_score(), ()), max_file_bytes=40_000)
    made = extras(job, tmp_path, ExtraFile.TAB, ExtraFile.FLAC, ExtraFile.MINUS_ONE, ExtraFile.MUSICXML)
    *unmade, xml = made
    assert isinstance(xml, RenderedFile)
    assert [(one.extra, one.reason) for one in unmade if isinstance(one, Unmade)] == [
        (ExtraFile.TAB, "there is no guitar, bass or drum part in this song, so there is nothing to write a tab of"),
        (ExtraFile.FLAC, unmade[1].reason),
        (ExtraFile.MINUS_ONE, "a song for one player has nobody to practise with"),
    ]
    assert "a file may have 0.0381 MiB here" in unmade[1].reason


def test_what_needs_too_much_memory_is_named_and_the_rest_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("inference.render.extras.write_tab", greedy)
    made = extras(metal_job(single_note_score(), ()), tmp_path, ExtraFile.TAB, ExtraFile.MUSICXML)
    assert made[0] == Unmade(ExtraFile.TAB, "it needs more memory than I may use")
    assert isinstance(made[1], RenderedFile)


def test_a_missing_package_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(optional.importlib, "import_module", missing)
    made = extras(metal_job(SCORE, ()), tmp_path, ExtraFile.SCORE)
    assert made == [
        Unmade(
            ExtraFile.SCORE,
            "a printed score needs the package verovio, which is not installed; get it with"
            " pip install 'lnh-band[score]'",
        )
    ]


@pytest.mark.parametrize("tempo", [20.0, 400.0])
def test_one_note_and_two_hundred_at_once_are_every_kind_of_paper(tmp_path: Path, tempo: float) -> None:
    crowd = Track("Guitar", 30, False, tuple(Note(0, pitch % 128, PPQ, 90) for pitch in range(128)))
    more = Track("Lead", 30, False, tuple(Note(0, pitch, PPQ, 90) for pitch in range(30, 102)))
    paper = (ExtraFile.MUSICXML, ExtraFile.SCORE, ExtraFile.PAGES, ExtraFile.TAB, ExtraFile.CHORDS)
    for score in (Score((crowd, more), (TempoChange(0, tempo),)), replace(SCORE, tempos=(TempoChange(0, tempo),))):
        assert all(
            isinstance(one, RenderedFile)
            for one in extras(replace(metal_job(SCORE, ()), score=score), tmp_path, *paper)
        )


def test_too_much_music_is_refused_for_extras_too(tmp_path: Path) -> None:
    with pytest.raises(ScoreTooLarge, match="tracks at most"):
        extras(metal_job(Score(single_note_score().tracks * 128), ()), tmp_path, ExtraFile.TAB)
    with pytest.raises(RenderFailed, match="no notes"):
        extras(metal_job(Score(()), ()), tmp_path, ExtraFile.TAB)


def test_equal_jobs_give_equal_files(tmp_path: Path, files: Files) -> None:
    wanted = (ExtraFile.FLAC, ExtraFile.SCORE, ExtraFile.TAB, ExtraFile.CHORDS, ExtraFile.MUSICXML)
    again = extras(metal_job(SCORE, ()), tmp_path, *wanted)
    for file in again:
        assert isinstance(file, RenderedFile)
        assert file.path.read_bytes() == files[file.path.name].path.read_bytes()


def test_sections_are_marked_in_the_score_the_tab_and_the_chart(tmp_path: Path) -> None:
    job = metal_job(quartet_score(8))
    job = replace(job, spec=replace(job.spec, form="AB"), extras=(ExtraFile.MUSICXML, ExtraFile.TAB, ExtraFile.CHORDS))
    letters = letters_of(job)
    assert list(letters) == [0, 4]
    files = {file.path.suffix: file.path for file in render_extras(job, tmp_path) if isinstance(file, RenderedFile)}
    marked = [
        (int(measure.attrib["number"]) - 1, mark.text)
        for measure in parse(files[".musicxml"].read_text()).iter("measure")
        for mark in measure.iter("rehearsal")
    ]
    assert dict(marked) == letters
    tab = guitarpro.parse(str(files[".gp5"]))
    markers = {number: header.marker.title for number, header in enumerate(tab.measureHeaders) if header.marker}
    assert markers == letters
    assert f"{letters[4]}   5  |" in files[".txt"].read_text()
