"""LnH in Slack: Bolt in front, the band behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from pydantic import SecretStr
from slack_bolt.async_app import AsyncAck, AsyncApp

from adapters.slack.access import Access, Authorize, OneWorkspace
from adapters.slack.clients import make_app_client
from adapters.slack.lines import Line, event_routes, http_line, socket_line
from adapters.slack.messenger import SlackMessenger
from adapters.slack.oauth import ManyWorkspaces
from adapters.slack.remix import form_faults, wish_of_form
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
    REMIX_FORM,
    REMIX_WITH,
    REPLACE,
    VARY,
    Wish,
    answer_url,
    installed_team,
    is_direct,
    is_from_a_person,
    is_removal,
    wish_of_button,
    wish_of_command,
    wish_of_message,
)
from adapters.slack.workspaces import Workspaces
from bot.domain.errors import TokensLocked
from bot.domain.privacy import Owner
from bot.domain.request import SongRequest
from bot.messages import say
from bot.ports import Messenger, Reply
from bot.services.band import Band
from bot.settings import BadSettings, SlackSettings
from inference.music.errors import MusicError

_logger = structlog.get_logger(__name__)


class SlackAdapter:
    """One workspace by its bot token, or all that install the app.

    Slack reaches us over Socket Mode if there is an app token, else over HTTP.

    Every handler acknowledges before anything else and leaves the work to a task of its own, which is cancelled
    when the adapter stops: its song stays pending and is composed on the next start.
    """

    platform = PLATFORM

    def __init__(self, settings: SlackSettings, band: Band) -> None:
        self._settings = settings
        self._band = band
        self._access = _access(settings, band)
        self._workspaces = Workspaces(band, self._access.clients)
        self._line: Line | None = None
        self._jobs: asyncio.TaskGroup | None = None
        self._opened = asyncio.Event()
        self.messenger: Messenger = SlackMessenger(self._workspaces.clients)

    @property
    def http_port(self) -> int | None:
        """The port listened on; None while not running, and in Socket Mode unless people install the app there."""
        return None if self._line is None else self._line.port

    async def run(self) -> None:
        """Serves Slack until cancelled.

        Raises:
            BadSettings: a setting is missing, Slack does not accept a token, or the port is taken.
        """
        missing = self._settings.missing()
        if missing is not None:
            raise BadSettings(missing)
        app = self._make_app(await self._access.sign_in())
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
        return SlackReply(self._workspaces.clients(request.place.workspace), asked, answers=self._band.answers)

    def _make_app(self, authorize: Authorize) -> AsyncApp:
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
            client=make_app_client(self._settings),
            authorize=authorize,  # type: ignore[arg-type]  # which may well be None, says Bolt's own code
            user_facing_authorize_error_message=say("slack_signed_out", "en"),
            signing_secret=_secret(self._settings.signing_secret),
            process_before_response=True,
        )
        for command in COMMANDS:
            app.command(f"/{command}")(on_command)
        app.event("app_mention")(on_mention)
        app.event("message")(on_message)
        for button in (ANOTHER, VARY, EXTEND, REPLACE, REMIX, REMIX_WITH, FILES, CANCEL, INSTEAD):
            app.action(button)(on_button)
        self._hear_of_forms(app)
        self._hear_of_removals(app)
        return app

    def _hear_of_forms(self, app: AsyncApp) -> None:
        async def on_form(ack: AsyncAck, body: dict[str, Any]) -> None:
            try:
                wish = wish_of_form(body, self._band.catalogue)
            except MusicError as error:
                await ack(response_action="errors", errors=form_faults(body, error))
                return
            await ack()
            self._start(wish, body)

        app.view(REMIX_FORM)(on_form)

    def _hear_of_removals(self, app: AsyncApp) -> None:
        async def on_removal(ack: AsyncAck, body: dict[str, Any]) -> None:
            if is_removal(body["event"]):
                await self._leave(installed_team(body), float(body["event_time"]))
            await ack()  # last, so that Slack tells us again of what we could not forget

        for event in ("app_uninstalled", "tokens_revoked"):
            app.event(event)(on_removal)

    def _start(self, wish: Wish, body: dict[str, Any]) -> None:
        """Leaves a wish to a task. While stopping it raises, so that Slack hears an error and asks again."""
        if self._jobs is None:
            raise RuntimeError("slack is not served any more")
        job = self._workspaces.commands(wish.place.workspace).perform(wish, answer_url(body))
        self._jobs.create_task(job, name=f"slack {wish.verb} {wish.id}")

    async def _leave(self, workspace: str, event_time: float) -> None:
        """Forgets a workspace that has removed the app: its tokens, songs, schedules and switches."""
        try:
            is_gone = await self._access.leave(workspace, event_time)
        except TokensLocked:
            # Whether this is late news stands in what we cannot read: nothing is forgotten on a guess.
            _logger.error("slack workspace not forgotten: its tokens cannot be read", team=workspace)
            return
        if is_gone:
            await self._band.privacy.forget(Owner(PLATFORM, workspace))
            self._workspaces.forget(workspace)

    @asynccontextmanager
    async def _open_line(self, app: AsyncApp) -> AsyncIterator[Line]:
        settings, is_socket = self._settings, self._settings.mode == "socket"
        routes = self._access.routes() + ([] if is_socket else event_routes(app))
        async with AsyncExitStack() as stack:
            lines: list[Line] = []
            if routes:
                lines.append(await stack.enter_async_context(http_line(routes, settings.http_host, settings.port)))
            if is_socket:
                lines.append(await stack.enter_async_context(socket_line(app, _secret(settings.app_token), app.client)))
            yield Line(lambda: all(line.is_open() for line in lines), lines[0].port)


def _access(settings: SlackSettings, band: Band) -> Access:
    return ManyWorkspaces(settings, band.installations) if settings.client_id else OneWorkspace(settings)


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()
