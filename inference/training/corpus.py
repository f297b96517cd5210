"""MIDI files -> arrangements to train on: tolerant reading, cleaning, splits."""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import symusic

from inference.midi import read_midi
from inference.midi.limits import MAX_FILE_BYTES, excess
from inference.music.errors import BadMidi
from inference.music.score import Meter, MeterChange, Note, Score, TempoChange, Track
from inference.music.units import PPQ
from inference.originality.ngrams import Keys
from inference.tokens.arrange import arrange
from inference.tokens.arrangement import Arrangement
from inference.tokens.downbeat import late_beats, moved
from inference.tokens.timing import is_on_time, keep_time, put_on_grid, share_on_grid
from inference.training.versions import runs_of

SPLITS = ("train", "valid", "test")
MANIFESTS = ("manifest.csv", "manifest.csv.gz")
_SUFFIXES = (".mid", ".midi", ".kar")
MIN_ROWS, MIN_PLAYERS = 8, 2
# Share of onsets on a 32nd or triplet point with which a file may stay as it is; free playing scores about one half.
MIN_ON_GRID = 0.85
# What a beat must save to be believed, in nats an onset: files with their time bent by hand save 0.1 at most.
MIN_SAVED = 0.15


ON_GRID, MOVED = "played loosely, put on the grid", "bar lines moved to the down-beats"


@dataclass(frozen=True, slots=True)
class Source:
    """A file of the corpus. `split` is train, valid or test."""

    path: Path
    genre: str
    split: str


@dataclass(frozen=True)
class Prepared:
    """A song fit for training: its long runs of notes, and what had to be repaired (ON_GRID, MOVED)."""

    arrangement: Arrangement
    runs: Keys
    mended: tuple[str, ...]


class Unsuitable(Exception):
    """A file that is not fit for training; the message is a short reason, by which files are counted."""


def read_manifest(manifest: Path, root: Path, genres: tuple[str, ...] | None = None) -> list[Source]:
    """The files of some genres, or of all, in the order of the manifest.

    It is a CSV file, gzipped or not, with a column `file` (below `root`) and maybe `genre` and `split` (train, valid or
    test; without one every twentieth file is for validation).

    Raises:
        OSError, EOFError: it cannot be read.
        ValueError: it is no such CSV file.
    """
    opened = gzip.open if manifest.suffix == ".gz" else open
    with opened(manifest, "rt", encoding="utf-8-sig", newline="") as lines:
        try:
            sources = [_listed(number, row, root) for number, row in enumerate(csv.DictReader(lines))]
        except csv.Error as error:
            raise ValueError(str(error)) from error
    return [source for source in sources if genres is None or source.genre in genres]


def read_folder(root: Path) -> list[Source]:
    """Any folder of MIDI files: those that its manifest.csv or manifest.csv.gz lists, or all.

    Without a manifest the genre is the first folder below `root`, and every twentieth file is for validation.
    Raises what `read_manifest` does.
    """
    for name in MANIFESTS:
        if (root / name).is_file():
            return read_manifest(root / name, root)
    paths = sorted(path for path in root.rglob("*") if path.suffix.lower() in _SUFFIXES and not path.is_dir())
    return [Source(path, _folder_genre(path, root), _usual_split(number)) for number, path in enumerate(paths)]


def _listed(number: int, row: dict[str, str | None], root: Path) -> Source:
    file, split = row.get("file"), row.get("split") or _usual_split(number)
    if not file:
        raise ValueError(f"line {number + 2} names no file in the column “file”")
    if split not in SPLITS:
        raise ValueError(f"line {number + 2} has the split “{split}”; there are {', '.join(SPLITS)}")
    return Source(root / file, row.get("genre") or "", split)


def _usual_split(number: int) -> str:
    return "valid" if number % 20 == 7 else "train"


def prepare(source: Source) -> Prepared:
    """Reads and cleans one file.

    Raises:
        Unsuitable: with the reason.
        OSError: the file cannot be opened.
    """
    score = _read(source.path)
    mended = []
    if not is_on_time(score):
        timing = keep_time(score)
        if timing.saved >= MIN_SAVED:
            score = put_on_grid(score, timing)
            mended.append(ON_GRID)
        elif share_on_grid(score) < MIN_ON_GRID:
            raise Unsuitable("played without a beat that can be found")
    if late := late_beats(score):
        score = moved(score, late)
        mended.append(MOVED)
    try:
        arrangement = arrange(score, ((source.genre, 1.0),))
    except BadMidi as error:
        raise Unsuitable("no meter that the band plays") from error
    if len(arrangement.rows) < MIN_ROWS:
        raise Unsuitable(f"fewer than {MIN_ROWS} bars in one meter")
    if len(arrangement.header.players) < MIN_PLAYERS:
        raise Unsuitable(f"fewer than {MIN_PLAYERS} players")
    return Prepared(arrangement, runs_of(arrangement), tuple(mended))


def _read(path: Path) -> Score:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Unsuitable(f"more than {MAX_FILE_BYTES // 2**10} KiB")
    try:
        score = read_score(path)
    except BadMidi as error:
        raise Unsuitable("unreadable") from error
    if not score.note_count:
        raise Unsuitable("no notes")
    if excess(score) is not None:
        raise Unsuitable("too many tracks, notes, changes or quarters")
    return score


def read_score(path: Path) -> Score:
    """Reads a file with symusic, far faster than mido; falls back to the tolerant reader.

    Raises:
        BadMidi: neither can read it.
        OSError: the file cannot be opened.
    """
    try:
        return _score(symusic.core.ScoreTick(path))
    except (RuntimeError, ValueError, MemoryError):
        return read_midi(path.read_bytes())


def _score(song: symusic.core.ScoreTick) -> Score:
    if song.tpq <= 0:
        raise BadMidi("this MIDI file has no resolution")
    scale = PPQ / song.tpq
    tempos = {0: 120.0} | {round(change.time * scale): change.qpm for change in song.tempos if change.qpm > 0}
    meters = {0: Meter()} | {
        round(change.time * scale): Meter(change.numerator, change.denominator)
        for change in song.time_signatures
        if change.numerator > 0 and change.denominator > 0
    }
    return Score(
        tuple(_track(track, scale) for track in song.tracks),
        tuple(TempoChange(tick, tempos[tick]) for tick in sorted(tempos) if tick >= 0),
        tuple(MeterChange(tick, meters[tick]) for tick in sorted(meters) if tick >= 0),
    )


def _track(track: symusic.core.TrackTick, scale: float) -> Track:
    return Track(track.name, min(127, track.program), track.is_drum, tuple(_notes(track, scale)))


def _notes(track: symusic.core.TrackTick, scale: float) -> Iterator[Note]:
    columns = track.notes.numpy()
    rows = zip(*(columns[name].tolist() for name in ("time", "pitch", "duration", "velocity")), strict=True)
    for time, pitch, duration, velocity in rows:
        # Times that ran over are negative.
        if time >= 0 and 0 <= pitch <= 127:
            length = max(1, round(duration * scale))
            yield Note(round(time * scale), pitch, length, min(127, max(1, velocity)))


def _folder_genre(path: Path, root: Path) -> str:
    inside = path.relative_to(root)
    return inside.parts[0] if len(inside.parts) > 1 else ""
