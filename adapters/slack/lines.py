"""How Slack reaches us: a WebSocket that we open (Socket Mode), or signed HTTP requests that it sends."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog
from aiohttp import ClientError, web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.refusals import error_code
from bot.settings import BadSettings

PATH = "/slack/events"

_logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Line:
    """An open way to Slack. `port` is the one listened on, None for Socket Mode."""

    is_open: Callable[[], bool]
    port: int | None = None


@asynccontextmanager
async def socket_line(app: AsyncApp, app_token: str, web_client: AsyncWebClient) -> AsyncIterator[Line]:
    """Keeps a Socket Mode connection open, through Slack's refreshes and lost networks.

    Raises:
        BadSettings: Slack does not accept the app token.
    """
    handler = AsyncSocketModeHandler(app, app_token, web_client=web_client)
    client = handler.client
    try:
        await _check_app_token(client)
        await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt leaves it so
        yield Line(lambda: _is_open(client))
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # Bolt leaves it so
        tasks = [client.message_processor, client.current_session_monitor, client.message_receiver]
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)


@asynccontextmanager
async def http_line(routes: Sequence[web.RouteDef], host: str, port: int) -> AsyncIterator[Line]:
    """Listens on `host` and `port` (0: any free one).

    Raises:
        BadSettings: the port is taken, or the host is no address of this machine.
    """
    server = web.Application()
    server.router.add_routes(routes)
    runner = web.AppRunner(server, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            setting = f"port {port} of LNH_SLACK_HTTP_PORT on {host} (LNH_SLACK_HTTP_HOST)"
            raise BadSettings(f"{setting} cannot be used: {error.strerror}") from error
        bound = int(runner.addresses[0][1])
        _logger.info("slack is listened for", host=host, port=bound, paths=[route.path for route in routes])
        yield Line(lambda: True, bound)
    finally:
        await runner.cleanup()


def event_routes(app: AsyncApp) -> list[web.RouteDef]:
    """Where Slack sends what people do; Bolt checks its signatures."""

    async def answer(request: web.Request) -> web.Response:
        # Bolt reads the timestamp as a number before it verifies anything.
        if not request.headers.get("X-Slack-Request-Timestamp", "").isdecimal():
            return web.json_response({"error": "invalid request"}, status=401)
        return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

    return [web.post(PATH, answer)]


async def _check_app_token(client: SocketModeClient) -> None:
    """Asks for the first address ourselves: the client would retry for ever, whatever Slack says."""
    try:
        client.wss_uri = await client.issue_new_wss_url()
    except SlackApiError as error:
        raise BadSettings(f"Slack does not accept LNH_SLACK_APP_TOKEN ({error_code(error)})") from error
    except (ClientError, TimeoutError) as error:
        _logger.warning("slack cannot be reached yet", error=repr(error))


def _is_open(client: SocketModeClient) -> bool:
    session = client.current_session
    return session is not None and not session.closed and not client.closed and not client.stale
