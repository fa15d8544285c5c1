"""Logging: one line per event on standard error, for people or as JSON, including all libraries'
logs."""

import logging
import sys
from typing import Literal

import structlog

from server.settings import Level, Settings


def configure(settings: Settings, default: Level) -> None:
    """Send all logs of this process at or above the configured level to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderer(settings.log_format),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel((settings.log_level or default).upper())
    # It logs retries without saying of what; the code that retries logs that itself.
    logging.getLogger("stamina").setLevel("ERROR")
    # Unless a level is set, commands still report that they are waiting for a model or for workers.
    told = "WARNING" if settings.log_level is None and default == "error" else "NOTSET"
    for name in ("indexer.outages", "server.broker", "server.remote_worker"):
        logging.getLogger(name).setLevel(told)


class _Stderr(logging.Handler):
    """Writes to the current `sys.stderr`, which progress bars replace while they are shown."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(f"{self.format(record)}\n")
        except (OSError, ValueError):
            self.handleError(record)


def _renderer(form: Literal["console", "json"]) -> list[structlog.typing.Processor]:
    if form == "json":
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    plain = structlog.dev.plain_traceback  # rich's formatter would show the values of variables
    return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
