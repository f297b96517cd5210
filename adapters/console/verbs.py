"""The verbs a terminal understands, each a call of the band's services."""

import difflib
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from adapters.console.reply import ConsoleFilesReply, ConsoleReply, RehearsalReply, Screen
from adapters.console.view import progress_view
from bot.domain.daily import DailySchedule
from bot.domain.daily_text import ENDINGS, EXAMPLE, REPLACERS, read_daily
from bot.domain.errors import LnhError, NoDaily
from bot.domain.files import KINDS, FilesWish, read_kinds
from bot.domain.options import build_request, wishes_from_text
from bot.domain.privacy import Owner, Wanted, read_privacy
from bot.domain.remix import remix_from_text
from bot.domain.request import Place, Requester, RequestId, SongChange, draw_seed, request_id
from bot.messages import (
    daily_line,
    forgotten_line,
    kept_line,
    making_line,
    next_words,
    say,
    sentence,
    skipped_line,
    sure_line,
)
from bot.services.band import Band
from bot.services.daily_song import daily_request_id
from inference.api import MAX_FILE_MIB
from inference.music.edit import Operation, read_names, read_span
from inference.music.errors import InvalidSpec, MusicError

PLATFORM = "console"
HERE = Place(PLATFORM, "local", "terminal")
YOU = Requester("local", "you")
HELP = (
    "/compose metal 140bpm Em  a new song; only the genre is needed. Also: metal+jazz, 32 bars, 3/4, form AABA,"
    " density 6, band drums,bass, strict key, seed 7, space embedding",
    "/another                  the last wishes again, another song",
    "/vary                     a variation of the last song, or of some of it: /vary lead 9-16",
    "/extend                   a longer version of the last song: /extend 16 adds 16 bars",
    "/replace lead             players or bars of the last song written anew: /replace lead, bass, /replace 9-16",
    "/remix jazz               the form of the last song in another genre, tempo, key or band: /remix jazz 120bpm Em,"
    " /remix 90bpm keep lead, drums leaves those two as they are",
    "/files                    more files of the last song: /files stems or /files 3 makes one of those it lists",
    "/genres                   what I play; /genres disable punk, /genres enable punk",
    "/daily                    your daily song. /daily 18:30 Europe/Berlin metal sets it up, for as long as this runs;"
    " days: weekdays, weekend or mon,wed,fri: only on those. /daily off ends it",
    "/daily preview            plays the next one to you; /daily another writes another one instead of it, /daily skip"
    " leaves it out",
    "/privacy                  what I keep; /privacy export writes it to a file, /privacy forget removes it",
    "/cancel                   stops the song in the making",
    "/help                     this",
    "/quit                     good night",
)
GOODBYES = ("quit", "exit", "bye")
_NO_DAILY = f"There is no daily song; set one up with {EXAMPLE}"
_ELSEWHERE = {
    "blend": "write /compose metal+jazz for a blend",
    "preview": "perhaps you mean /daily preview",
    "skip": "perhaps you mean /daily skip",
}
_DIGITS = 4
_FILLERS = ("bar", "bars", "in", "the", "and")
_logger = structlog.get_logger(__name__)


class Verbs:
    """Answers one line after the other on `screen`."""

    def __init__(self, band: Band, screen: Screen) -> None:
        self._band = band
        self._screen = screen
        self._making: RequestId | None = None
        self._verbs: dict[str, Callable[[str], Awaitable[None]]] = {
            "compose": self._compose,
            "another": self._another,
            "vary": partial(self._change, Operation.VARY),
            "extend": self._extend,
            "replace": partial(self._change, Operation.REPLACE),
            "remix": self._remix,
            "files": self._files,
            "genres": self._genres,
            "daily": self._daily,
            "privacy": self._privacy,
            "help": self._help,
            "?": self._help,
        }

    async def answer(self, line: str) -> bool:
        """Does what the line says; text that begins with no verb is a wish for a song. False when it says goodbye."""
        verb, _, rest = line.strip().partition(" ")
        name = verb.removeprefix("/").casefold()
        if name in GOODBYES and not rest:
            return False
        if not verb.startswith("/") and name not in self._verbs:
            verb, name, rest = "/compose", "compose", line
        act = self._verbs.get(name)
        try:
            if act is None:
                raise InvalidSpec("verb", f"there is no {verb[:40]}; {self._hint(name)}")
            await act(rest.strip())
        except NoDaily:
            self._screen.say(_NO_DAILY)
        except (LnhError, MusicError) as error:
            self._screen.say(sentence(error, YOU.locale))
        except Exception:
            _logger.exception("line not answered", verb=verb)
            self._screen.say(sentence(LnhError(id=verb), YOU.locale))
        return True

    def _hint(self, name: str) -> str:
        """What somebody may have meant by a verb that there is not."""
        near = difflib.get_close_matches(name, [verb for verb in self._verbs if verb.isalpha()], n=1, cutoff=0.7)
        return f"perhaps you mean /{near[0]}" if near else _ELSEWHERE.get(name, "/help shows what there is")

    async def cancel(self) -> None:
        """Stops the song in the making; who waits for it is told."""
        if self._making is None:
            self._screen.say("There is no song in the making.")
        else:
            await self._band.compose.cancel(self._making)

    @contextmanager
    def _making_one(self) -> Iterator[tuple[RequestId, ConsoleReply]]:
        """The id of a new song and its reply; for as long as the body runs, that song can be cancelled."""
        self._making = request_id(PLATFORM, uuid.uuid4().hex)
        try:
            with progress_view(self._screen.output) as view:
                yield self._making, ConsoleReply(self._screen, view)
        finally:
            self._making = None

    async def _compose(self, text: str) -> None:
        catalogue = self._band.catalogue
        wishes = wishes_from_text(text, catalogue)
        with self._making_one() as (song_id, reply):
            request = build_request(
                wishes, id=song_id, seed=draw_seed(), place=HERE, requester=YOU, catalogue=catalogue
            )
            await self._band.compose.compose(request, reply)

    async def _another(self, text: str) -> None:
        song = RequestId(text) if text else self._last_song()
        with self._making_one() as (song_id, reply):
            await self._band.compose.another(song, id=song_id, requester=YOU, place=HERE, reply=reply)

    async def _change(self, operation: Operation, text: str) -> None:
        """Works on the last song; `text` names players and bars."""
        await self._work(SongChange(self._last_song(), operation, *_region(text)))

    async def _extend(self, text: str) -> None:
        """Makes the last song longer, by as many bars as `text` says: `16`, `16 bars`."""
        song, number = self._last_song(), text.casefold().removesuffix("bars").removeprefix("by").strip()
        if number and not (number.isdecimal() and len(number) <= _DIGITS):
            raise InvalidSpec("edit", f"say how many bars to add, such as /extend 16, not “{text[:40]}”")
        await self._work(SongChange(song, Operation.EXTEND, add=int(number) if number else None))

    async def _remix(self, text: str) -> None:
        song = self._last_song()
        await self._work(SongChange(song, Operation.REMIX, remix=remix_from_text(text, self._band.catalogue)))

    def _last_song(self) -> RequestId:
        if self._screen.last_song is None:
            raise InvalidSpec("song", "there is no song yet; start with one, such as /compose metal")
        return self._screen.last_song

    async def _work(self, change: SongChange) -> None:
        with self._making_one() as (song_id, reply):
            await self._band.compose.change(change, id=song_id, requester=YOU, place=HERE, reply=reply)

    async def _files(self, text: str) -> None:
        """Makes files of the last song, or lists what there is."""
        kinds = read_kinds(text)
        if not kinds:
            self._screen.say(*(f"{number:>2} {kind:<10} {kind.meaning}" for number, kind in enumerate(KINDS, 1)))
            return
        song = self._last_song()
        self._screen.say(making_line(kinds, YOU.locale))
        await self._band.files.make(FilesWish(song, kinds, MAX_FILE_MIB), YOU, ConsoleFilesReply(self._screen))

    async def _genres(self, text: str) -> None:
        action, _, genre = text.partition(" ")
        genres = self._band.genres
        if action == "enable" and genre:
            switched = await genres.enable(PLATFORM, HERE.workspace, genre)
            self._screen.say(say("genre_on", YOU.locale, genre=switched.title))
        elif action == "disable" and genre:
            switched = await genres.disable(PLATFORM, HERE.workspace, genre)
            self._screen.say(say("genre_off", YOU.locale, genre=switched.title))
        elif text:
            raise InvalidSpec("genres", "write /genres, /genres enable punk or /genres disable punk")
        else:
            for choice in await genres.listing(PLATFORM, HERE.workspace):
                switch = "on " if choice.enabled else "off"
                self._screen.say(f"{switch} {choice.genre.name:<12} {choice.genre.description}")

    async def _daily(self, text: str) -> None:
        if text.casefold() in ENDINGS:
            gone = await self._band.daily.remove(HERE)
            self._screen.say("No more daily songs." if gone else _NO_DAILY)
        elif text.casefold() == "preview":
            await self._rehearse(await self._band.daily.upcoming(HERE))
        elif text.casefold() in REPLACERS:
            await self._rehearse(await self._band.daily.another(HERE))
        elif text.casefold() == "skip":
            self._screen.say(skipped_line(*await self._band.daily.skip(HERE), YOU.locale))
        elif text.casefold() not in ("", "show"):
            schedule = await self._band.daily.set(HERE, read_daily(text, self._band.catalogue), YOU)
            self._screen.say(daily_line(schedule, YOU.locale))
        else:
            found = await self._band.daily.list(PLATFORM, HERE.workspace)
            self._screen.say(*[daily_line(schedule, YOU.locale) for schedule in found] or [_NO_DAILY])

    async def _rehearse(self, schedule: DailySchedule) -> None:
        note = say("daily_rehearsal", YOU.locale, next=next_words(schedule, YOU.locale))
        self._making = daily_request_id(schedule)
        try:
            with progress_view(self._screen.output) as view:
                await self._band.daily.rehearse(schedule, YOU, RehearsalReply(self._screen, view, note))
        finally:
            self._making = None

    async def _privacy(self, text: str) -> None:
        wish, privacy = read_privacy(text), self._band.privacy
        owner = Owner(PLATFORM, HERE.workspace)  # there is nobody else
        if wish.wanted is Wanted.EXPORT:
            await self._screen.put(await privacy.export(owner))
        elif wish.wanted is Wanted.FORGET and wish.is_sure:
            self._screen.say(forgotten_line(await privacy.forget(owner), YOU.locale))
            self._screen.last_song = None
        elif wish.wanted is Wanted.FORGET:
            self._screen.say(sure_line(await privacy.kept(owner), owner, "/privacy forget sure", YOU.locale))
        else:
            self._screen.say(kept_line(await privacy.kept(owner), owner, YOU.locale))

    async def _help(self, _text: str) -> None:
        self._screen.say(*HELP)


def _region(text: str) -> tuple[tuple[str, ...], tuple[int, int] | None]:
    """`lead, bass 9-16` -> players and bars. Raises InvalidSpec."""
    words = [word for word in text.replace(",", " ").split() if word.casefold() not in _FILLERS]
    spans = [word for word in words if word[0].isdecimal()]
    if len(spans) > 1:
        raise InvalidSpec("bars", f"name one range of bars, such as 9-16, not {' and '.join(spans)[:60]}")
    names = read_names(",".join(word for word in words if word not in spans))
    return names, read_span(spans[0]) if spans else None
