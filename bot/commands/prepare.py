"""What most commands do first: read the settings and set up logging."""

from adapters.telemetry.logs import set_up_logs
from bot.settings import Settings, load_settings


def prepared_settings() -> Settings:
    """Reads the settings and sets up logging accordingly."""
    return _logging(load_settings())


def quietly_prepared_settings() -> Settings:
    """The same, but only warnings are logged unless the level is debug: somebody waits at the terminal."""
    settings = load_settings()
    if settings.log.level == "info":
        settings = settings.model_copy(update={"log": settings.log.model_copy(update={"level": "warning"})})
    return _logging(settings)


def _logging(settings: Settings) -> Settings:
    set_up_logs(settings.log.level, settings.log.format)
    return settings
