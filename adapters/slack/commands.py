"""What each verb does: the services on one side, a reply on the other."""

from collections.abc import Awaitable, Callable

import structlog

from adapters.slack.clients import SlackClients
from adapters.slack.direct import SlackDirectReply
from adapters.slack.files import SlackFilesReply
from adapters.slack.people import People
from adapters.slack.privacy import Privacy
from adapters.slack.refusals import explained
from adapters.slack.remix import remix_view
from adapters.slack.reply import Asked, SlackReply
from adapters.slack.translate import (
    PLATFORM,
    Wish,
    escape,
    genre_lines,
    local_time,
    read_cancel,
    read_change,
    read_files,
)
from bot.domain.daily import DailySchedule
from bot.domain.daily_text import ENDINGS, REPLACERS, read_daily
from bot.domain.errors import LnhError
from bot.domain.options import build_request, wishes_from_text
from bot.domain.request import Requester, RequestId, draw_seed
from bot.messages import daily_line, making_line, next_words, say, skipped_line
from bot.services.band import Band
from inference.music.errors import InvalidSpec, MusicError

_logger = structlog.get_logger(__name__)
_Act = Callable[[Wish, Requester, SlackReply], Awaitable[None]]


class Commands:
    """Does what people wish, each wish once: Slack repeats what it believes unheard."""

    def __init__(self, band: Band, clients: SlackClients) -> None:
        self._band = band
        self._clients = clients
        self._people = People(clients.delivery)
        self._acts: dict[str, _Act] = {
            "compose": self._compose,
            "another": self._another,
            "vary": self._change,
            "extend": self._change,
            "replace": self._change,
            "remix": self._change,
            "remix_with": self._show_form,
            "files": self._files,
            "cancel": self._cancel,
            "daily": self._daily,
            "instead": self._instead,
            "genres": self._genres,
            "privacy": self._privacy,
            "help": self._help,
        }

    async def perform(self, wish: Wish, response_url: str | None = None) -> None:
        """Never raises: what goes wrong is told to the person, and logged if it is our fault."""
        try:
            if not await self._band.heard.is_first(wish.id):
                _logger.info("slack repeated itself", request_id=wish.id)
                return
            requester = await self._people.requester(wish.user, wish.name)
            asked = Asked(wish.id, wish.place, requester, response_url)
            await self._act(wish, SlackReply(self._clients, asked, answers=self._band.answers))
        except Exception:
            _logger.exception("wish not answered", request_id=wish.id, verb=wish.verb)

    async def _act(self, wish: Wish, reply: SlackReply) -> None:
        try:
            await self._acts[wish.verb](wish, reply.requester, reply)
        except (LnhError, MusicError) as error:
            await reply.error(error)
        except Exception:
            _logger.exception("wish failed unexpectedly", request_id=wish.id, verb=wish.verb)
            await reply.error(LnhError(id=wish.id))

    async def _compose(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        request = build_request(
            wishes_from_text(wish.text, self._band.catalogue),
            id=wish.id,
            seed=draw_seed(),
            place=wish.place,
            requester=requester,
            catalogue=self._band.catalogue,
        )
        await reply.open()
        try:
            await self._band.compose.compose(request, reply)
        finally:
            await reply.close()

    async def _another(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        song = RequestId(wish.text)
        await reply.open()
        try:
            await self._band.compose.another(song, id=wish.id, requester=requester, place=wish.place, reply=reply)
        finally:
            await reply.close()

    async def _change(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        change = read_change(wish)
        await reply.open()
        try:
            await self._band.compose.change(change, id=wish.id, requester=requester, place=wish.place, reply=reply)
        finally:
            await reply.close()

    async def _show_form(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        """What a remix may change, in a modal; what is filled in comes back as a wish with its `change`."""
        trigger = (wish.body or {}).get("trigger_id")
        with explained():
            await self._clients.delivery.views_open(trigger_id=trigger, view=remix_view(wish, requester.locale))

    async def _files(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        asked = Asked(wish.id, wish.place, requester)
        files, answer = read_files(wish.text), SlackFilesReply(self._clients, asked, reply)
        await answer.open(making_line(files.kinds, requester.locale))
        try:
            await self._band.files.make(files, requester, answer)
        finally:
            await answer.close()

    async def _cancel(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        """The one who asked may, and admins; the reply that waits for the song tells it."""
        song, user = read_cancel(wish.text)
        if requester.id != user:
            await self._people.check_admin(requester.id)
        await self._band.compose.cancel(song)

    async def _daily(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        verb = wish.text.casefold()
        if verb in ("", "show"):
            await reply.whisper(await self._shown_daily(wish, requester.locale))
            return
        await self._people.check_admin(requester.id)
        if verb in ENDINGS:
            code = "daily_removed" if await self._band.daily.remove(wish.place) else "daily_none"
            await reply.whisper(say(code, requester.locale))
            return
        if verb == "preview":
            await self._rehearse(await self._band.daily.upcoming(wish.place), reply)
            return
        if verb in REPLACERS:
            await self._rehearse(await self._band.daily.another(wish.place), reply)
            return
        if verb == "skip":
            await self._skip(wish, reply)
            return
        daily = read_daily(wish.text, self._band.catalogue)
        await self._check_can_post(reply)
        schedule = await self._band.daily.set(wish.place, daily, requester)
        await reply.whisper(_described(schedule, requester.locale))

    async def _instead(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        """Another song in place of the one whose `next_song` is the button's value."""
        await self._people.check_admin(requester.id)
        await self._rehearse(await self._band.daily.another(wish.place, wish.text), reply)

    async def _rehearse(self, schedule: DailySchedule, reply: SlackReply) -> None:
        """The next daily song as a direct message, for Slack shows no files to one person of a channel alone."""
        requester = reply.requester
        when = next_words(schedule, requester.locale)
        await reply.whisper(escape(say("daily_rehearsing", requester.locale, next=when)))
        private = SlackDirectReply(self._clients.delivery, reply, schedule)
        await self._band.daily.rehearse(schedule, requester, private)

    async def _skip(self, wish: Wish, reply: SlackReply) -> None:
        left_out, later = await self._band.daily.skip(wish.place)
        locale = reply.requester.locale
        await reply.whisper(skipped_line(left_out, later, locale, _yours(later, locale)))

    async def _shown_daily(self, wish: Wish, locale: str) -> str:
        schedules = await self._band.daily.list(PLATFORM, wish.place.workspace)
        here = [schedule for schedule in schedules if schedule.place.channel == wish.place.channel]
        return "\n".join(_described(schedule, locale) for schedule in here) or say("daily_none", locale)

    async def _check_can_post(self, reply: SlackReply) -> None:
        """A channel that we may not post in is found out now, not tomorrow at half past six. Raises PlaceGone."""
        await reply.open()
        await reply.close()

    async def _genres(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        workspace = wish.place.workspace
        if not wish.text:
            lines = genre_lines(await self._band.genres.listing(PLATFORM, workspace))
            await reply.whisper(escape(say("genres_title", requester.locale)) + "\n" + lines)
            return
        verb, _, name = wish.text.partition(" ")
        if verb.casefold() not in ("enable", "disable") or not name:
            raise InvalidSpec("genres", say("slack_genres_usage", requester.locale))
        await self._people.check_admin(requester.id)
        if verb.casefold() == "enable":
            genre, code = await self._band.genres.enable(PLATFORM, workspace, name), "genre_on"
        else:
            genre, code = await self._band.genres.disable(PLATFORM, workspace, name), "genre_off"
        await reply.whisper(escape(say(code, requester.locale, genre=genre.title)))

    async def _privacy(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        await Privacy(self._band.privacy, self._clients.delivery, self._people).answer(wish, reply)

    async def _help(self, wish: Wish, requester: Requester, reply: SlackReply) -> None:
        await reply.whisper(escape(say("slack_help", requester.locale).strip()))


def _described(schedule: DailySchedule, locale: str) -> str:
    """A schedule in mrkdwn, its next instant also in the reader's own time."""
    return daily_line(schedule, locale, _yours(schedule, locale))


def _yours(schedule: DailySchedule, locale: str) -> str:
    return say("daily_yours", locale, time=local_time(schedule.next_run_utc))
