"""Logging: one line for each decision, on stderr, readable on a terminal and JSON elsewhere, without secrets."""

import logging
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any, Final, Literal, TextIO

import structlog
from structlog.typing import Processor

from phonework.redact import Redactor

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "text"]

# What these say below a warning is about their own insides, some of it with payloads and addresses.
_QUIET: Final = ("aiosqlite", "apscheduler", "asyncio", "httpcore", "httpx", "Lark", "openai", "urllib3", "websockets")
_OURS: Final = ("timestamp", "level", "event", "exc_info")  # never a secret, and set apart by the renderers


def configure(
    level: Level = "info", format: Format = "auto", *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> Redactor:
    """Send every log line to `stream` (stderr), those of the standard library's `logging` too; returns the redactor.

    format: `auto` is text on a terminal, JSON elsewhere. secrets: values that must never be written; the shapes of
    others are known. Bound context (`structlog.contextvars`) is part of each line. May be called again.
    """
    stream = stream or sys.stderr
    redactor, shared = Redactor(secrets), _shared()
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        # A logger made before this call, at import, must follow it too.
        cache_logger_on_first_use=False,
    )
    text = format == "text" or (format == "auto" and stream.isatty())
    _route(_handler(stream, text=text, shared=shared, redactor=redactor), level)
    return redactor


class _Handler(logging.StreamHandler[TextIO]):
    """Never raises and never prints about itself: a full disk under stderr is not the program's end."""

    def handleError(self, record: logging.LogRecord) -> None:
        return


def _shared() -> list[Processor]:
    """What is done to our own lines and to those of `logging` alike."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _handler(stream: TextIO, *, text: bool, shared: list[Processor], redactor: Redactor) -> logging.Handler:
    handler = _Handler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                # After all else: the traceback has become text, and may name a secret.
                _Redact(redactor),
                _text_renderer(stream) if text else structlog.processors.JSONRenderer(default=repr),
            ],
        )
    )
    return handler


def _text_renderer(stream: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)


def _route(handler: logging.Handler, level: Level) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old, _Handler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


_PLAIN: Final = (str, int, float, dict, list, tuple, set, type(None))


class _Redact:
    """Takes secrets out of the event and of every field."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: Any, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        for name, value in fields.items():
            if name == "event":
                fields[name] = self._redactor.text(str(value))
            elif name not in _OURS and not name.startswith("_"):
                fields[name] = self._redactor.under(name, value if isinstance(value, _PLAIN) else repr(value))
        return fields
