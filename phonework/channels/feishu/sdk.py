"""The only door to `lark_oapi`: imported late and in part, quiet, and without a say in which event loop we use (1.7.5)."""

import asyncio
import importlib
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlsplit

from phonework.redact import Redactor

_secrets: Final = Redactor()
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_PACKAGE: Final = "lark_oapi"
_DISPATCHER: Final = "lark_oapi.event.dispatcher_handler"
_lock: Final = threading.Lock()
_loaded: Final[list["Sdk"]] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Sdk:
    """The parts of the SDK in use. ws, ws_errors: its socket's modules; requests: what it calls with;
    the others are classes of its HTTP side."""

    ws: Any
    ws_errors: Any
    core: Any
    Transport: Any
    TokenManager: Any
    TokenRefused: type[Exception]
    Config: Any
    RequestOption: Any
    requests: Any


def load() -> Sdk:
    """The first call takes most of a second: make it in a thread."""
    with _lock:
        if not _loaded:
            thread = threading.Thread(target=_import, name="feishu-import", daemon=True)
            thread.start()
            thread.join()
        return _loaded[0] if _loaded else _parts()  # which raises what failed


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
        _loaded.append(_parts())
        _quieten()
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _parts() -> Sdk:
    if _PACKAGE not in sys.modules:
        _postpone_the_rest()
    get = importlib.import_module
    return Sdk(
        ws=get("lark_oapi.ws.client"),
        ws_errors=get("lark_oapi.ws.exception"),
        core=get("lark_oapi.core"),
        Transport=get("lark_oapi.core.http").Transport,
        TokenManager=get("lark_oapi.core.token").TokenManager,
        TokenRefused=get("lark_oapi.core.exception").ObtainAccessTokenException,
        Config=get("lark_oapi.core.model").Config,
        RequestOption=get("lark_oapi.core.model").RequestOption,
        requests=get("requests"),
    )


def _postpone_the_rest() -> None:
    """Let the package and its dispatcher be imported without running them, until somebody asks one for a name.

    Running them imports a class for each of the platform's calls and events: 10,000 modules, 130 MB, 3 s (1.7.5). Of all
    that, the socket wants one name, for an annotation.
    """
    modules = (_standin(_PACKAGE), _standin(_DISPATCHER))

    def complete() -> None:
        for module in modules:
            vars(module).pop("__getattr__", None)
        for module in reversed(modules):  # the package takes names from its dispatcher
            if module.__spec__ is not None and module.__spec__.loader is not None:
                module.__spec__.loader.exec_module(module)

    for module in modules:
        vars(module)["__getattr__"] = _answer(module, complete)


def _standin(name: str) -> ModuleType:
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"there is no {name} in this lark-oapi", name=name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    return module


def _answer(module: ModuleType, complete: Callable[[], None]) -> Callable[[str], object]:
    def answer(name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)  # asked by the import system and the like, which want none of it
        if name == "EventDispatcherHandler" and not _loaded:
            return object  # asked by the SDK's socket
        complete()
        return getattr(module, name)

    return answer


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
