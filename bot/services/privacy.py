"""Shows, hands out and forgets what is kept; who may speak for a whole workspace is the platform's own permission."""

import gzip
import json
from dataclasses import dataclass

import structlog

from bot.domain.privacy import Kept, Owner
from bot.domain.song import SongFile
from bot.ports import Records

PLAIN_BYTES = 4 * 1024 * 1024  # what is larger is packed, so that every platform takes it
_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PrivacyService:
    """What is kept of people and workspaces."""

    records: Records

    async def kept(self, owner: Owner) -> Kept:
        """How much there is."""
        return await self.records.kept(owner)

    async def export(self, owner: Owner) -> SongFile:
        """All of it as one JSON file, packed with gzip if it is large."""
        content = json.dumps(await self.records.export(owner), indent=1, ensure_ascii=False).encode()
        if len(content) > PLAIN_BYTES:
            return SongFile("lnh-records.json.gz", "application/gzip", gzip.compress(content))
        return SongFile("lnh-records.json", "application/json", content)

    async def forget(self, owner: Owner) -> Kept:
        """Removes all of it for good; how much there was."""
        gone = await self.records.forget(owner)
        scope = "workspace" if owner.person is None else "person"  # who it was is just what is to be forgotten
        _logger.info("records forgotten", platform=owner.platform, scope=scope, songs=gone.songs, dailies=gone.dailies)
        return gone
