"""What the bot and the people may do in a channel."""

import discord

from bot.domain.errors import NotAllowed

POSTING = ("view_channel", "send_messages", "embed_links", "attach_files")


def missing_to_post(permissions: discord.Permissions, *, in_thread: bool) -> tuple[str, ...]:
    """The permissions without which the bot cannot post a song, as Discord's settings spell them."""
    needed = [("send_messages_in_threads" if in_thread and name == "send_messages" else name) for name in POSTING]
    return tuple(_spelt(name) for name in needed if not getattr(permissions, name))


def require_manager(permissions: discord.Permissions) -> None:
    """Raises NotAllowed unless the person may manage the server."""
    if not permissions.manage_guild:
        raise NotAllowed()


def _spelt(name: str) -> str:
    return {"view_channel": "View Channel", "embed_links": "Embed Links", "attach_files": "Attach Files"}.get(
        name, name.replace("_", " ").title().replace(" In ", " in ")
    )
