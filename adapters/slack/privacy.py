"""`/compose privacy`: what the bot keeps of a person or of the workspace; files of it come as direct messages."""

from dataclasses import dataclass

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.people import People
from adapters.slack.refusals import explained
from adapters.slack.reply import SlackReply
from adapters.slack.translate import PLATFORM, Wish, escape
from bot.domain.privacy import Owner, Wanted, read_privacy
from bot.messages import forgotten_line, kept_line, say, sure_line
from bot.services.privacy import PrivacyService


@dataclass(frozen=True)
class Privacy:
    """Answers `privacy`, `privacy export` and `privacy forget`, each also for `all`, which only admins may say."""

    service: PrivacyService
    client: AsyncWebClient
    people: People

    async def answer(self, wish: Wish, reply: SlackReply) -> None:
        """Whispers the answer. Raises InvalidSpec, NotAnAdmin, DeliveryFailed."""
        person, asked = reply.requester, read_privacy(wish.text)
        if asked.is_for_all:
            await self.people.check_admin(person.id)
        owner = asked.owner(PLATFORM, wish.place.workspace, person.id)
        if asked.wanted is Wanted.EXPORT:
            await self._export(owner, reply)
        elif asked.wanted is Wanted.FORGET and asked.is_sure:
            await reply.whisper(escape(forgotten_line(await self.service.forget(owner), person.locale)))
        else:
            kept = await self.service.kept(owner)
            line = kept_line(kept, owner, person.locale)
            if asked.wanted is Wanted.FORGET:
                sure = f"/compose privacy forget {'all ' if asked.is_for_all else ''}sure"
                line = sure_line(kept, owner, sure, person.locale)
            await reply.whisper(escape(line))

    async def _export(self, owner: Owner, reply: SlackReply) -> None:
        person, file = reply.requester, await self.service.export(owner)
        with explained():
            words = escape(say("privacy_exported", person.locale))
            answer = await self.client.chat_postMessage(channel=person.id, text=words)
            await self.client.files_upload_v2(
                channel=str(answer["channel"]), filename=file.name, title=file.name, content=file.content
            )
        await reply.whisper(escape(say("privacy_sent", person.locale)))
