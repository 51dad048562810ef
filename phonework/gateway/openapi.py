"""The OpenAPI description, made from the table of operations and the types of their values."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

from phonework import __version__
from phonework.gateway.operations import OPERATIONS, EventsQuery, Operation
from phonework.gateway.shapes import Failure, HookAnswer, Session
from phonework.proof import DIGEST, NONCE, PROOF, TIME

Json = dict[str, Any]

EVENTS: Final = "/v1/events"
HOOKS: Final = "/v1/hooks/{backend}"
SELF: Final = "/v1/openapi.json"

_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Names the act for ever: asked for again under the same key it is not done again.",
    "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"},
}
_PROOF: Final = {
    "type": "apiKey",
    "in": "header",
    "name": PROOF,
    "description": f"That the caller knows the token, with {NONCE}, {TIME} and {DIGEST}; the answer has the server's. See docs/gateway.md.",
}


def description() -> Json:
    """OpenAPI 3.1."""
    shapes, components = _schemas()
    paths: Json = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, shapes)
    paths[EVENTS] = {"get": _events(shapes)}
    paths[HOOKS] = {"post": _hooks(shapes)}
    paths[SELF] = {"get": _self()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "PhoneWork gateway", "version": __version__},
        "security": [{"bearer": []}, {"proof": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "proof": _PROOF},
        },
    }


def _schemas() -> tuple[Json, Json]:
    """By type: how it is referred to; and what is referred to."""
    types: list[type[Any]] = [Failure, HookAnswer, Session]
    types += [kind for one in OPERATIONS for kind in (one.body, one.answer) if isinstance(kind, type)]
    types = list(dict.fromkeys(types))
    found, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    return {kind.__name__: schema for kind, schema in zip(types, found, strict=True)}, components


def _operation(one: Operation, shapes: Json) -> Json:
    described: Json = {
        "operationId": one.name,
        "summary": one.summary,
        "parameters": [*_in_path(one.path), *_in_query(one.query), *([_KEY] if one.method == "POST" else [])],
        "responses": {str(one.status): _answer(one.summary, shapes[one.answer.__name__]), **_failures(shapes)},
    }
    if isinstance(one.body, type):
        described["requestBody"] = {"required": True, "content": _content(shapes[one.body.__name__])}
    return described


def _events(shapes: Json) -> Json:
    says = (
        "Server-sent events. First `state` for each session as it is, then `session` for each change; the data of both is "
        "a Session, their id the number of the event. With Last-Event-ID: what changed since then, instead of `state`. "
        "`bye` at the end: the server stops. Comments are heartbeats."
    )
    last = {"name": "Last-Event-ID", "in": "header", "required": False, "schema": {"type": "string"}}
    return {
        "operationId": "events",
        "summary": "Changes of sessions, as they happen.",
        "parameters": [*_in_query(EventsQuery), last],
        "responses": {
            "200": {"description": says, "content": {"text/event-stream": {"schema": shapes["Session"]}}},
            **_failures(shapes),
        },
    }


def _hooks(shapes: Json) -> Json:
    summary = "What an agent's hook was called with; answered when there is an answer."
    return {
        "operationId": "hook",
        "summary": summary,
        "parameters": _in_path(HOOKS),
        "requestBody": {"required": True, "content": _content({"type": "object"})},
        "responses": {"200": _answer(summary, shapes["HookAnswer"]), **_failures(shapes)},
    }


def _self() -> Json:
    summary = "This description."
    return {
        "operationId": "openapi",
        "summary": summary,
        "responses": {"200": _answer(summary, {"type": "object"})},
    }


def _content(schema: Json) -> Json:
    return {"application/json": {"schema": schema}}


def _answer(says: str, schema: Json) -> Json:
    return {"description": says, "content": _content(schema)}


def _failures(shapes: Json) -> Json:
    return {"default": _answer("It was not done.", shapes["Failure"])}


def _in_path(path: str) -> list[Json]:
    names = re.findall(r"\{(\w+)\}", path)
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _in_query(query: type[Struct] | None) -> list[Json]:
    if query is None:
        return []
    fields = msgspec.json.schema(query)["$defs"][query.__name__]["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in fields.items()]
