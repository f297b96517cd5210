"""LnH in one Slack workspace: Bolt in front, the band behind."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import stamina
import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.clients import make_clients
from adapters.slack.commands import Commands
from adapters.slack.lines import Line, http_line, socket_line
from adapters.slack.messenger import SlackMessenger
from adapters.slack.refusals import CALL_FAILURES, SIGNED_OUT, error_code
from adapters.slack.reply import Asked, SlackReply
from adapters.slack.translate import (
    ANOTHER,
    CANCEL,
    COMMANDS,
    EXTEND,
    FILES,
    INSTEAD,
    PLATFORM,
    REMIX,
    REPLACE,
    VARY,
    Wish,
    answer_url,
    is_direct,
    is_from_a_person,
    wish_of_button,
    wish_of_command,
    wish_of_message,
)
from bot.domain.request import SongRequest
from bot.ports import Messenger, Reply
from bot.services.band import Band
from bot.settings import BadSettings, SlackSettings

_logger = structlog.get_logger(__name__)


class SlackAdapter:
    """One workspace, by its bot token; reached over Socket Mode if there is an app token, else over HTTP.

    Every handler acknowledges before anything else and leaves the work to a task of its own, which is cancelled
    when the adapter stops: its song stays pending and is composed on the next start.
    """

    platform = PLATFORM

    def __init__(self, settings: SlackSettings, band: Band) -> None:
        self._settings = settings
        self._clients = make_clients(settings)
        self._answers = band.answers
        self._commands = Commands(band, self._clients)
        self._line: Line | None = None
        self._jobs: asyncio.TaskGroup | None = None
        self._opened = asyncio.Event()
        self.messenger: Messenger = SlackMessenger(self._clients)

    @property
    def http_port(self) -> int | None:
        """The port listened on; None in Socket Mode or while not running."""
        return None if self._line is None else self._line.port

    async def run(self) -> None:
        """Serves the workspace until cancelled.

        Raises:
            BadSettings: a setting is missing, Slack does not accept a token, or the port is taken.
        """
        missing = self._settings.missing()
        if missing is not None:
            raise BadSettings(missing)
        app = self._make_app(await self._sign_in())
        try:
            async with self._open_line(app) as self._line, asyncio.TaskGroup() as self._jobs:
                self._opened.set()
                await asyncio.get_running_loop().create_future()
        finally:
            self._line = self._jobs = None
            self._opened.clear()

    def is_connected(self) -> bool:
        """Whether Slack can reach us now."""
        return self._line is not None and self._line.is_open()

    async def opened(self) -> None:
        """Waits until Slack can reach us for the first time."""
        await self._opened.wait()

    def reply_for(self, request: SongRequest) -> Reply:
        """A reply by plain message in the request's channel or thread."""
        asked = Asked(request.id, request.place, request.requester)
        return SlackReply(self._clients, asked, answers=self._answers)

    async def _sign_in(self) -> AuthorizeResult:
        """Who we are, asked once rather than before the first acknowledgement. Waits for a network if there is none."""
        async for attempt in stamina.retry_context(on=_may_pass, attempts=None, timeout=None, wait_max=60):
            with attempt:
                answer = await self._clients.delivery.auth_test()
                _logger.info("signed in to slack", team=answer.get("team"), user=answer.get("user"))
                token = self._clients.delivery.token
                return AuthorizeResult.from_auth_test_response(bot_token=token, auth_test_response=answer)
        raise RuntimeError("unreachable: the retries have no end")

    def _make_app(self, identity: AuthorizeResult) -> AsyncApp:
        async def authorize() -> AuthorizeResult:
            return identity

        async def on_command(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            self._start(wish_of_command(body), body)

        async def on_mention(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            if is_from_a_person(body["event"]):
                self._start(wish_of_message(body), body)

        async def on_message(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            if is_direct(body["event"]) and is_from_a_person(body["event"]):
                self._start(wish_of_message(body), body)

        async def on_button(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack()
            self._start(wish_of_button(body), body)

        # The handlers return at once, so Bolt may wait for them: otherwise it polls for the acknowledgement.
        # Its own client stays without a token, which `authorize` gives.
        app = AsyncApp(
            client=AsyncWebClient(base_url=self._clients.delivery.base_url),
            authorize=authorize,
            signing_secret=_secret(self._settings.signing_secret),
            process_before_response=True,
        )
        for command in COMMANDS:
            app.command(f"/{command}")(on_command)
        app.event("app_mention")(on_mention)
        app.event("message")(on_message)
        for button in (ANOTHER, VARY, EXTEND, REPLACE, REMIX, FILES, CANCEL, INSTEAD):
            app.action(button)(on_button)
        return app

    def _start(self, wish: Wish, body: dict[str, Any]) -> None:
        """Leaves a wish to a task. While stopping it raises, so that Slack hears an error and asks again."""
        if self._jobs is None:
            raise RuntimeError("slack is not served any more")
        job = self._commands.perform(wish, answer_url(body))
        self._jobs.create_task(job, name=f"slack {wish.verb} {wish.id}")

    def _open_line(self, app: AsyncApp) -> AbstractAsyncContextManager[Line]:
        if self._settings.mode == "socket":
            return socket_line(app, _secret(self._settings.app_token), self._clients.delivery)
        return http_line(app, self._settings.http_host, self._settings.port)


def _may_pass(error: Exception) -> bool:
    """Whether waiting may help; a token that is not accepted never will be.

    Raises:
        BadSettings: Slack does not accept the bot token.
    """
    if isinstance(error, SlackApiError) and error_code(error) in SIGNED_OUT:
        raise BadSettings(f"Slack does not accept LNH_SLACK_BOT_TOKEN ({error_code(error)})") from error
    return isinstance(error, CALL_FAILURES)


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()
