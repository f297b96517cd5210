"""What the bot lacks, in the words of Discord's settings."""

import discord

from adapters.discord.permissions import INVITED, invite_url, missing_to_post
from bot.settings import HOUSE


def test_nothing_is_missing_with_everything() -> None:
    assert missing_to_post(discord.Permissions.all(), in_thread=False) == ()


def test_missing_permissions_are_named_as_in_the_settings() -> None:
    everything_but = discord.Permissions.all()
    everything_but.update(attach_files=False, embed_links=False)

    assert missing_to_post(everything_but, in_thread=False) == ("Embed Links", "Attach Files")


def test_a_thread_needs_its_own_permission() -> None:
    permissions = discord.Permissions.all()
    permissions.update(send_messages=False)
    assert missing_to_post(permissions, in_thread=True) == ()

    permissions.update(send_messages_in_threads=False)
    assert missing_to_post(permissions, in_thread=True) == ("Send Messages in Threads",)


def test_whoever_follows_the_invitation_lacks_nothing() -> None:
    assert missing_to_post(INVITED, in_thread=False) == missing_to_post(INVITED, in_thread=True) == ()
    assert not INVITED.administrator


def test_the_readme_tells_the_same_invitation() -> None:
    address = invite_url(4711).replace("4711", "APPLICATION_ID")
    assert address in (HOUSE / "README.md").read_text("utf-8")
