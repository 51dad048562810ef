"""The program's log as in service, level and format included, into nothing."""

import contextlib
import logging
import os
from collections.abc import Iterator

import structlog


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """JSON lines of level info, written to the null device: the work of logging is part of what is measured."""
    with open(os.devnull, "w", encoding="utf-8") as nothing:  # noqa: PTH123
        structlog.configure(
            processors=[
                structlog.contextvars.merge_contextvars,
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                structlog.processors.dict_tracebacks,
                structlog.processors.JSONRenderer(),
            ],
            wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
            logger_factory=structlog.WriteLoggerFactory(file=nothing),
            cache_logger_on_first_use=False,
        )
        yield
