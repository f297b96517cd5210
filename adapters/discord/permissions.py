"""What the bot may do in a channel, in the words of Discord's settings."""

import discord

POSTING = ("view_channel", "send_messages", "embed_links", "attach_files")
INVITED = discord.Permissions(
    **dict.fromkeys(POSTING, True), send_messages_in_threads=True, read_message_history=True
)  # the last one so that an answer can be a reply
SCOPES = ("bot", "applications.commands")


def invite_url(application_id: int) -> str:
    """Where somebody who manages a server takes the bot in, with everything it needs and nothing else."""
    return discord.utils.oauth_url(application_id, permissions=INVITED, scopes=SCOPES)


def missing_to_post(permissions: discord.Permissions, *, in_thread: bool) -> tuple[str, ...]:
    """The permissions without which the bot cannot post a song, as Discord's settings spell them."""
    needed = [("send_messages_in_threads" if in_thread and name == "send_messages" else name) for name in POSTING]
    return tuple(_spelt(name) for name in needed if not getattr(permissions, name))


def _spelt(name: str) -> str:
    return name.replace("_", " ").title().replace(" In ", " in ")
