"""emulate (npm, pinned in tests/node) as the Web API behind the edge: a Slack written by other people."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.fakes.slack_api import LEAST_SCOPES, Answer, Arguments, WebApi, Workspace
from tests.fakes.slack_oauth import CLIENT_ID, CLIENT_SECRET

NODE_FOLDER = Path(__file__).parent.parent / "node"
EMULATE = NODE_FOLDER / "node_modules" / "emulate" / "dist" / "index.js"
BOT_USER, BOT = "U0LNH", "B0LNH"
PUBLIC_URL = "https://lnh.example"


def why_not() -> str | None:
    """Why emulate cannot run here, or None."""
    if shutil.which("node") is None:
        return "Slack against emulate was NOT tested: Node.js is not installed"
    if not EMULATE.is_file():
        return "Slack against emulate was NOT tested: run `npm ci --prefix tests/node` first"
    return None


class EmulateApi:
    """A running emulate; `workspace` holds the ids it made up."""

    def __init__(self, url: str, http: ClientSession) -> None:
        self.url = url
        self._http = http
        self.workspace = Workspace("", BOT_USER, "", "", "", "")

    async def call(self, method: str, arguments: Arguments, token: str) -> Answer:
        """Forwards a call as JSON, which emulate reads whatever way the SDK sent it."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self._http.post(f"{self.url}/api/{method}", json=arguments, headers=headers) as response:
            answer: Answer = await response.json()
            return answer

    async def store(self, file_id: str, content: bytes) -> bool:
        async with self._http.post(f"{self.url}/upload/v1/{file_id}", data=content) as response:
            return response.status == 200

    async def content(self, file: dict[str, Any]) -> bytes:
        headers = {"Authorization": f"Bearer {self.workspace.admin_token}"}
        async with self._http.get(file["url_private"], headers=headers) as response:
            return await response.read()

    async def discover(self) -> None:
        """Reads the ids of the people and channels that `_seed` asked for."""
        token = self.workspace.admin_token
        users = await self.call("users.list", {}, token)
        person = {user["name"]: user["id"] for user in users["members"]}
        listing = await self.call("conversations.list", {"types": "public_channel,private_channel"}, token)
        channel = {entry["name"]: entry["id"] for entry in listing["channels"]}
        team = (await self.call("auth.test", {}, token))["team_id"]
        self.workspace = Workspace(team, BOT_USER, person["ada"], person["mel"], channel["songs"], channel["secret"])


class EmulateOAuth:
    """emulate's own OAuth: its page, on which somebody is chosen, its codes and its tokens. It knows no rotation."""

    def __init__(self, emulate: EmulateApi, http: ClientSession) -> None:
        self._emulate = emulate
        self._http = http
        self.tokens: list[str] = []

    async def allow(self, asked: dict[str, str]) -> str:
        """What the page of emulate sends when its admin is chosen there; the address the browser is sent back to."""
        async with self._http.get(f"{self._emulate.url}/oauth/v2/authorize", params=asked) as page:
            if page.status != 200:
                raise AssertionError(f"emulate does not show its page: {await page.text()}")
        chosen = asked | {"user_id": self._emulate.workspace.admin}
        url = f"{self._emulate.url}/oauth/v2/authorize/callback"
        async with self._http.post(url, data=chosen, allow_redirects=False) as answer:
            return answer.headers["Location"]

    async def access(self, arguments: Arguments) -> Answer:
        answer = await self._emulate.call("oauth.v2.access", arguments, "")
        self.tokens += [answer["access_token"]] if answer["ok"] else []
        return answer

    def api(self, token: str) -> WebApi | None:
        return self._emulate if token in self.tokens else None


@asynccontextmanager
async def run_emulate(folder: Path) -> AsyncIterator[EmulateApi]:
    """Starts emulate with an admin, a member, the app and two channels, and stops it."""
    seed = folder / "seed.json"
    seed.write_text(json.dumps(_seed()), encoding="utf-8")
    port = _free_port()
    command = ["node", str(EMULATE), "start", "--service", "slack", "--seed", str(seed), "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        await _started(process)
        async with ClientSession() as http:
            api = EmulateApi(f"http://127.0.0.1:{port}", http)
            await api.discover()
            yield api
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _started(process: asyncio.subprocess.Process) -> None:
    """Reads what emulate prints until its last line of greeting."""
    if process.stdout is None:
        raise RuntimeError("emulate was started without a pipe")
    async with asyncio.timeout(30):
        async for line in process.stdout:
            if b"Config:" in line:
                return
    raise RuntimeError("emulate ended before it listened")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _seed() -> dict[str, Any]:
    workspace = Workspace("", BOT_USER, "", "", "", "")
    bot = {"bot_id": BOT, "bot_user_id": BOT_USER}
    app = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "app_id": "A0LNH", "name": "LnH", "bot_name": "lnh"}
    token = {"token": workspace.bot_token, "user_id": BOT_USER, "type": "bot", "scopes": list(LEAST_SCOPES)}
    return {
        "slack": {
            "team": {"name": "Band", "domain": "band"},
            "strict_scopes": True,
            "users": [{"name": "ada", "is_admin": True}, {"name": "mel"}],
            "channels": [{"name": "songs"}, {"name": "secret", "is_private": True}],
            "oauth_apps": [
                app | bot | {"redirect_uris": [f"{PUBLIC_URL}/slack/oauth_redirect"], "scopes": list(LEAST_SCOPES)}
            ],
            "tokens": [token | bot, {"token": workspace.admin_token, "user": "ada"}],
        }
    }
