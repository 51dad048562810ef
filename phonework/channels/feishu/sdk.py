"""The only door to `lark_oapi`: imported late, quiet, and without a say in which event loop we use (1.7.5)."""

import asyncio
import importlib
import logging
import os
import threading
from types import ModuleType
from typing import Final
from urllib.parse import urlsplit

from phonework.redact import Redactor

_secrets: Final = Redactor()
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_lock: Final = threading.Lock()
_loaded: Final[list[ModuleType]] = []


def load() -> ModuleType:
    """`lark_oapi`. The first call takes 2 to 4 s: make it in a thread."""
    with _lock:
        if not _loaded:
            thread = threading.Thread(target=_import, name="feishu-import", daemon=True)
            thread.start()
            thread.join()
        return _loaded[0] if _loaded else importlib.import_module("lark_oapi")  # which raises what failed


def redact(text: str) -> str:
    """The text without tickets, tokens and secrets, as they stand in URLs and JSON."""
    return _secrets.text(text)


def bypass_proxy(domain: str) -> None:
    """Keep calls to this machine away from a proxy, as the socket already is.

    The SDK's `requests` calls obey HTTP_PROXY even for the loopback address, and take no other setting than NO_PROXY.
    """
    if urlsplit(domain).hostname not in _LOOPBACK:
        return
    for name in ("NO_PROXY", "no_proxy"):
        known = [each.strip() for each in os.environ.get(name, "").split(",") if each.strip()]
        os.environ[name] = ",".join([*known, *(host for host in _LOOPBACK if host not in known)])


def _import() -> None:
    # lark_oapi.ws.client keeps the loop it finds at import; a closed one of this thread is harmless until replaced.
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        importlib.import_module("lark_oapi.ws.client")
        _quieten()
        _loaded.append(importlib.import_module("lark_oapi"))
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _quieten() -> None:
    """The SDK logs to stdout from its import on, payloads and the socket's URL with its ticket among it."""
    logger = logging.getLogger("Lark")
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
    logger.setLevel(logging.WARNING)
    if not any(isinstance(each, _Redact) for each in logger.filters):
        logger.addFilter(_Redact())
    logging.getLogger("websockets").setLevel(logging.INFO)  # below that it writes the handshake's URL


class _Redact(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True
