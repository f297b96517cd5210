"""From a job to the files that are made only when they are asked for, at once in this process."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from inference.api import ExtraFile
from inference.music.measure import estimate_key
from inference.music.pitch import Key, Mode
from inference.render.errors import RenderFailed, ScoreTooLarge, write_error
from inference.render.harmony import find_chords
from inference.render.heard import letters_of
from inference.render.job import RenderedFile, RenderJob, Unmade, check_limits
from inference.render.mp3 import Tags, encode_mp3
from inference.render.notation.bars import bars_of, tempo_in_words
from inference.render.notation.engrave import Pages, engrave
from inference.render.notation.musicxml import Sheet, write_musicxml
from inference.render.notation.spelling import spell
from inference.render.pictures import draw_card, jpeg_bytes, png_bytes
from inference.render.pictures.chart import Chart, bars_of_chords, chart_text, draw_chart, rows_of
from inference.render.pictures.film import Scene
from inference.render.pipeline import card_of, save
from inference.render.signal import Audio
from inference.render.soundfiles import encode_flac, encode_ogg
from inference.render.sounds import DEFAULT_SOUNDS
from inference.render.stems import Session, record_stems
from inference.render.studio import Studio
from inference.render.tab.gp5 import write_tab
from inference.render.video import encode_video

_ZIP, _MP3, _XML = "application/zip", "audio/mpeg", "application/vnd.recordare.musicxml+xml"
Content = tuple[str, bytes, str]
"""What follows the job's stem in the file's name, the bytes, the media type."""


def render_extras(
    job: RenderJob, folder: Path, *, soundfont: Path | None = None, sounds: Path = DEFAULT_SOUNDS
) -> list[RenderedFile | Unmade]:
    """Writes the files of `job.extras` into `folder` (which must exist).

    What cannot be made is answered as Unmade and does not keep the others from being made.

    Raises:
        RenderFailed: the score is no music or too much of it, or the disk is full.
    """
    check_limits(job.score)
    made: list[RenderedFile | Unmade] = []
    with _Desk(job, soundfont, sounds) as desk:
        for extra in job.extras:
            try:
                contents = list(desk.make(extra))
                _check_sizes(contents, job.max_file_bytes)
            except RenderFailed as reason:
                made.append(Unmade(extra, str(reason)))
                continue
            except MemoryError:
                made.append(Unmade(extra, "it needs more memory than I may use"))
                continue
            except OSError as error:
                raise write_error(error) from error
            made += [save(content, folder / f"{job.stem}{rest}", kind, extra) for rest, content, kind in contents]
    return made


def _check_sizes(contents: Sequence[Content], limit_bytes: int) -> None:
    """For what cannot step down, such as pictures of many pages."""
    largest = max((len(content) for _, content, _ in contents), default=0)
    if largest > limit_bytes:
        found, most = largest / 2**20, limit_bytes / 2**20
        raise ScoreTooLarge(f"it would have {found:.1f} MiB, and a file may have {most:.3g} MiB here")


class _Desk:
    """Makes files of one job; what several need is made once."""

    def __init__(self, job: RenderJob, soundfont: Path | None, sounds: Path) -> None:
        self._job = job
        self._limit = job.max_file_bytes
        self._files = (soundfont, sounds)
        self._stack = ExitStack()

    def __enter__(self) -> "_Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def make(self, extra: ExtraFile) -> Iterator[Content]:
        """The files of an extra. Raises RenderFailed, OSError."""
        makers: dict[ExtraFile, Callable[[], Iterator[Content]]] = {
            ExtraFile.FLAC: self._flac,
            ExtraFile.OGG: self._ogg,
            ExtraFile.STEMS: self._stems,
            ExtraFile.MINUS_ONE: self._minus_one,
            ExtraFile.MUSICXML: self._musicxml,
            ExtraFile.SCORE: self._score,
            ExtraFile.PAGES: self._pages,
            ExtraFile.TAB: self._tab,
            ExtraFile.CHORDS: self._chords,
            ExtraFile.VIDEO: self._video,
        }
        return makers[extra]()

    def _flac(self) -> Iterator[Content]:
        yield ".flac", encode_flac(*self._recording, self._tags(), self._limit), "audio/flac"

    def _ogg(self) -> Iterator[Content]:
        yield ".ogg", encode_ogg(*self._recording, self._tags(), self._limit), "audio/ogg"

    def _stems(self) -> Iterator[Content]:
        yield "-stems.zip", self._session.zipped(self._limit), _ZIP

    def _minus_one(self) -> Iterator[Content]:
        for take in self._session.takes:
            tags = self._tags(f" (without {take.name})")
            content = encode_mp3(self._session.without(take), self._session.rate, tags, self._limit)
            yield f"-without-{take.name.lower().replace(' ', '-')}.mp3", content, _MP3

    def _musicxml(self) -> Iterator[Content]:
        yield ".musicxml", self._xml, _XML

    def _score(self) -> Iterator[Content]:
        yield "-score.pdf", self._engraved.pdf(), "application/pdf"

    def _pages(self) -> Iterator[Content]:
        yield "-pages.zip", self._engraved.zipped(), _ZIP

    def _tab(self) -> Iterator[Content]:
        yield ".gp5", write_tab(self._job.score, self._sheet).content, "application/x-guitar-pro"

    def _chords(self) -> Iterator[Content]:
        bars = bars_of(self._job.score, self._job.spec.bars)
        rows = rows_of(bars_of_chords(bars, self._sheet.symbols, self._key), self._sheet.letters)
        facts = f"{self._job.genre_title}  ·  {self._facts}"
        chart = Chart(self._job.title, facts, self._key, self._job.colour)
        yield "-chords.png", png_bytes(draw_chart(chart, rows)), "image/png"
        yield "-chords.txt", chart_text(chart, rows).encode(), "text/plain"

    def _video(self) -> Iterator[Content]:
        job = self._job
        scene = Scene(job.title, job.genre_title, self._facts, job.colour, job.score)
        yield ".mp4", encode_video(scene, *self._recording, self._limit), "video/mp4"

    @cached_property
    def _studio(self) -> Studio:
        soundfont, sounds = self._files
        return Studio.open(soundfont, sounds)

    @cached_property
    def _recording(self) -> tuple[Audio, int]:
        return self._studio.record(self._job.score, self._job.spec.roster or (), self._job.spec.main_genre)

    @cached_property
    def _session(self) -> Session:
        job = self._job
        stems = record_stems(self._studio, job.score, job.spec.roster or (), job.spec.main_genre)
        return self._stack.enter_context(stems)

    @cached_property
    def _key(self) -> Key:
        return self._job.spec.key or estimate_key(self._job.score)

    @cached_property
    def _sheet(self) -> Sheet:
        job = self._job
        symbols = find_chords(job.score, job.spec.bars)
        return Sheet(job.title, job.genre_title, self._key, symbols, job.spec.bars, letters_of(job))

    @cached_property
    def _xml(self) -> bytes:
        return write_musicxml(self._job.score, self._sheet)

    @cached_property
    def _engraved(self) -> Pages:
        line = f"{self._job.genre_title}  ·  {self._facts}"
        return engrave(self._xml, self._job.title, line, self._job.score.note_count)

    @cached_property
    def _facts(self) -> str:
        mode = "minor" if self._key.mode is Mode.MINOR else "major"
        tempo = self._job.spec.tempo or self._job.score.tempos[0].tempo
        beats = tempo_in_words(tempo, self._job.score.meters[0].meter)
        return f"{beats}  ·  {spell(self._key.tonic, self._key)} {mode}"

    @cached_property
    def _cover(self) -> bytes:
        return jpeg_bytes(draw_card(card_of(self._job)))

    def _tags(self, suffix: str = "") -> Tags:
        job = self._job
        tempo = job.spec.tempo or job.score.tempos[0].tempo
        return Tags(job.title + suffix, job.genre_title, tempo, str(self._key), job.recipe_json, self._cover)
