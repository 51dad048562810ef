"""Quiet for tests that plant faults: nobody reads what is logged about them, and rendering it takes time."""

import contextlib
import logging
from collections.abc import Iterator

import structlog


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Log nothing below a critical error, also of loggers that are bound inside."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), cache_logger_on_first_use=False
    )
    try:
        yield
    finally:
        structlog.configure(**before)
