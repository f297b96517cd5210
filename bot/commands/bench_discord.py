"""A minimal stand-in for Discord: sends commands to the bot over a gateway and answers its REST calls."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import WSMsgType, web

from bot.commands.trouble import CommandTrouble
from bot.settings import DiscordSettings

_TOKEN = "known to the bench alone"  # noqa: S105  # opens nothing
_APPLICATION, _GUILD, _CHANNEL, _PERSON = "9001", "9002", "9003", "9004"
_EPOCH_MS = 1_420_070_400_000  # Discord's ids count milliseconds from the start of 2015
_HELLO, _DISPATCH, _HEARTBEAT, _IDENTIFY, _ACK = 10, 0, 1, 2, 11
_HEARTBEAT_EVERY_MS = 41_250
_ALL_PERMISSIONS = str(2**50 - 1)
_FILE_BYTES = 10 * 2**20
_ANSWER_WITHIN_S = 60.0  # far beyond what Discord allows: a late answer is a figure, not an error


class DiscordStandIn:
    """One server with one channel. The bot connects to it as to Discord; it is not told how fast it should be."""

    def __init__(self) -> None:
        self.url = ""
        self.connected = asyncio.Event()
        self._socket: web.WebSocketResponse | None = None
        self._sequence = itertools.count(1)
        self._numbers = itertools.count(1)
        self._arrivals: dict[str, asyncio.Future[float]] = {}

    def settings(self) -> DiscordSettings:
        """Settings of a bot that connects to this stand-in."""
        gateway_url = self.url.replace("http", "ws", 1) + "/gateway"
        return DiscordSettings.model_validate(
            {"token": _TOKEN, "api_base": f"{self.url}/api/v10", "gateway_url": gateway_url}
        )

    async def send_commands(self, genre: str, count: int, every_s: float) -> list[float]:
        """Sends `/compose genre` again and again, however slow the answers.

        Returns:
            For each, the seconds from handing it to the socket until the first answer to it had arrived.

        Raises:
            CommandTrouble: the bot has left, or never answered one.
        """
        await self.connected.wait()
        async with asyncio.TaskGroup() as tasks:
            sending = []
            for _ in range(count):
                sending.append(tasks.create_task(self._send(genre)))
                await asyncio.sleep(every_s)
        return [task.result() for task in sending]

    async def _send(self, genre: str) -> float:
        interaction = self._interaction(genre)
        arrival = asyncio.get_running_loop().create_future()
        self._arrivals[interaction["id"]] = arrival
        began = time.perf_counter()
        await self._dispatch("INTERACTION_CREATE", interaction)
        try:
            async with asyncio.timeout(_ANSWER_WITHIN_S):
                arrived: float = await arrival
        except TimeoutError:
            raise CommandTrouble("the bot never answered a Discord command") from None
        return arrived - began

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """The gateway; text frames, which the library takes whatever compression it asked for."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": _HELLO, "d": {"heartbeat_interval": _HEARTBEAT_EVERY_MS}})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._hear(socket, json.loads(message.data)["op"])
        return socket

    async def answer(self, request: web.Request) -> web.Response:
        """The REST half; songs and progress are taken and forgotten."""
        arrived = time.perf_counter()
        await request.read()
        path = request.match_info["path"]
        if path.startswith("interactions/"):
            arrival = self._arrivals.pop(path.split("/")[1], None)
            if arrival is not None and not arrival.done():
                arrival.set_result(arrived)
        if request.method == "DELETE":
            return web.Response(status=204)
        # Not `web.json_response`: the library takes "application/json; charset=utf-8" for text.
        content = json.dumps(self._content(request.method, path)).encode()
        return web.Response(body=content, headers={"Content-Type": "application/json"})

    async def _hear(self, socket: web.WebSocketResponse, operation: int) -> None:
        if operation == _HEARTBEAT:
            await socket.send_json({"op": _ACK})
        elif operation == _IDENTIFY:
            self._socket = socket
            await self._dispatch("READY", self._ready())
            self.connected.set()

    async def _dispatch(self, event: str, payload: dict[str, Any]) -> None:
        if self._socket is None or self._socket.closed:
            raise CommandTrouble("the bot has left Discord while it was measured")
        await self._socket.send_json({"op": _DISPATCH, "t": event, "s": next(self._sequence), "d": payload})

    def _content(self, method: str, path: str) -> Any:
        match path.split("/"):
            case ["users", "@me"]:
                return _user(_APPLICATION, "lnh", bot=True)
            case ["oauth2", "applications", "@me"]:
                return _application()
            case ["gateway", "bot"]:
                limit = {"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1}
                return {"url": f"{self.url}/gateway", "shards": 1, "session_start_limit": limit}
            case ["applications", *_]:
                return []  # no commands are registered, and none is read back
            case ["interactions", id, _, "callback"]:
                return {"interaction": {"id": id, "type": 2}}
            case _:
                return _message(self._snowflake())

    def _ready(self) -> dict[str, Any]:
        return {
            "v": 10,
            "user": _user(_APPLICATION, "lnh", bot=True),
            "guilds": [],
            "session_id": "bench",
            "resume_gateway_url": self.url.replace("http", "ws", 1) + "/gateway",
            "shard": [0, 1],
            "application": {"id": _APPLICATION, "flags": 0},
        }

    def _interaction(self, genre: str) -> dict[str, Any]:
        number = self._snowflake()
        option = {"name": "genre", "type": 3, "value": genre}
        return {
            "id": number,
            "application_id": _APPLICATION,
            "type": 2,
            "token": f"bench-{number}",
            "version": 1,
            "data": {"id": "1", "name": "compose", "type": 1, "options": [option]},
            "guild_id": _GUILD,
            "guild": {"id": _GUILD, "locale": "en-GB", "features": []},
            "channel_id": _CHANNEL,
            "channel": {"id": _CHANNEL, "type": 0, "name": "bench", "position": 0, "permission_overwrites": []},
            "member": _member(),
            "app_permissions": _ALL_PERMISSIONS,
            "locale": "en-GB",
            "guild_locale": "en-GB",
            "attachment_size_limit": _FILE_BYTES,
            "entitlements": [],
            "authorizing_integration_owners": {"0": _GUILD},
            "context": 0,
        }

    def _snowflake(self) -> str:
        """A fresh id that carries this instant, as the library reads the age of an interaction from it."""
        return str((int(time.time() * 1000) - _EPOCH_MS << 22) + next(self._numbers) % 2**22)


@asynccontextmanager
async def discord_stand_in() -> AsyncIterator[DiscordStandIn]:
    """Listens on a free port of 127.0.0.1 while the body runs."""
    discord = DiscordStandIn()
    app = web.Application(client_max_size=2**26)
    app.add_routes(_routes(discord))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        discord.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield discord
    finally:
        await runner.cleanup()


def _routes(discord: DiscordStandIn) -> Iterator[web.RouteDef]:
    yield web.get("/gateway", discord.connect)
    yield web.get("/gateway/", discord.connect)
    yield web.route("*", "/api/v10/{path:.*}", discord.answer)


def _user(id: str, name: str, *, bot: bool) -> dict[str, Any]:
    return {"id": id, "username": name, "discriminator": "0", "global_name": None, "avatar": None, "bot": bot}


def _member() -> dict[str, Any]:
    user = _user(_PERSON, "bench", bot=False)
    joined = {"joined_at": _now(), "premium_since": None, "nick": None, "avatar": None}
    return {"user": user, "roles": [], "deaf": False, "mute": False, "flags": 0, "permissions": "0", **joined}


def _application() -> dict[str, Any]:
    return {
        "id": _APPLICATION,
        "name": "lnh",
        "description": "",
        "icon": None,
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "",
        "owner": _user(_PERSON, "bench", bot=False),
    }


def _message(id: str) -> dict[str, Any]:
    return {
        "id": id,
        "channel_id": _CHANNEL,
        "author": _user(_APPLICATION, "lnh", bot=True),
        "content": "",
        "timestamp": _now(),
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
