"""The files of a song: the usual ones, and those that are made only when they are asked for."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from inference.api.wire import Wire

DEFAULT_FILE_MIB = 8.0  # what every chat takes
MAX_FILE_MIB = 4096.0  # on a disk of one's own
MaxFileMib = Annotated[
    float, Field(ge=1, le=MAX_FILE_MIB, description="audio lowers its bit rate to fit; what cannot fit is left out")
]


class FileFormat(StrEnum):
    """What a song can be delivered as; the value is the file's extension."""

    MIDI = "mid"
    MP3 = "mp3"
    CARD = "png"


class ExtraFile(StrEnum):
    """What else a song can be had as, made only when it is asked for."""

    FLAC = "flac"
    OGG = "ogg"
    STEMS = "stems"
    MINUS_ONE = "minus-one"
    MUSICXML = "musicxml"
    SCORE = "score"
    PAGES = "pages"
    TAB = "tab"
    CHORDS = "chords"
    VIDEO = "video"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    ExtraFile.FLAC: "the recording without loss (.flac)",
    ExtraFile.OGG: "the recording as Ogg Opus (.ogg)",
    ExtraFile.STEMS: "every player alone, as in the mix (.zip)",
    ExtraFile.MINUS_ONE: "practice tracks, each without one player (.mp3)",
    ExtraFile.MUSICXML: "the score for notation programs (.musicxml)",
    ExtraFile.SCORE: "the printed score (.pdf)",
    ExtraFile.PAGES: "the pages of the score as SVG and PNG (.zip)",
    ExtraFile.TAB: "guitars, basses and drums for Guitar Pro (.gp5)",
    ExtraFile.CHORDS: "the chord chart (.png and .txt)",
    ExtraFile.VIDEO: "the piano roll in time with the music (.mp4)",
}
FILES_HELP = "files beyond MIDI, MP3 and card: " + "; ".join(f"{one}: {told}" for one, told in _MEANINGS.items())


class FilesBody(Wire):
    """More files of a finished song; those it has already are not made again."""

    files: Annotated[list[ExtraFile], Field(min_length=1, max_length=16, description=FILES_HELP)]
    max_file_mib: MaxFileMib = DEFAULT_FILE_MIB


class SongFile(Wire):
    """One file of a finished song: `kind` is the FileFormat or ExtraFile it was made for, `url` a path here."""

    name: str
    kind: str = ""
    media_type: str
    size_bytes: int
    url: str


class LeftOut(Wire):
    """A file that was asked for and could not be made, with the reason in one sentence."""

    file: ExtraFile
    message: str
