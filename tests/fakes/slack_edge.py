"""The part of slack.com that no emulator plays: commands, events and buttons on their way to an app.

The edge stands in front of a Web API (`slack_api.SlackApi` in memory, or emulate in its own process). It delivers
over a real WebSocket once the app has opened Socket Mode, otherwise as signed HTTP requests; an answer later than
three seconds is an error. Web API calls pass through it, so that it can refuse them (`refuse`) and wait for them.
"""

import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import urlencode

from aiohttp import ClientSession, WSMsgType, web

from tests.fakes.slack_api import Answer, Arguments, WebApi
from tests.fakes.slack_blocks import block_faults
from tests.fakes.slack_payloads import (
    Actor,
    button_click,
    direct_event,
    mention_event,
    removal_event,
    slash_command,
    view_submission,
)
from tests.fakes.slack_views import SlackViews

APP_TOKEN = "xapp-lnh"
SIGNING_SECRET = "a signing secret"
RESPONSE_URL_USES = 5
FORM = "application/x-www-form-urlencoded"


class LateAck(AssertionError):
    """The app did not acknowledge in time; Slack shows the person an error and retries."""


class Refusal:
    """One injected answer: an error of the Web API, 429 when `retry_after_s` is given, or an HTTP status instead."""

    def __init__(self, error: str, retry_after_s: int | None = None, *, status: int = 200) -> None:
        self.error = error
        self.retry_after_s = retry_after_s
        self.status = status

    def response(self) -> web.Response:
        if self.retry_after_s is None:
            return web.json_response({"ok": False, "error": self.error}, status=self.status)
        headers = {"Retry-After": str(self.retry_after_s)}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)


class TokenIssuer(Protocol):
    """Where an app that many workspaces install gets its tokens."""

    async def access(self, arguments: Arguments) -> Answer: ...

    def api(self, token: str) -> WebApi | None: ...


class SlackEdge:
    """Plays Slack to one app. `acks` are the seconds each delivery took to be acknowledged.

    With `oauth` it is in as many workspaces as have installed it, and `api` is where somebody is who is not named.
    """

    def __init__(self, api: WebApi, deadline_s: float = 3.0, oauth: TokenIssuer | None = None) -> None:
        self.api = api
        self.oauth = oauth
        self.url = ""
        self.events_url: str | None = None
        self.deadline_s = deadline_s
        self.acks: list[float] = []
        self.calls: list[tuple[str, Arguments]] = []
        self.responses: list[dict[str, Any]] = []
        self._refusals: dict[str, deque[Refusal]] = {}
        self._response_uses: Counter[str] = Counter()
        self._replaceable: set[str] = set()
        self._uploads: dict[str, WebApi] = {}
        self.views = SlackViews()
        self.sockets_opened = 0
        self._sockets: list[web.WebSocketResponse] = []
        self._acknowledged: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._changed = asyncio.Condition()
        self._count = itertools.count(1)
        self._http: ClientSession

    @property
    def api_base(self) -> str:
        return f"{self.url}/api/"

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["SlackEdge"]:
        """Listens on a free local port while the context lasts."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/api/{method}", self._api_call)
        app.router.add_post("/upload/v1/{file}", self._upload)
        app.router.add_post("/respond/{id}", self._respond)
        app.router.add_get("/socket", self._socket)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        try:
            async with ClientSession() as self._http:
                yield self
        finally:
            for socket in list(self._sockets):
                await socket.close()
            await runner.cleanup()

    # What people do

    async def command(self, command: str, text: str = "", by: Actor | None = None) -> dict[str, Any]:
        """Somebody types a slash command; returns what the app acknowledged with."""
        fields = slash_command(command, text, self._actor(by), self._hooks())
        return await self._deliver("slash_commands", fields, urlencode(fields), FORM)

    async def mention(
        self, text: str, by: Actor | None = None, event_id: str | None = None, by_bot: str | None = None
    ) -> dict[str, Any]:
        """Somebody writes `@lnh text`; the same `event_id` again is Slack's retry."""
        payload = mention_event(text, self._actor(by), self.api.workspace, event_id or self._event_id())
        payload["event"] |= {"bot_id": by_bot} if by_bot else {}
        return await self._deliver("events_api", payload, json.dumps(payload), "application/json")

    async def direct(self, text: str, by: Actor | None = None, **others: str) -> dict[str, Any]:
        """Somebody writes to the bot alone; `others` are fields of the event such as `subtype`."""
        payload = direct_event(text, self._actor(by), self.api.workspace, self._event_id())
        payload["event"] |= others
        return await self._deliver("events_api", payload, json.dumps(payload), "application/json")

    async def removed(self, team: str, event: dict[str, Any], at: float) -> dict[str, Any]:
        """Slack says that an app, or what it was given, was taken out of a workspace at that time (Unix seconds)."""
        payload = removal_event(team, event, self._event_id(), int(at))
        return await self._deliver("events_api", payload, json.dumps(payload), "application/json")

    async def click(self, message: dict[str, Any], by: Actor | None = None, pressed: str = "") -> dict[str, Any]:
        """Somebody presses a button of a message, the first unless `pressed` names one, or chooses from a menu."""
        hooks = self._hooks()
        self._replaceable.add(hooks[0].rpartition("/")[2])
        payload = button_click(message, self._actor(by), hooks, pressed)
        return await self._deliver("interactive", payload, urlencode({"payload": json.dumps(payload)}), FORM)

    async def hand_in(self, view: dict[str, Any], by: Actor | None = None, **filled: str | list[str]) -> dict[str, Any]:
        """Somebody fills in a modal and hands it in; returns what the app acknowledged with."""
        payload = view_submission(view, self._actor(by), filled, self._hooks()[1])
        return await self._deliver("interactive", payload, urlencode({"payload": json.dumps(payload)}), FORM)

    async def verify_url(self) -> str:
        """What Slack asks once when somebody enters the app's address; returns the challenge that came back."""
        body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "deprecated"})
        _, text = await self._post(body, "application/json", SIGNING_SECRET, str(int(time.time())))
        return str(json.loads(text)["challenge"])

    async def post_signed(
        self, body: str, *, secret: str = SIGNING_SECRET, age_s: float = 0, timestamp: str | None = None
    ) -> int:
        """Sends a raw request signed with `secret` as of `age_s` ago (or `timestamp`); returns the HTTP status."""
        status, _ = await self._post(body, FORM, secret, timestamp or str(int(time.time() - age_s)))
        return status

    # What the test watches

    def refuse(self, method: str, *refusals: Refusal) -> None:
        """The next calls of a method get these answers instead."""
        self._refusals.setdefault(method, deque()).extend(refusals)

    async def until(self, condition: Callable[[], bool], within_s: float = 10.0) -> None:
        """Waits until `condition`, looked at after each thing the app does."""
        async with asyncio.timeout(within_s), self._changed:
            await self._changed.wait_for(condition)

    async def called(self, method: str, times: int = 1) -> Arguments:
        """Waits until a method has been answered `times` times; returns the arguments of that call."""
        await self.until(lambda: len(self.calls_of(method)) >= times)
        return self.calls_of(method)[times - 1]

    async def responded(self, times: int = 1) -> dict[str, Any]:
        """Waits for what the app sends to a response_url."""
        await self.until(lambda: len(self.responses) >= times)
        return self.responses[times - 1]

    def calls_of(self, method: str) -> list[Arguments]:
        return [arguments for name, arguments in self.calls if name == method]

    async def history(
        self, channel: str | None = None, thread: str | None = None, api: WebApi | None = None
    ) -> list[dict[str, Any]]:
        """The messages of a channel or thread, oldest first, as an admin sees them."""
        api = api or self.api
        here = api.workspace
        method = "conversations.replies" if thread else "conversations.history"
        arguments = {"channel": channel or here.channel} | ({"ts": thread} if thread else {})
        answer = await api.call(method, arguments, here.admin_token)
        return sorted(answer["messages"], key=lambda message: message["ts"])

    async def disconnect_socket(self) -> None:
        """Tells the app to open another connection, as Slack does every few hours."""
        for socket in list(self._sockets):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})

    @property
    def is_connected(self) -> bool:
        """Whether Socket Mode is open."""
        return bool(self._sockets)

    async def connected(self) -> None:
        """Waits until Socket Mode is open."""
        await self.until(lambda: self.is_connected)

    def _actor(self, by: Actor | None) -> Actor:
        here = self.api.workspace
        return by or Actor(here.team, here.channel, here.member, "mel")

    def _event_id(self) -> str:
        return f"Ev{next(self._count):08}"

    def _hooks(self) -> tuple[str, str]:
        """A fresh response_url and trigger id."""
        number = next(self._count)
        return f"{self.url}/respond/{number}", self.views.issue(f"{number}.{time.monotonic_ns()}.trigger")

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # Deliveries

    async def _deliver(self, kind: str, payload: dict[str, Any], body: str, content_type: str) -> dict[str, Any]:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self.deadline_s):
                if self._sockets:
                    answer = await self._send(kind, payload)
                else:
                    status, text = await self._post(body, content_type, SIGNING_SECRET, str(int(time.time())))
                    if status != 200:
                        raise AssertionError(f"the app answered {status} to {kind}")
                    answer = json.loads(text) if text.startswith("{") else {"text": text} if text else {}
        except TimeoutError as error:
            raise LateAck(f"{kind} was not acknowledged within {self.deadline_s:g} s") from error
        self.acks.append(time.perf_counter() - started)
        return answer

    async def _send(self, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        envelope_id = f"envelope-{next(self._count)}"
        self._acknowledged[envelope_id] = asyncio.get_running_loop().create_future()
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, "accepts_response_payload": True}
        await self._sockets[-1].send_json(envelope)
        return await self._acknowledged[envelope_id]

    async def _post(self, body: str, content_type: str, secret: str, stamp: str) -> tuple[int, str]:
        if self.events_url is None:
            raise AssertionError("the app is reachable neither by Socket Mode nor by HTTP")
        digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest}"}
        headers["Content-Type"] = content_type
        async with self._http.post(self.events_url, data=body.encode(), headers=headers) as response:
            return response.status, await response.text()

    # What the app calls

    async def _api_call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        arguments = await _arguments(request)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        waiting = self._refusals.get(method)
        if waiting:
            return waiting.popleft().response()
        if method == "apps.connections.open":
            return web.json_response(self._open_socket(token))
        if method == "oauth.v2.access" and self.oauth is not None:
            return web.json_response(await self.oauth.access(arguments | _client(request)))
        api = self._api_of(token)
        if api is None:  # emulate would take any token for its admin's
            return web.json_response({"ok": False, "error": "invalid_auth"})
        faults = block_faults(arguments["blocks"]) if "blocks" in arguments else []
        if faults:
            return web.json_response(
                {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": faults}}
            )
        is_modal = method == "views.open"
        answer = self.views.open(arguments) if is_modal else await api.call(method, arguments, token)
        if str(answer.get("upload_url", "")).startswith("/"):
            answer["upload_url"] = self.url + answer["upload_url"]
            self._uploads[answer["file_id"]] = api
        if answer["ok"]:
            self.calls.append((method, arguments))
        await self._note()
        return web.json_response(answer)

    def _api_of(self, token: str) -> WebApi | None:
        """The workspace that a bot token is good for."""
        if self.oauth is not None:
            return self.oauth.api(token)
        return self.api if token == self.api.workspace.bot_token else None

    def _open_socket(self, token: str) -> Answer:
        if token != APP_TOKEN:
            return {"ok": False, "error": "invalid_auth"}
        return {"ok": True, "url": f"{self.url.replace('http', 'ws', 1)}/socket"}

    async def _upload(self, request: web.Request) -> web.Response:
        file = request.match_info["file"]
        stored = file in self._uploads and await self._uploads[file].store(file, await request.read())
        return web.Response(text="OK") if stored else web.Response(status=404, text="file_not_found")

    async def _respond(self, request: web.Request) -> web.Response:
        hook = request.match_info["id"]
        self._response_uses[hook] += 1
        if self._response_uses[hook] > RESPONSE_URL_USES:
            return web.Response(status=404, text="used_url")
        answer = await request.json()
        if hook in self._replaceable and answer.get("replace_original") is not False:
            raise AssertionError("an answer to a press that does not say so may replace the message with the song")
        self.responses.append(answer)
        await self._note()
        return web.Response(text="ok")

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0LNH"}})
        self._sockets.append(socket)
        self.sockets_opened += 1
        await self._note()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    answer = json.loads(message.data)
                    self._acknowledged.pop(answer["envelope_id"]).set_result(answer.get("payload", {}))
        finally:
            self._sockets.remove(socket)
            await self._note()
        return socket


async def _arguments(request: web.Request) -> Arguments:
    """The SDK sends some arguments in the query, some as a form, some as JSON."""
    arguments: Arguments = dict(request.query)
    if request.content_type == "application/json":
        return arguments | json.loads(await request.text() or "{}")
    return arguments | dict(await request.post())


def _client(request: web.Request) -> Arguments:
    """Who asks for a token, which the SDK says as HTTP Basic does."""
    both = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    return dict(zip(("client_id", "client_secret"), both.split(":", 1), strict=True))
