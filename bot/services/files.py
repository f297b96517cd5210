"""More files of a song, made when somebody asks for them."""

from dataclasses import dataclass

import structlog

from bot.domain.errors import LnhError
from bot.domain.files import FilesWish
from bot.domain.request import Requester
from bot.ports import Composer, FilesReply, Songs, UserError
from inference.music.errors import MusicError

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FilesService:
    """Has files of delivered songs made and delivers them."""

    composer: Composer
    songs: Songs

    async def make(self, wish: FilesWish, requester: Requester, reply: FilesReply) -> None:
        """Delivers the files to `reply`, which also hears of every error; raises none."""
        try:
            song = await self.songs.delivered(wish.song)
            request = wish.request(await self.songs.request(wish.song), song, requester)
            made = await self.composer.files(request)
            await reply.files(made)
        except (LnhError, MusicError) as error:
            _logger.info("files given up", song_id=wish.song, files=wish.kinds, reason=repr(error))
            await _tell(reply, error)
        except Exception:
            _logger.exception("files failed unexpectedly", song_id=wish.song, files=wish.kinds)
            await _tell(reply, LnhError(id=wish.song))
        else:
            _logger.info("files delivered", song_id=wish.song, files=[file.name for file in made.files])


async def _tell(reply: FilesReply, error: UserError) -> None:
    try:
        await reply.error(error)
    except Exception:
        _logger.exception("error not told", error=repr(error))
