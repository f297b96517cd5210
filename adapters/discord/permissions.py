"""What the bot may do in a channel, in the words of Discord's settings."""

import discord

POSTING = ("view_channel", "send_messages", "embed_links", "attach_files")


def missing_to_post(permissions: discord.Permissions, *, in_thread: bool) -> tuple[str, ...]:
    """The permissions without which the bot cannot post a song, as Discord's settings spell them."""
    needed = [("send_messages_in_threads" if in_thread and name == "send_messages" else name) for name in POSTING]
    return tuple(_spelt(name) for name in needed if not getattr(permissions, name))


def _spelt(name: str) -> str:
    return name.replace("_", " ").title().replace(" In ", " in ")
