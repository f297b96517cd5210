"""Logging: structlog in front, the standard library behind, everything to standard error."""

import logging
import sys
from typing import Literal

import stamina.instrumentation
import structlog
from structlog.typing import Processor

LogFormat = Literal["auto", "json", "text"]
# At debug level these write down every value that is stored or read, tokens among them.
_DISCREET = {"aiosqlite": logging.WARNING, "sqlalchemy.engine": logging.INFO}
_QUIET = ("discord", "slack_bolt", "slack_sdk", "apscheduler", "aiohttp.access", "aiosqlite", "sqlalchemy", "alembic")


def set_up_logs(level: str, format: LogFormat = "auto") -> None:
    """Formats our log lines and those of every library alike.

    Args:
        level: debug, info, warning or error. Chatty libraries stay at warning unless it is debug.
        format: `json` is one object a line, `text` is for people, `auto` takes text on a terminal only.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_last_processors(format)],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET if level in ("debug", "error") else logging.WARNING)
    if level == "debug":
        for name, least in _DISCREET.items():
            logging.getLogger(name).setLevel(least)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    stamina.instrumentation.set_on_retry_hooks([_tell_retry])


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    """One line of news; who gives up in the end says so, and says it louder."""
    structlog.get_logger("stamina").info(
        "trying again", after_s=round(details.wait_for, 2), tries=details.retry_num, reason=str(details.caused_by)
    )


def _last_processors(format: LogFormat) -> list[Processor]:
    on_terminal = sys.stderr.isatty()
    if format == "text" or (format == "auto" and on_terminal):
        return [structlog.dev.ConsoleRenderer(colors=on_terminal, exception_formatter=structlog.dev.plain_traceback)]
    # Local variables may hold tokens: they never reach a log.
    tracebacks = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    return [tracebacks, structlog.processors.JSONRenderer()]
