"""The gateway half of the Discord server for tests: hello, identify, heartbeat, resume, zlib-stream, shards."""

import asyncio
import contextlib
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import discord
from aiohttp import WSMsgType, web
from simcord.backend import serializers
from simcord.gateway import FakeGateway

from tests.fakes.discord_world import World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, INVALID_SESSION, HELLO, ACK = 0, 1, 2, 3, 6, 7, 9, 10, 11
HEARTBEAT_INTERVAL_MS = 41_250
AUTHENTICATION_FAILED, UNKNOWN_OPCODE, INVALID_ENCODING = 4004, 4001, 4002


class Connection:
    """One socket. Frames share one compressor, flushed after each, when the client asked for `zlib-stream`."""

    def __init__(self, socket: web.WebSocketResponse, *, compress: bool) -> None:
        self.socket = socket
        self._compressor = zlib.compressobj() if compress else None
        self._frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def put(self, frame: dict[str, Any]) -> None:
        self._frames.put_nowait(frame)

    async def write(self) -> None:
        """Sends frames until cancelled or the client is gone; a resume replays what did not arrive."""
        while not self.socket.closed:
            text = json.dumps(await self._frames.get())
            with contextlib.suppress(ConnectionResetError):
                await self._send(text)

    async def _send(self, text: str) -> None:
        if self._compressor is None:
            await self.socket.send_str(text)
        else:
            block = self._compressor.compress(text.encode()) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
            await self.socket.send_bytes(block)


class Parsers(Mapping[str, Any]):
    """What simcord's gateway believes to be the client's parsers: each sends the event over the session."""

    def __init__(self, session: "Session") -> None:
        self._session = session

    def __getitem__(self, event: str) -> Any:
        return partial(self._session.dispatch, event)

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass
class Session:
    """A gateway session; it outlives its connection so that a resume replays what was missed."""

    id: str
    shard_id: int
    shard_count: int
    intents: discord.Intents
    connection: Connection | None
    sent: list[dict[str, Any]] = field(default_factory=list)

    def dispatch(self, event: str, payload: dict[str, Any]) -> None:
        frame = {"op": DISPATCH, "t": event, "s": len(self.sent) + 1, "d": payload}
        self.sent.append(frame)
        if self.connection is not None:
            self.connection.put(frame)

    def resume(self, connection: Connection, sequence: int) -> None:
        self.connection = connection
        for frame in self.sent[sequence:]:
            connection.put(frame)
        self.dispatch("RESUMED", {})


class _State:
    """The two things simcord's gateway asks of a connection state."""

    def __init__(self, session: Session) -> None:
        self.intents = session.intents
        self.parsers = Parsers(session)


class Gateway:
    """Sessions of one virtual Discord.

    `gaps` collects what this server does not know how to answer; `changed` is set whenever the client spoke. Where
    it `stalls` it says no more: at the "login", instead of "hello", instead of "ready", when a "close" is to be
    answered; `stalled` are the places where it came to that.
    """

    def __init__(self, world: World, token: str, gaps: list[str], changed: asyncio.Event) -> None:
        self._world = world
        self._token = token
        self._gaps = gaps
        self._changed = changed
        self._sessions: dict[str, Session] = {}
        self._feeds: dict[str, FakeGateway] = {}
        self.url = ""
        self.upload_limit_bytes = 10 * 1024 * 1024
        self.interactions_sent: dict[int, float] = {}
        self.stalls: set[str] = set()
        self.stalled: set[str] = set()
        self._is_over = asyncio.Event()
        self.identified = 0
        self.resumed = 0
        world.backend.subscribers.append(self._broadcast)

    @property
    def is_connected(self) -> bool:
        return any(session.connection is not None for session in self._sessions.values())

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoclose="close" not in self.stalls)
        await socket.prepare(request)
        await self.stall("hello")
        compress = request.query.get("compress")
        if compress not in (None, "zlib-stream"):
            self._gaps.append(f"gateway compression {compress}")
        connection = Connection(socket, compress=compress == "zlib-stream")
        connection.put({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_INTERVAL_MS}})
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(connection.write())
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._receive(connection, json.loads(message.data))
                    self._changed.set()
            writer.cancel()
        await self.stall("close")
        self._forget(connection)
        return socket

    async def stall(self, where: str) -> None:
        """Does not return while nothing is to be said."""
        if where in self.stalls:
            self.stalled.add(where)
            self._changed.set()
            await self._is_over.wait()

    def release(self) -> None:
        """Lets go of whoever was kept waiting."""
        self._is_over.set()

    async def ask_to_reconnect(self) -> None:
        """Tells every client to come back, as before a deploy."""
        for session in self._sessions.values():
            if session.connection is not None:
                session.connection.put({"op": RECONNECT, "d": None})

    def _forget(self, connection: Connection) -> None:
        for session in self._sessions.values():
            if session.connection is connection:
                session.connection = None
        self._changed.set()

    async def drop(self, code: int = 4000) -> None:
        """Closes every socket as Discord does on a deploy; the sessions stay and can be resumed."""
        for session in self._sessions.values():
            if session.connection is not None:
                connection, session.connection = session.connection, None
                await connection.socket.close(code=code)

    async def _receive(self, connection: Connection, frame: dict[str, Any]) -> None:
        operation, body = frame["op"], frame.get("d")
        if operation == HEARTBEAT:
            connection.put({"op": ACK})
        elif operation == IDENTIFY:
            await self._identify(connection, body)
        elif operation == RESUME:
            self._resume(connection, body)
        elif operation != PRESENCE:
            self._gaps.append(f"gateway opcode {operation}")
            await connection.socket.close(code=UNKNOWN_OPCODE)

    async def _identify(self, connection: Connection, body: dict[str, Any]) -> None:
        if body["token"] != self._token:
            await connection.socket.close(code=AUTHENTICATION_FAILED)
            return
        await self.stall("ready")
        shard_id, shard_count = body.get("shard", (0, 1))
        intents = discord.Intents._from_value(body["intents"])
        session = Session(f"session-{len(self._sessions)}", shard_id, shard_count, intents, connection)
        self._sessions[session.id] = session
        self._feeds[session.id] = FakeGateway(self._world.backend, _State(session))
        self.identified += 1
        guilds = [guild for guild in self._world.backend.guilds.values() if _shard(guild.id, shard_count) == shard_id]
        session.dispatch("READY", self._ready(session, [guild.id for guild in guilds]))
        for guild in guilds:
            payload = serializers.guild_create_payload(self._world.backend, guild)
            self._feeds[session.id].feed("GUILD_CREATE", payload)

    def _resume(self, connection: Connection, body: dict[str, Any]) -> None:
        session = self._sessions.get(body["session_id"])
        if session is None or body["token"] != self._token:
            connection.put({"op": INVALID_SESSION, "d": False})
            return
        self.resumed += 1
        session.resume(connection, body["seq"])

    def _ready(self, session: Session, guild_ids: list[int]) -> dict[str, Any]:
        backend = self._world.backend
        return {
            "v": 10,
            "user": dict(serializers.user_payload(backend.bot_user)),
            "guilds": [{"id": str(guild_id), "unavailable": True} for guild_id in guild_ids],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [session.shard_id, session.shard_count],
            "application": {"id": str(backend.application_id), "flags": 0},
        }

    def _broadcast(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "INTERACTION_CREATE":
            self.interactions_sent[int(payload["id"])] = time.monotonic()
            payload = {**payload, "attachment_size_limit": self.upload_limit_bytes}
        guild_id = payload.get("id") if event in ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE") else None
        guild_id = payload.get("guild_id", guild_id)
        for session in self._sessions.values():
            home = 0 if guild_id is None else _shard(int(guild_id), session.shard_count)
            if home == session.shard_id:
                self._feeds[session.id].feed(event, payload)


def _shard(guild_id: int, count: int) -> int:
    return (guild_id >> 22) % int(count)
