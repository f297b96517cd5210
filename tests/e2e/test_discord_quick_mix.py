"""The quick mix over real sockets: posted at once, then replaced by the full one."""

from bot.domain.errors import ComposerFailed
from bot.messages import say
from tests.fakes.discord_scene import buttons, files
from tests.fakes.discord_stage import QUICK, SONG, Stage, moderator_of, names, quick_mix, stored
from tests.fakes.waiting import until


async def test_the_quick_mix_is_posted_at_once_and_replaced_by_the_full_one(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        quick = await stage.song(result)
        assert quick.content.endswith(say("preview", "en"))
        assert quick.embeds[0].image.url == "attachment://iron-harvest.png"
        assert list(buttons(quick)) == ["Cancel"]

        stage.rehearsal.composer.mix.set()
        full = await stage.answer(result, lambda message: files(message) == SONG)

    assert full.id == quick.id
    assert say("preview", "en") not in full.content
    assert "Another" in buttons(full)
    assert len(await stage.posted(1)) == 1


async def test_a_restart_between_quick_and_full_mix_ends_with_the_full_one_in_the_same_message(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        quick = await stage.song(result)
    assert files(await stage.song(result)) == QUICK

    stage.rehearsal.composer.mix = None
    async with stage.bot() as adapter:
        await adapter.client.band.compose.recompose_pending(adapter.reply_for)
        full = await stage.answer(result, lambda message: files(message) == SONG)

    assert full.id == quick.id
    assert "Another" in buttons(full)
    assert len(await stage.posted(1)) == 1


async def test_a_quick_mix_whose_full_one_fails_stays_with_the_buttons_of_a_song(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        stage.rehearsal.composer.broken_mixes.append(ComposerFailed(reason="render_failed"))
        stage.rehearsal.composer.mix.set()
        kept = await stage.answer(result, lambda message: "Another" in buttons(message))

    assert files(kept) == QUICK
    assert say("preview", "en") not in kept.content


async def test_a_song_cancelled_while_its_quick_mix_plays_is_taken_away(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        await stage.click(stage.alice, await stage.song(result), "Cancel")
        (told,) = await stage.discord.until(lambda: result.followups)
        await stage.discord.until(lambda: result.response is None)

    assert (told.ephemeral, told.content) == (True, say("cancelled", "en"))


async def test_a_quick_mix_that_somebody_deleted_does_not_come_back_in_full(stage: Stage) -> None:
    async with stage.bot():
        result = await quick_mix(stage)
        quick = await stage.song(result)
        moderator = await stage.discord.do(lambda: moderator_of(stage))
        await stage.discord.do(lambda: moderator.delete(quick))
        stage.rehearsal.composer.mix.set()
        await until(lambda: bool(stage.rehearsal.songs.done))

    assert not [message for message in stored(stage) if message.attachments]


async def test_an_interaction_that_expired_after_the_quick_mix_still_ends_with_the_full_one_alone(
    stage: Stage,
) -> None:
    async with stage.bot():
        await quick_mix(stage)
        await stage.discord.do(stage.discord.expire_interactions)
        stage.rehearsal.composer.mix.set()

        def is_full() -> bool:
            return [names(message) for message in stored(stage) if message.attachments] == [SONG]

        await stage.discord.until(is_full)
