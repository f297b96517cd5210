"""Discord as one of the bot's chat platforms."""

import asyncio

import aiohttp
import discord
import stamina
import structlog
import yarl

from adapters.discord.admin import DailyCommands, GenresCommands
from adapters.discord.asking import Asked
from adapters.discord.client import BandClient
from adapters.discord.commands import compose_command
from adapters.discord.permissions import invite_url
from adapters.discord.posting import is_at_the_edge
from adapters.discord.privacy import PrivacyCommands
from adapters.discord.translate import PLATFORM
from bot.domain.request import SongRequest
from bot.ports import Messenger, Reply
from bot.services.band import Band
from bot.settings import BadSettings, DiscordSettings, variable

UNREACHABLE = (aiohttp.ClientError, OSError, discord.DiscordServerError, discord.GatewayNotFound)
CANCEL_AGAIN_S = 0.5
AUTHENTICATION_FAILED = 4004  # how the gateway closes on a token that was reset
_log = structlog.get_logger(__name__)


class DiscordAdapter:
    """Serves Discord; implements bot.services.band.ChatAdapter. One instance runs once."""

    platform = PLATFORM

    def __init__(self, settings: DiscordSettings, band: Band) -> None:
        self._settings = settings
        self.client = make_client(band)

    @property
    def messenger(self) -> Messenger:
        return self.client.channels

    async def run(self) -> None:
        """Connects and answers until cancelled, then ends the songs in the making and the connection.

        Raises:
            BadSettings: there is no token, or Discord does not accept it.
        """
        if self._settings.token is None:
            raise BadSettings(f"Discord needs {variable('discord', 'token')}")
        point_library_at(self._settings)
        async with self.client:
            serving = asyncio.create_task(self._serve(self._settings.token.get_secret_value()))
            try:
                await asyncio.wait([serving])
                serving.result()
            except (discord.LoginFailure, discord.ConnectionClosed) as error:
                if isinstance(error, discord.ConnectionClosed) and error.code != AUTHENTICATION_FAILED:
                    raise
                raise BadSettings(f"Discord does not accept {variable('discord', 'token')}") from error
            finally:
                await self.client.running.stop()
                await end(serving)

    async def _serve(self, token: str) -> None:
        await log_in(self.client, token)
        _log.info("signed in to discord", invite=invite_url(self.client.application_id or 0))
        await self.client.connect()

    def is_connected(self) -> bool:
        """Whether every shard has an open gateway connection."""
        shards = self.client.shards
        return bool(shards) and not any(shard.is_closed() for shard in shards.values())

    def reply_for(self, request: SongRequest) -> Reply | None:
        """A plain message in the request's channel; None for requests of other platforms."""
        if request.place.platform != PLATFORM:
            return None
        return self.client.plain_reply(Asked(request.id, request.place, request.requester))


def make_client(band: Band, shard_count: int | None = None) -> BandClient:
    """The client with all commands, not yet connected."""
    client = BandClient(band, shard_count)
    for command in (compose_command(), DailyCommands(), GenresCommands(), PrivacyCommands()):
        client.tree.add_command(command)
    return client


async def end(serving: asyncio.Task[None]) -> None:
    """Cancels until that is heard.

    The library takes a cancellation for the end of one attempt while a shard connects again, and `wait_for` of Python
    3.11 forgets one that comes in the same moment as what it waits for.
    """
    while not serving.done():
        serving.cancel()
        await asyncio.wait([serving], timeout=CANCEL_AGAIN_S)
    if not serving.cancelled():
        serving.exception()  # seen, if it mattered


async def log_in(client: BandClient, token: str) -> None:
    """Logs in, and tries again for as long as Discord cannot be reached. Raises LoginFailure."""
    async for attempt in stamina.retry_context(on=may_pass, attempts=None, timeout=None, wait_max=60.0):
        with attempt:
            # A failed login leaves its session open and its connector in it: each attempt gets a new one.
            client.http.connector = aiohttp.TCPConnector(limit=0)
            try:
                await client.login(token)
            except (*UNREACHABLE, discord.HTTPException):
                await client.http.close()
                raise


def may_pass(error: Exception) -> bool:
    """Whether Discord may be reached later: there is no network, or it or the network in front of it is troubled."""
    return isinstance(error, UNREACHABLE) or (isinstance(error, discord.HTTPException) and is_at_the_edge(error))


def point_library_at(settings: DiscordSettings) -> None:
    """Sets the library's addresses, which it keeps in classes, for a proxy or a test."""
    if settings.api_base is not None:
        discord.http.Route.BASE = settings.api_base.rstrip("/")
    if settings.gateway_url is not None:
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)
