"""What the bot lacks, in the words of Discord's settings."""

import discord

from adapters.discord.permissions import missing_to_post


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
