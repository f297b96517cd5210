"""From a request to a song in the channel, whatever goes wrong on the way."""

import asyncio
from collections.abc import Callable, Collection
from contextlib import aclosing
from dataclasses import dataclass, field, replace

import structlog
from structlog.contextvars import bound_contextvars

from bot.domain.blend import Blend
from bot.domain.errors import CANCELLED, ComposerFailed, GenreDisabled, LnhError, NotFound
from bot.domain.request import Place, Priority, Requester, RequestId, SongChange, SongRequest, draw_seed
from bot.domain.song import Preview, Progress, Song
from bot.ports import Composer, GenreSettings, Reply, Songs, UserError
from bot.services.genres import GenreService
from inference.music.errors import MusicError
from inference.music.genre import GenreCatalogue

_logger = structlog.get_logger(__name__)
_RECOMPOSED_TOGETHER = 4  # songs a crash left behind that are asked for at a time, so that people still get through


@dataclass(frozen=True)
class ComposeService:
    """Composes and delivers.

    A request is stored before anything else happens, so a crash loses none, and its id makes a repeated delivery
    of the same click harmless.
    """

    composer: Composer
    songs: Songs
    genres: GenreSettings
    catalogue: GenreCatalogue
    _running: set[RequestId] = field(default_factory=set, init=False, repr=False)

    async def compose(self, request: SongRequest, reply: Reply) -> None:
        """Composes one song and delivers it to `reply`, which also hears of every error; raises none.

        Cancelling the task cancels the song at the composer and leaves the request pending for the next start.
        """
        if request.id not in self._running:
            await self._answer(request, reply)

    async def another(
        self, song_id: RequestId, *, id: RequestId, requester: Requester, place: Place, reply: Reply
    ) -> None:
        """Composes the wishes of a known song once more, with a new seed; errors go to `reply`."""
        try:
            wishes = await self.songs.request(song_id)
            await self._check_own_genres(wishes, song_id, place)
        except (LnhError, MusicError) as error:
            await _tell(reply, error)
        except Exception:
            _logger.exception("wishes not readable", request_id=id, song_id=song_id)
            await _tell(reply, LnhError(id=id))
        else:
            await self.compose(replace(wishes.another(id, draw_seed(), requester), place=place), reply)

    async def change(
        self, change: SongChange, *, id: RequestId, requester: Requester, place: Place, reply: Reply
    ) -> None:
        """Composes a song out of a known one: a variation, a longer one, another player; errors go to `reply`."""
        try:
            notes = (await self.songs.delivered(change.song)).midi
            if notes is None:
                raise NotFound(what="song")
            wishes = (await self.songs.request(change.song)).changed(change, notes)
            await self._check_own_genres(wishes, change.song, place)
        except (LnhError, MusicError) as error:
            await _tell(reply, error)
        except Exception:
            _logger.exception("song not readable", request_id=id, song_id=change.song)
            await _tell(reply, LnhError(id=id))
        else:
            chosen = change.remix.seed
            wishes = wishes.another(id, draw_seed() if chosen is None else chosen, requester)
            await self.compose(replace(wishes, place=place, seed_drawn=chosen is None), reply)

    async def cancel(self, id: RequestId) -> None:
        """Stops a song; the reply waiting for it is told. Unknown or finished ids are ignored."""
        await self.composer.cancel(id)

    async def recompose_pending(self, reply_for: Callable[[SongRequest], Reply | None]) -> None:
        """Composes what a crash left behind; requests without a reply stay pending for a later start.

        Scheduled songs are left to the daily service, which knows how late they may be.
        """
        slots = asyncio.Semaphore(_RECOMPOSED_TOGETHER)

        async def recompose(request: SongRequest, reply: Reply) -> None:
            async with slots:
                await self._answer(request, reply)

        alive = set(self._running)  # people may ask while the list is read
        async with asyncio.TaskGroup() as tasks:
            for request in await self.songs.pending():
                if request.priority is Priority.SCHEDULED or request.id in alive | self._running:
                    continue
                reply = reply_for(request)
                if reply is not None:
                    tasks.create_task(recompose(request, reply))

    async def accept(self, request: SongRequest) -> bool:
        """Stores a request; False if nothing of it is left to do, or another process works on it."""
        return await self.songs.accept(request)

    async def perform(self, request: SongRequest, reply: Reply) -> None:
        """Composes an accepted request, delivers it and marks it delivered; the caller handles what is raised.

        Raises:
            LnhError, MusicError: a disabled genre, or what composer and reply raise. The request stays pending.
        """
        song = await self.write(replace(request, preview=request.priority is not Priority.SCHEDULED), reply)
        await self.deliver(request.id, song, reply)

    async def write(self, request: SongRequest, reply: Reply) -> Song:
        """Composes a request, which need not be stored; `reply` hears of the progress only.

        Raises:
            LnhError, MusicError: a disabled genre, or what the composer raises.
        """
        enabled = await self._enabled_for(request)
        played = await self._play(request, reply)
        return replace(played, remixes=self._remixes(played, enabled))

    async def deliver(self, id: RequestId, song: Song, reply: Reply) -> None:
        """Delivers the song of an accepted request and marks it delivered. Raises what `reply` raises."""
        await reply.song(song)
        await self.songs.finish(id, song)
        _logger.info("song delivered", request_id=id, title=song.title, seconds=song.seconds)

    async def _answer(self, request: SongRequest, reply: Reply) -> None:
        self._running.add(request.id)
        try:
            with bound_contextvars(request_id=request.id):
                if not await self.songs.accept(request):
                    _logger.info("request known already")
                    return
                _logger.info("song asked for", platform=request.place.platform, genre=request.spec.main_genre)
                await self.perform(request, reply)
        except (LnhError, MusicError) as error:
            _logger.info("request given up", request_id=request.id, reason=repr(error))
            await self._give_up(request, reply, error)
        except Exception:
            _logger.exception("request failed unexpectedly", request_id=request.id)
            await self._give_up(request, reply, LnhError(id=request.id))
        finally:
            self._running.discard(request.id)

    async def _enabled_for(self, request: SongRequest) -> tuple[str, ...]:
        """The genres that are played where the song belongs. Raises GenreDisabled when the song's are not."""
        return await self._enabled(request.spec.genres, request.place)

    async def _check_own_genres(self, wishes: SongRequest, song_id: RequestId, place: Place) -> None:
        """Wishes that name no genre leave it to the song they work on. Raises GenreDisabled, NotFound."""
        if not wishes.spec.genres:
            await self._enabled((await self.songs.delivered(song_id)).recipe.spec.genres, place)

    async def _enabled(self, genres: Blend, place: Place) -> tuple[str, ...]:
        """The genres that are played in a place. Raises GenreDisabled when one of `genres` is not."""
        enabled = await GenreService(self.genres, self.catalogue).enabled_names(place.platform, place.workspace)
        for name, _ in genres:
            if self.catalogue.find(name).name not in enabled:
                raise GenreDisabled(genre=name, enabled=", ".join(enabled))
        return enabled

    def _remixes(self, song: Song, enabled: Collection[str]) -> tuple[tuple[str, str], ...]:
        others = [one for one in self.catalogue.genres if one.name in enabled and one.name != song.genre]
        return tuple((genre.name, genre.title) for genre in others)

    async def _play(self, request: SongRequest, reply: Reply) -> Song:
        """The song; where it fails after it was heard as a quick mix, it is the quick mix that stays."""
        heard: Song | None = None
        try:
            # Leaving the block early closes the iterator, and that cancels the song at the composer.
            async with aclosing(self.composer.compose(request)) as items:
                async for item in items:
                    match item:
                        case Song():
                            return item
                        case Preview() if heard is None:
                            heard = item.song
                            await _preview(reply, item.song)
                        case Progress():
                            await _show(reply, item)
        except ComposerFailed as failure:
            if heard is None or failure.params.get("reason") == CANCELLED:
                raise
            _logger.warning("the quick mix stays", request_id=request.id, reason=repr(failure))
        if heard is None:
            raise LnhError(id=request.id)
        return heard

    async def _give_up(self, request: SongRequest, reply: Reply, error: UserError) -> None:
        await _tell(reply, error)
        try:
            await self.songs.finish(request.id, None)
        except Exception:
            _logger.exception("request could not be marked as given up", request_id=request.id)


async def _show(reply: Reply, progress: Progress) -> None:
    """A progress message that fails must not cost the song."""
    try:
        await reply.progress(progress)
    except Exception:
        _logger.exception("progress not shown")


async def _preview(reply: Reply, song: Song) -> None:
    """Nor must a preview."""
    try:
        await reply.preview(song)
    except Exception:
        _logger.exception("preview not shown")


async def _tell(reply: Reply, error: UserError) -> None:
    try:
        await reply.error(error)
    except Exception:
        _logger.exception("error not told", error=repr(error))
