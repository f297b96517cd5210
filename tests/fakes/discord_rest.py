"""The HTTP half of the Discord server for tests; each request is answered by simcord's own routes."""

import io
import json
import time
from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web
from simcord import BackendError
from simcord.http import RouteNotImplemented, UnsupportedField, dispatch

from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_world import World

PREFIX = "/api/v10"
REQUEST_LIMIT_BYTES = 25 * 1024 * 1024
MIB = 1024 * 1024


@dataclass
class Upload:
    """One file of a multipart request, as simcord's routes expect it."""

    filename: str
    fp: io.BytesIO
    description: str | None

    @property
    def size_bytes(self) -> int:
        return self.fp.getbuffer().nbytes


@dataclass
class Received:
    """One request as it came over the socket; `files` maps file name to bytes."""

    method: str
    path: str
    body: Any
    files: dict[str, bytes]


class Rest:
    """Routes of one virtual Discord. `gaps` collects requests nobody can answer, `latency_s` acknowledgements."""

    def __init__(self, world: World, gateway: Gateway, token: str, gaps: list[str]) -> None:
        self._world = world
        self._gateway = gateway
        self._token = token
        self._gaps = gaps
        self._nonces: dict[tuple[str, str], int] = {}
        self.latency_s: dict[int, float] = {}
        self.received: list[Received] = []

    async def handle(self, request: web.Request) -> web.Response:
        arrived = time.monotonic()
        path = request.path.removeprefix(PREFIX)
        if not path.startswith(("/interactions/", "/webhooks/")) and not self._is_authorized(request):
            return _json(401, {"message": "401: Unauthorized", "code": 0})
        await self._gateway.stall("login")
        if path == "/gateway/bot":
            return _json(200, self._gateway_bot())
        body, uploads = await _read(request)
        self.received.append(Received(request.method, path, body, {u.filename: u.fp.getvalue() for u in uploads}))
        if self._is_too_large(uploads):
            return _json(413, {"message": "Request entity too large", "code": 40005})
        response = self._answer(request, path, body, uploads)
        self._note_acknowledgement(path, response.status, arrived)
        return response

    def _is_authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bot {self._token}"

    def _is_too_large(self, uploads: list[Upload]) -> bool:
        sizes = [upload.size_bytes for upload in uploads]
        return sum(sizes) > REQUEST_LIMIT_BYTES or any(size > self._gateway.upload_limit_bytes for size in sizes)

    def _gateway_bot(self) -> dict[str, Any]:
        limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 1}
        return {"url": self._gateway.url, "shards": 1, "session_start_limit": limit}

    def _answer(self, request: web.Request, path: str, body: Any, uploads: list[Upload]) -> web.Response:
        earlier = self._earlier_post(request.method, path, body)
        try:
            result = earlier or dispatch(
                self._world.backend,
                request.method,
                path,
                json=body,
                params=dict(request.query),
                files=uploads,
                reason=request.headers.get("X-Audit-Log-Reason"),
                message_content_access=False,
            )
        except (RouteNotImplemented, UnsupportedField) as gap:
            self._gaps.append(str(gap))
            return _json(501, {"message": str(gap), "code": 0})
        except BackendError as error:
            return _json(error.status, error.to_json())
        except Exception as error:  # noqa: BLE001 - a crash of the fake is a gap and must fail the test
            self._gaps.append(f"{request.method} {path}: {error!r}")
            return _json(501, {"message": repr(error), "code": 0})
        self._remember_nonce(path, body, result)
        return web.Response(status=204) if result is None else _json(200, result)

    def _earlier_post(self, method: str, path: str, body: Any) -> Any:
        """The message an enforced nonce has already posted, which simcord does not model."""
        if method != "POST" or not isinstance(body, dict) or not body.get("enforce_nonce"):
            return None
        posted = self._nonces.get((path, str(body["nonce"])))
        return None if posted is None else dispatch(self._world.backend, "GET", f"{path}/{posted}")

    def _remember_nonce(self, path: str, body: Any, result: Any) -> None:
        if isinstance(body, dict) and body.get("nonce") and isinstance(result, dict):
            result["nonce"] = body["nonce"]
            self._nonces[path, str(body["nonce"])] = int(result["id"])

    def _note_acknowledgement(self, path: str, status: int, arrived: float) -> None:
        if path.startswith("/interactions/") and status < 300:
            interaction = int(path.split("/")[2])
            self.latency_s[interaction] = arrived - self._gateway.interactions_sent[interaction]


def _json(status: int, payload: Any) -> web.Response:
    # Not `web.json_response`: the client treats "application/json; charset=utf-8" as text.
    return web.Response(status=status, body=json.dumps(payload).encode(), headers={"Content-Type": "application/json"})


async def _read(request: web.Request) -> tuple[Any, list[Upload]]:
    if not request.content_type.startswith("multipart/"):
        content = await request.read()
        return (json.loads(content) if content else None), []
    body: Any = None
    numbered: list[tuple[int, str, bytes]] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise web.HTTPBadRequest(reason="nested multipart")
        content = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(content)
        else:
            number = int((part.name or "files[0]").removeprefix("files[").rstrip("]"))
            numbered.append((number, part.filename or "unknown", content))
    described = {int(item["id"]): item.get("description") for item in (body or {}).get("attachments") or []}
    return body, [Upload(name, io.BytesIO(content), described.get(at)) for at, name, content in sorted(numbered)]
