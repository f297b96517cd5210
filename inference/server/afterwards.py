"""More files of a song that is finished already, made when somebody asks for them."""

import asyncio
import json

import structlog
from pydantic import ValidationError

from inference.api import ErrorCode, ExtraFile, FilesBody, LeftOut, SongFile, SongState, SongStatus
from inference.midi import read_midi
from inference.music.errors import MusicError
from inference.music.genre import GenreCatalogue
from inference.music.recipe import Recipe
from inference.render.errors import RenderFailed
from inference.render.job import RenderJob
from inference.server import stages
from inference.server.limits import ServerLimits
from inference.server.order import title_of
from inference.server.refusal import Refusal
from inference.server.register import Entry, Register
from inference.server.stages import Renderer

_AT_ONCE, _MOST_WAITING = 1, 16
_MIDI = ".mid"
log: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger()


class Afterwards:
    """Makes files of finished songs, one request after the other, so that new songs find the studio free."""

    def __init__(self, renderer: Renderer, catalogue: GenreCatalogue, register: Register, limits: ServerLimits) -> None:
        self._renderer = renderer
        self._catalogue = catalogue
        self._register = register
        self._limits = limits
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    async def add(self, id: str, body: FilesBody) -> SongStatus:
        """The song's status with the files in it; those that it has already are not made again.

        Raises:
            Refusal: no such song, it is not done, too many wait for files, or it has no MIDI file to make them from.
        """
        if self._waiting >= _MOST_WAITING:
            raise Refusal(
                ErrorCode.QUEUE_FULL, "too many songs wait for more files; ask again soon", retry_after_s=10.0
            )
        self._waiting += 1
        try:
            async with self._turn:
                return await self._add(self._finished(id), body)
        finally:
            self._waiting -= 1

    async def _add(self, entry: Entry, body: FilesBody) -> SongStatus:
        there = {file.kind for file in entry.feed.status.files}
        wanted = tuple(extra for extra in dict.fromkeys(body.files) if extra not in there)
        if not wanted:
            return entry.feed.status
        job = await asyncio.to_thread(self._job, entry, wanted, int(body.max_file_mib * 2**20))
        made, left_out = await stages.render_extras(self._renderer, job, entry.id, self._register.folder(entry))
        too_much = entry.size_bytes + sum(file.size_bytes for file in made) > self._limits.max_song_bytes
        if too_much:
            left_out += [_too_much(extra, self._limits) for extra in wanted if _is_made(extra, made)]
            made = []
        if self._register.get(entry.id) is not entry:
            raise Refusal(ErrorCode.NOT_FOUND, "the song was removed while its files were made")
        entry.feed.add_files(made, left_out)
        try:
            await self._register.settle(entry)
        except OSError as error:  # they are there all the same; only a restart would forget them
            log.warning("more files not filed away", request_id=entry.id, reason=error.strerror)
        return entry.feed.status

    def _finished(self, id: str) -> Entry:
        entry = self._register.find(id)
        if entry.feed.state is not SongState.DONE:
            state = entry.feed.state
            raise Refusal(
                ErrorCode.BAD_REQUEST, f"more files can be had of finished songs; this one is {state}", status=409
            )
        return entry

    def _job(self, entry: Entry, extras: tuple[ExtraFile, ...], max_file_bytes: int) -> RenderJob:
        """The renderer's job, read back from the song's MIDI file and recipe; blocks. Raises Refusal."""
        status = entry.feed.status
        midi = next((file for file in status.files if file.name.endswith(_MIDI)), None)
        if midi is None:
            raise Refusal(
                ErrorCode.BAD_REQUEST, "this song was made without its MIDI file, so I have no notes to work from"
            )
        try:
            score = read_midi((self._register.folder(entry) / midi.name).read_bytes())
            recipe = Recipe.from_json(json.dumps(status.recipe))
            genre = self._catalogue.find(recipe.spec.main_genre)
            return RenderJob(
                score=score,
                spec=recipe.spec,
                title=status.title or genre.title,
                genre_title=title_of(recipe.spec, self._catalogue),
                colour=genre.colour,
                recipe_json=recipe.to_json(),
                formats=(),
                stem=midi.name.removesuffix(_MIDI),
                extras=extras,
                max_file_bytes=max_file_bytes,
            )
        except (MusicError, RenderFailed, OSError) as error:
            raise Refusal(ErrorCode.NOT_FOUND, "the notes of this song cannot be read any more") from error


def read_files_body(raw: bytes) -> FilesBody:
    """Parses a request for more files.

    Raises:
        Refusal: it is none; the sentence says what would be right.
    """
    try:
        return FilesBody.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        known = ", ".join(ExtraFile)
        if first["loc"][:1] == ("max_file_mib",):
            raise Refusal(ErrorCode.INVALID_OPTION, "max_file_mib must be a number between 1 and 4096") from None
        if first["loc"][:1] == ("files",) and first["type"] != "missing":
            raise Refusal(ErrorCode.INVALID_OPTION, f"files must be a list of some of {known}") from None
        example = '{"files": ["stems"]}'
        raise Refusal(
            ErrorCode.BAD_REQUEST, f"the body must be a JSON object such as {example}; I know {known}"
        ) from None


def _is_made(extra: ExtraFile, made: list[SongFile]) -> bool:
    return any(file.kind == extra for file in made)


def _too_much(extra: ExtraFile, limits: ServerLimits) -> LeftOut:
    most = limits.max_song_bytes / 2**20
    return LeftOut(file=extra, message=f"with it the files of this song would have more than the {most:.0f} MiB I keep")
