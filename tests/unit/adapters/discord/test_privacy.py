"""`/privacy`, by the real library in simcord's Discord."""

import pytest

from bot.domain.privacy import Owner
from bot.messages import say
from tests.fakes.discord_band import Rehearsal
from tests.fakes.discord_scene import Scene, response


def content(result: object) -> str:
    followups = result.followups  # type: ignore[attr-defined]
    return str(followups[0].content if followups else response(result).content)  # type: ignore[arg-type]


async def test_everybody_sees_takes_along_and_removes_what_is_kept_of_them(scene: Scene, rehearsal: Rehearsal) -> None:
    shown = await scene.alice.slash(scene.channel, "privacy show")
    assert shown.ephemeral
    assert content(shown).startswith("What I keep about you: songs you asked for")

    unsure = await scene.alice.slash(scene.channel, "privacy forget")
    assert "/privacy forget whose:me sure:True" in content(unsure)
    assert rehearsal.records.forgotten == []

    sure = await scene.alice.slash(scene.channel, "privacy forget", sure=True)
    assert content(sure).startswith("Forgotten for good: songs (3), daily songs (1)")
    assert rehearsal.records.forgotten == [Owner("discord", str(scene.guild.id), str(scene.alice.id))]


async def test_the_export_is_a_file_for_whoever_asked_alone(scene: Scene) -> None:
    result = await scene.alice.slash(scene.channel, "privacy export")
    assert result.ephemeral
    (message,) = [message for message in (result.response, *result.followups) if message and message.attachments]
    (file,) = message.attachments
    assert file.filename == "lnh-records.json"
    assert scene.posted() == []


@pytest.mark.parametrize("command", ["privacy show", "privacy export", "privacy forget"])
async def test_the_servers_records_are_its_managers(scene: Scene, rehearsal: Rehearsal, command: str) -> None:
    refused = await scene.alice.slash(scene.channel, command, whose="server")
    assert content(refused) == say("not_allowed", "en")
    assert len(scene.env.errors) == 1
    assert (await scene.boss.slash(scene.channel, command, whose="server")).ephemeral
    await scene.boss.slash(scene.channel, "privacy forget", whose="server", sure=True)
    assert rehearsal.records.forgotten == [Owner("discord", str(scene.guild.id))]


async def test_a_direct_message_is_no_server_to_forget(scene: Scene, rehearsal: Rehearsal) -> None:
    refused = await scene.boss.user.slash("privacy forget", whose="server", sure=True)
    assert content(refused) == say("not_allowed", "en")
    assert len(scene.env.errors) == 1
    assert rehearsal.records.forgotten == []
