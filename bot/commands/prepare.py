"""What every verb that works does first: read the settings, set up the logs."""

from adapters.telemetry.logs import set_up_logs
from bot.settings import Settings, load_settings


def prepared_settings() -> Settings:
    """The settings, with logs as they say."""
    return _logging(load_settings())


def quietly_prepared_settings() -> Settings:
    """The settings; the log keeps mere news from a person who waits at a terminal, unless it is set to debug."""
    settings = load_settings()
    if settings.log.level == "info":
        settings = settings.model_copy(update={"log": settings.log.model_copy(update={"level": "warning"})})
    return _logging(settings)


def _logging(settings: Settings) -> Settings:
    set_up_logs(settings.log.level, settings.log.format)
    return settings
