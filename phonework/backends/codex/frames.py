"""The frames of Codex's app-server, JSON-RPC 2.0 without its version member: reading what came, writing what goes. Pure.

Seen in codex-cli 0.163.0 and 0.169.0: an error object carries its id last, notifications have a further `emittedAtMs`, and the ids of
the server's own requests count from 0, apart from ours.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Id = int | str
OVERLOADED = -32001
UNSUPPORTED = -32601


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came of a request of ours. code, message: of its error; code 0: there was none, and result is what it gave."""

    id: Id
    result: Mapping[str, Any] = field(default_factory=dict)
    code: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request of the server; it waits until it is answered."""

    id: Id
    method: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the server tells."""

    method: str
    params: Mapping[str, Any]


Frame = Reply | Call | Note


def parse(text: str | bytes) -> Frame | None:
    """The frame; None for anything else. A request of a wrong shape is still one, without params: somebody waits for its answer."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    method, identity = found.get("method"), identity_of(found.get("id"))
    if isinstance(method, str):
        params = found.get("params")
        known: Mapping[str, Any] = params if isinstance(params, dict) else {}
        if identity is None:
            return Note(method=method, params=known)
        return Call(id=identity, method=method, params=known)
    return None if identity is None else _reply(found, identity)


def identity_of(value: object) -> Id | None:
    """An id as it may be; 0 is one."""
    return value if isinstance(value, int | str) and not isinstance(value, bool) else None


def _reply(found: dict[str, Any], identity: Id) -> Reply | None:
    match found:
        case {"error": dict(error)}:
            code = error.get("code")
            number = code if isinstance(code, int) and code else -1
            return Reply(id=identity, code=number, message=str(error.get("message") or "no reason given"))
        case {"result": result}:
            return Reply(id=identity, result=result if isinstance(result, dict) else {})
        case _:
            return None


def request(identity: int, method: str, params: Mapping[str, Any]) -> str:
    return json.dumps({"id": identity, "method": method, "params": params})


def notification(method: str) -> str:
    return json.dumps({"method": method})


def answer(identity: Id, result: Mapping[str, Any]) -> str:
    return json.dumps({"id": identity, "result": result})


def refusal(identity: Id, message: str) -> str:
    return json.dumps({"id": identity, "error": {"code": UNSUPPORTED, "message": message}})
