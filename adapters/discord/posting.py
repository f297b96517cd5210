"""Messages with songs, as Discord takes them: embeds, files, limits and what its refusals mean."""

import io
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import aiohttp
import discord

from adapters.discord.buttons import cancel_view, song_view
from adapters.discord.translate import FilesPost, SongPost, clamp
from bot.domain.errors import DeliveryFailed, PlaceGone
from bot.messages import say

TOO_LARGE = 40005
UNKNOWN_MESSAGE = 10008
AT_THE_EDGE = frozenset({0, 40333})  # Cloudflare's refusals, which once hit every bot at the same time
FAILURES = (discord.DiscordException, aiohttp.ClientError, OSError)
"""What a call to Discord may raise: refusals, and a network that is not there."""

Post = TypeVar("Post", SongPost, FilesPost)


async def deliver(post: Post, send: Callable[[Post], Awaitable[object]]) -> None:
    """Sends a post, leaving out its largest file for as long as Discord finds it too large.

    Raises:
        FAILURES: anything else that goes wrong.
    """
    while True:
        try:
            await send(post)
        except discord.HTTPException as error:
            smaller = post.without_largest()
            if not is_too_large(error) or smaller is None:
                raise
            post = smaller
        else:
            return


def message_parts(post: SongPost) -> dict[str, Any]:
    """What sending and editing take alike; the files come apart, because each takes them by another name."""
    view = song_view(post) if post.asker is None else cancel_view(post.song_id, post.asker)
    return {"content": text_of(post), "embed": embed_of(post), "view": view}


def files_of(post: SongPost | FilesPost) -> list[discord.File]:
    """Fresh uploads: the library closes each after a request, so every attempt needs its own."""
    return [discord.File(io.BytesIO(file.content), filename=file.name) for file in post.files]


def text_of(post: SongPost | FilesPost) -> str:
    """The caption, and a sentence for what was too large to come along."""
    if not post.left_out:
        return clamp(post.content)
    names = ", ".join(file.name for file in post.left_out)
    return clamp(f"{post.content}\n{say('file_too_large', post.locale, files=names)}".strip())


def embed_of(post: SongPost) -> discord.Embed:
    """The card; its picture is a file of the same message."""
    embed = discord.Embed(colour=post.colour)
    if post.card is not None:
        embed.set_image(url=f"attachment://{post.card.name}")
    return embed


def is_too_large(error: discord.HTTPException) -> bool:
    """Whether Discord takes no files of that size here."""
    return error.status == 413 or error.code == TOO_LARGE


def is_gone(error: Exception) -> bool:
    """Whether somebody deleted the message."""
    return isinstance(error, discord.NotFound) and error.code == UNKNOWN_MESSAGE


def is_at_the_edge(error: discord.HTTPException) -> bool:
    """Whether it was not Discord that refused but the network in front of it, which has nothing to say of a channel."""
    return error.status == 429 or (error.status in (403, 404) and error.code in AT_THE_EDGE)


def delivery_error(error: Exception) -> DeliveryFailed:
    """What a refusal to post into a channel means: gone for good (403, 404), or worth another try."""
    if isinstance(error, discord.Forbidden | discord.NotFound) and not is_at_the_edge(error):
        return PlaceGone(reason=error.text or str(error))
    return DeliveryFailed(reason=str(error) or type(error).__name__)
