"""A song's status as server-sent events."""

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from inference.api import PREVIEW_EVENT, SongStatus
from inference.server.feed import StatusFeed


async def stream_events(request: web.Request, feed: StatusFeed, ping_s: float) -> web.StreamResponse:
    """The current status at once, then every change, closed after the final one.

    Each event carries its version as id. A reader that comes back gets the current status again; one that has seen
    the final status already is answered 204, which tells a browser's EventSource to stop coming back.
    """
    if feed.is_final and request.headers.get(EventSourceResponse.DEFAULT_LAST_EVENT_HEADER) == str(feed.version):
        return web.Response(status=204)
    async with sse_response(request, ping_interval=ping_s) as stream:
        try:
            with feed.watch() as changes:
                async for version, status in changes:
                    await stream.send(status.model_dump_json(), id=str(version), event=name_of(status))
        except (ConnectionResetError, TimeoutError):  # the reader went away, or has not read for minutes
            return stream
    return stream


def name_of(status: SongStatus) -> str:
    """What the event with this status is called; clients that wait for states only never hear of a preview."""
    return PREVIEW_EVENT if status.preview else status.state
