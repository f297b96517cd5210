"""The adapter at work for the length of a test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from adapters.slack.adapter import SlackAdapter
from bot.settings import SlackSettings
from tests.fakes.band import BandForTests
from tests.fakes.slack_edge import APP_TOKEN, SIGNING_SECRET, SlackEdge


def settings_for(edge: SlackEdge, mode: str, **other: object) -> SlackSettings:
    """Settings that lead to the edge, for `socket` or `http`."""
    way = {"app_token": APP_TOKEN} if mode == "socket" else {"signing_secret": SIGNING_SECRET}
    chosen = {"bot_token": edge.api.workspace.bot_token, "api_base": edge.api_base, "http_port": 0, **way, **other}
    return SlackSettings.model_validate(chosen)


@asynccontextmanager
async def running(
    edge: SlackEdge, band: BandForTests, mode: str = "socket", **other: object
) -> AsyncIterator[SlackAdapter]:
    """Starts an adapter, waits until Slack reaches it, and stops it as the program would."""
    adapter = SlackAdapter(settings_for(edge, mode, **other), band.band())
    band.messengers[adapter.platform] = adapter.messenger
    run = asyncio.create_task(adapter.run())
    opened = asyncio.create_task(adapter.opened())
    try:
        await asyncio.wait({run, opened}, return_when=asyncio.FIRST_COMPLETED)
        if run.done():
            await run
        if mode == "socket":
            await edge.connected()
        if adapter.http_port is not None:
            edge.events_url = f"http://127.0.0.1:{adapter.http_port}/slack/events"
        yield adapter
    finally:
        opened.cancel()
        run.cancel()
        await asyncio.gather(run, opened, return_exceptions=True)
