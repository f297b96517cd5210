"""More files of a song that was delivered: stems, practice tracks, score, tab, video and whatever else there is."""

from dataclasses import dataclass, replace

from bot.domain.request import Priority, Requester, RequestId, SongRequest
from bot.domain.song import Delivered, SongFile
from inference.api import DEFAULT_FILE_MIB, ExtraFile, FileFormat, LeftOut
from inference.music.errors import InvalidSpec
from inference.music.touch import PLAIN

KINDS = tuple(ExtraFile)


@dataclass(frozen=True, slots=True)
class FilesWish:
    """Files that somebody wants of a song; `max_file_mib` is how large one may be where they go."""

    song: RequestId
    kinds: tuple[ExtraFile, ...]
    max_file_mib: float = DEFAULT_FILE_MIB

    def request(self, asked: SongRequest, song: Delivered, requester: Requester) -> SongRequest:
        """The song exactly as it was written, with these files, for `requester`; only a lost song is written again."""
        recipe = song.recipe
        # A recipe that says nothing of a touch is older than the first one.
        sampling = replace(recipe.sampling, touch=recipe.sampling.touch or PLAIN)
        return replace(
            asked,
            spec=recipe.spec,
            sampling=sampling,
            asked=recipe.asked,
            checkpoint=recipe.checkpoint,
            takes=1,
            requester=requester,
            formats=(FileFormat.MIDI,),
            files=self.kinds,
            max_file_mib=self.max_file_mib,
            priority=Priority.INTERACTIVE,
        )


@dataclass(frozen=True, slots=True)
class MadeFiles:
    """Files of the song called `title`; `left_out` could not be made."""

    title: str
    files: tuple[SongFile, ...]
    left_out: tuple[LeftOut, ...] = ()


def read_kinds(text: str) -> tuple[ExtraFile, ...]:
    """Reads `stems,tab`, `stems tab` or `3 8`, where numbers count KINDS from 1, or nothing. Raises InvalidSpec."""
    words = [word.strip().casefold() for word in text.replace(",", " ").split()]
    known = {kind.value: kind for kind in KINDS} | {str(number): kind for number, kind in enumerate(KINDS, 1)}
    wrong = next((word for word in words if word not in known), None)
    if wrong is not None:
        raise InvalidSpec("files", f"a file is one of {', '.join(KINDS)}, not “{wrong[:40]}”")
    return tuple(dict.fromkeys(known[word] for word in words))
