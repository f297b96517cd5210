"""A minimal stand-in for Slack: sends commands to the bot and answers its Web API calls."""

import asyncio
import hashlib
import hmac
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

from aiohttp import ClientSession, web

from bot.commands.trouble import CommandTrouble
from bot.settings import SlackSettings

_BOT_TOKEN = "xoxb-bench"  # noqa: S105  # opens nothing
_SIGNING_SECRET = "known to the bench alone"  # noqa: S105  # opens nothing
_TEAM, _CHANNEL, _USER = "T0BENCH", "C0BENCH", "U0BENCH"


class SlackStandIn:
    """Answers the Web API with as little as the bot needs, and delivers slash commands over HTTP, signed."""

    def __init__(self, url: str, http: ClientSession) -> None:
        self.url = url
        self._http = http
        self._count = itertools.count(1)

    def settings(self) -> SlackSettings:
        """Settings of a bot that connects to this stand-in and listens on a free port."""
        return SlackSettings.model_validate(
            {
                "bot_token": _BOT_TOKEN,
                "signing_secret": _SIGNING_SECRET,
                "api_base": f"{self.url}/api/",
                "http_port": 0,
            }
        )

    async def send_commands(self, events_url: str, text: str, count: int, every_s: float) -> list[float]:
        """Sends `/compose text` again and again, however slow the answers; seconds until each was acknowledged.

        Raises:
            CommandTrouble: the bot answered one with an error.
        """
        async with asyncio.TaskGroup() as tasks:
            sending = []
            for _ in range(count):
                sending.append(tasks.create_task(self._send(events_url, text)))
                await asyncio.sleep(every_s)
        return [task.result() for task in sending]

    async def _send(self, events_url: str, text: str) -> float:
        body = urlencode(self._fields(text))
        stamp = str(int(time.time()))
        digest = hmac.new(_SIGNING_SECRET.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
        }
        began = time.perf_counter()
        async with self._http.post(events_url, data=body, headers=headers) as answer:
            await answer.read()
            if answer.status != 200:
                raise CommandTrouble(f"the bot answered a command with HTTP {answer.status}")
        return time.perf_counter() - began

    def _fields(self, text: str) -> dict[str, str]:
        number = next(self._count)
        return {
            "team_id": _TEAM,
            "channel_id": _CHANNEL,
            "user_id": _USER,
            "user_name": "bench",
            "command": "/compose",
            "text": text,
            "api_app_id": "A0BENCH",
            "response_url": f"{self.url}/respond",
            "trigger_id": f"{number}.{time.time_ns()}",
        }


@asynccontextmanager
async def slack_stand_in() -> AsyncIterator[SlackStandIn]:
    """Listens on a free port of 127.0.0.1 while the body runs."""
    count = itertools.count(1)
    url = ""

    async def call(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response(_answer(request.match_info["method"], next(count), url))

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="OK")

    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/api/{method}", call)
    app.router.add_post("/upload", take)
    app.router.add_post("/respond", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with ClientSession() as http:
            yield SlackStandIn(url, http)
    finally:
        await runner.cleanup()


def _answer(method: str, number: int, url: str) -> dict[str, object]:
    if method == "auth.test":
        return {"ok": True, "team": "Bench", "team_id": _TEAM, "user": "lnh", "user_id": "U0LNH", "bot_id": "B0LNH"}
    if method == "users.info":
        return {"ok": True, "user": {"id": _USER, "name": "bench", "locale": "en-GB"}}
    if method == "files.getUploadURLExternal":
        return {"ok": True, "upload_url": f"{url}/upload", "file_id": f"F{number:08}"}
    return {"ok": True, "channel": _CHANNEL, "ts": f"1700000000.{number:06}", "files": [{"id": f"F{number:08}"}]}
