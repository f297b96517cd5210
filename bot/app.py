"""The composition root: builds the bot from its settings and runs it. Only this module names concrete adapters."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import structlog

from bot import messages
from bot.domain.request import SongRequest
from bot.ports import Messenger, Reply
from bot.services.band import Band, ChatAdapter
from bot.services.compose import ComposeService
from bot.services.daily import DailyService
from bot.services.daily_post import DailyPoster
from bot.services.files import FilesService
from bot.services.genres import GenreService
from bot.services.privacy import PrivacyService
from bot.settings import BadSettings, MusicSettings, Settings
from inference.music.genre import GenreCatalogue, load_catalogue

_POLL_S = 0.2
_PATIENCE_S = 30.0
_TAKE_OVER_S = 60.0
_log = structlog.get_logger(__name__)


async def run_bot(settings: Settings) -> None:
    """Serves every platform whose tokens are set, or else the terminal, until cancelled or left.

    Raises:
        BadSettings: no platform could be started; the sentence names the setting.
        StorageError: the database cannot be used.
    """
    messengers: dict[str, Messenger] = {}
    async with open_band(settings, messengers) as band:
        platforms = chat_adapters(settings, band)
        messengers.update({platform.platform: platform.messenger for platform in platforms})
        await perform(band, platforms)


@asynccontextmanager
async def open_band(settings: Settings, messengers: dict[str, Messenger]) -> AsyncIterator[Band]:
    """The services over storage, clock and the inference service; `messengers` may fill up later.

    Raises:
        BadSettings: the genre catalogue cannot be read.
        StorageError: the database cannot be used.
    """
    from adapters.clock import SchedulerClock
    from adapters.composer import HttpComposer
    from adapters.storage import open_storage

    catalogue = read_catalogue(settings.music)
    async with AsyncExitStack() as stack:
        storage = await open_storage(settings.database.url, settings.slack.token_keys)
        stack.push_async_callback(storage.close)
        trouble = (await storage.installations.kept()).trouble
        if trouble is not None and settings.slack.is_for_many:
            _log.error("slack tokens cannot be read", reason=trouble)
        await stack.enter_async_context(storage.presence.kept())
        composer = await stack.enter_async_context(HttpComposer(settings.inference.url))
        clock = SchedulerClock()
        clock.start()
        stack.push_async_callback(clock.close)
        compose = ComposeService(composer, storage.songs, storage.genres, catalogue)
        genres = GenreService(storage.genres, catalogue)
        poster = DailyPoster(storage.schedules, storage.claims, compose, genres, clock, messages, messengers)
        daily = DailyService(storage.schedules, storage.claims, clock, genres, catalogue, poster)
        files = FilesService(composer, storage.songs)
        privacy = PrivacyService(storage.records)
        answers, heard, installations = storage.answers, storage.heard, storage.installations
        yield Band(compose, files, genres, daily, catalogue, answers, heard, privacy, installations)


def read_catalogue(settings: MusicSettings) -> GenreCatalogue:
    """The genres. Raises BadSettings if the file cannot be read."""
    try:
        return load_catalogue(settings.genres_file)
    except (OSError, ValueError) as error:
        raise BadSettings(f"the genres in {settings.genres_file} cannot be read: {error}") from error


def chat_adapters(settings: Settings, band: Band) -> list[ChatAdapter]:
    """Every platform that is fully configured; the terminal when none is wanted at all.

    Raises:
        BadSettings: only half-configured platforms are wanted; names what the first one lacks.
    """
    problems = require_platform(settings)
    platforms: list[ChatAdapter] = []
    if settings.discord.is_wanted:
        from adapters.discord.adapter import DiscordAdapter

        platforms.append(DiscordAdapter(settings.discord, band))
    if settings.slack.is_wanted and settings.slack.missing() is None:
        from adapters.slack.adapter import SlackAdapter

        platforms.append(SlackAdapter(settings.slack, band))
    for problem in problems:
        _log.error("platform left out", reason=problem)
    if not platforms:
        from adapters.console.adapter import ConsoleAdapter

        platforms.append(ConsoleAdapter(settings.console, band))
    return platforms


def require_platform(settings: Settings) -> list[str]:
    """What half-configured platforms lack, one sentence each, where others can do without them.

    Raises:
        BadSettings: no other is wanted; names what the first one lacks.
    """
    sections = (settings.discord, settings.slack)
    problems = [missing for section in sections if (missing := section.missing())]
    if problems and not any(section.is_wanted and section.missing() is None for section in sections):
        raise BadSettings(problems[0])
    return problems


async def perform(band: Band, platforms: Sequence[ChatAdapter]) -> None:
    """Runs all platforms until each has ended; one that fails is reported and the others go on.

    Raises:
        BadSettings, Exception: what stopped the last platform, when not one of them ended well.
    """
    failures: list[Exception] = []
    async with asyncio.TaskGroup() as tasks:
        waking = tasks.create_task(_wake(band, platforms))
        for ending in asyncio.as_completed([tasks.create_task(_failure_of(platform)) for platform in platforms]):
            platform, failure = await ending
            if failure is not None:
                failures.append(failure)
                if len(failures) < len(platforms):  # the last one is raised
                    _report(platform, failure)
        waking.cancel()
    if failures and len(failures) == len(platforms):
        raise failures[-1]


async def _failure_of(platform: ChatAdapter) -> tuple[ChatAdapter, Exception | None]:
    """Runs one platform to its end: what ended it early, if anything did."""
    try:
        await platform.run()
    except Exception as error:  # noqa: BLE001  # a defect of one platform must not silence the others
        return platform, _wrong_setting(error) or error
    return platform, None


def _report(platform: ChatAdapter, failure: Exception) -> None:
    if isinstance(failure, BadSettings):
        _log.error("platform left out", platform=platform.platform, reason=str(failure))
    else:
        _log.error("platform stopped", platform=platform.platform, exc_info=failure)


def _wrong_setting(error: Exception) -> BadSettings | None:
    """The BadSettings that `error` is or holds."""
    if isinstance(error, ExceptionGroup):
        return next((wrong for inner in error.exceptions if (wrong := _wrong_setting(inner))), None)
    return error if isinstance(error, BadSettings) else None


async def _wake(band: Band, platforms: Sequence[ChatAdapter]) -> None:
    """Resumes what the last run left: undelivered songs, and daily songs that became due."""
    async with asyncio.TaskGroup() as tasks:
        for platform in platforms:
            tasks.create_task(_recompose(band, platform))
        joining = [tasks.create_task(_connected(platform)) for platform in platforms]
        await asyncio.wait(joining, timeout=_PATIENCE_S)
        await band.daily.start()


async def _recompose(band: Band, platform: ChatAdapter) -> None:
    """Repeats, since other processes on the same database may end at any time."""

    def reply_for(request: SongRequest) -> Reply | None:
        return platform.reply_for(request) if request.place.platform == platform.platform else None

    while True:
        await _connected(platform)
        try:
            await band.compose.recompose_pending(reply_for)
        except Exception:  # noqa: BLE001  # the next round may be better; new songs need not suffer
            _log.exception("songs that were left behind are not known", platform=platform.platform)
        await asyncio.sleep(_TAKE_OVER_S)


async def _connected(platform: ChatAdapter) -> None:
    while not platform.is_connected():  # noqa: ASYNC110  # the adapters ask their libraries, which have no event for it
        await asyncio.sleep(_POLL_S)
