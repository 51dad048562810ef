"""The description says what is served, and what is served is what it says."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.routing import Route

from phonework.fsm.reasons import Reason
from phonework.fsm.types import Option, Question, RequestKind, Scope, Sentence
from phonework.gateway import openapi, shapes
from phonework.gateway.operations import OPERATIONS
from phonework.testing.playbook import Playbook
from phonework.texts import keys

from .conftest import Program

DESCRIBED: dict[str, Any] = openapi.description()


def conforms(value: object, schema: dict[str, Any], where: str = "$") -> None:
    """The value is as the schema says, and has nothing else. As much of JSON Schema as the description uses."""
    if "$ref" in schema:
        conforms(value, DESCRIBED["components"]["schemas"][schema["$ref"].rpartition("/")[2]], where)
    elif "anyOf" in schema:
        fitting = [one for one in schema["anyOf"] if (one.get("type") == "null") is (value is None)]
        assert fitting, where
        conforms(value, fitting[0], where)
    elif "enum" in schema:
        assert value in schema["enum"], where
    else:
        kinds = {
            "object": dict,
            "array": list,
            "string": str,
            "integer": int,
            "number": (int, float),
            "boolean": bool,
            "null": type(None),
        }
        assert isinstance(value, kinds[schema["type"]]), (where, value)
        if schema.get("format") == "date-time":
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", str(value)), (where, value)
        if isinstance(value, dict) and "properties" in schema:
            assert set(schema.get("required", [])) <= set(value) <= set(schema["properties"]), where
            for name, each in value.items():
                conforms(each, schema["properties"][name], f"{where}.{name}")
        if isinstance(value, list):
            for number, each in enumerate(value):
                conforms(each, schema["items"], f"{where}[{number}]")


def answer_of(path: str, method: str, status: str) -> dict[str, Any]:
    found: dict[str, Any] = DESCRIBED["paths"][path][method]["responses"][status]["content"]["application/json"][
        "schema"
    ]
    return found


def test_every_route_is_described_and_nothing_else(play: Playbook) -> None:
    served = {
        (route.path, method.lower())
        for route in play.core.gateway.all()
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {(path, method) for path, methods in DESCRIBED["paths"].items() for method in methods}

    assert served == described


def test_every_part_of_a_path_is_a_parameter() -> None:
    for path, methods in DESCRIBED["paths"].items():
        for described in methods.values():
            named = {one["name"] for one in described.get("parameters", []) if one["in"] == "path"}
            assert named == set(re.findall(r"\{(\w+)\}", path))


def test_nothing_is_referred_to_that_is_not_there() -> None:
    text = msgspec.json.encode(DESCRIBED).decode()
    for name in re.findall(r'"\$ref":"([^"]*)"', text):
        assert name.removeprefix("#/components/schemas/") in DESCRIBED["components"]["schemas"]


def test_names_of_operations_are_their_own() -> None:
    names = [described["operationId"] for methods in DESCRIBED["paths"].values() for described in methods.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_what_is_taken_is_what_is_described(operation: Any) -> None:
    """Whatever a type does not take, its schema does not have."""
    if isinstance(operation.body, type):
        schema = DESCRIBED["components"]["schemas"][operation.body.__name__]
        assert schema["additionalProperties"] is False
        assert set(schema["properties"]) == set(operation.body.__struct_fields__)


async def test_answers_are_as_described(play: Playbook, program: Program) -> None:
    one = "/v1/sessions/{session}"
    created = await program.post("sessions", {"cwd": "api", "text": "go", "name": "build", "group": "g"})
    conforms(created.json(), answer_of("/v1/sessions", "post", "201"))
    session_id = created.json()["id"]
    await play.started(session_id)
    questions = (Question(text="Which?", options=(Option(label="a", description="b"),), multiple=True),)
    notes = (Sentence(key="state.idle"),)
    request_id = await play.asks(session_id, kind=RequestKind.CHOICE, questions=questions)
    await play.asks(session_id, rule="Bash(ls:*)", scopes=(Scope.ALWAYS,), reasons=notes, notes=notes)
    conforms((await program.client.get("/v1/sessions/build")).json(), answer_of(one, "get", "200"))
    sent = await program.act("build", "prompts", {"text": "more"})
    conforms(sent.json(), answer_of(f"{one}/prompts", "post", "202"))
    answered = await program.act("build", "answer", {"verdict": "answer", "picks": [["a"]], "request_id": request_id})
    conforms(answered.json(), answer_of(f"{one}/answer", "post", "200"))
    assert answered.json()["request"]["rule"] == "Bash(ls:*)"
    killed = await program.act("build", "kill")
    conforms(killed.json(), answer_of(f"{one}/kill", "post", "200"))
    conforms((await program.client.get("/v1/sessions")).json(), answer_of("/v1/sessions", "get", "200"))
    conforms((await program.client.get("/v1/sessions/build/turns?n=9")).json(), answer_of(f"{one}/turns", "get", "200"))
    conforms((await program.client.get("/v1/sessions/nobody")).json(), answer_of(one, "get", "default"))
    closed = await program.post("cleanup", {"older_than_hours": 0})
    conforms(closed.json(), answer_of("/v1/cleanup", "post", "200"))
    described = await program.client.get("/v1/openapi.json")
    assert described.json() == DESCRIBED


def test_what_is_looked_at_is_described_by_name() -> None:
    assert set(DESCRIBED["components"]["schemas"]["Session"]["properties"]) == set(shapes.Session.__struct_fields__)


def test_the_codes_of_the_page_are_those_of_the_program() -> None:
    """And it has every one that is written in the gateway's own code."""
    root = Path(__file__).parents[2]
    table = (root / "docs/gateway.md").read_text(encoding="utf-8").partition("## Refusals")[2]
    told = {code for line in table.splitlines() if line.startswith("| ") for code in re.findall(r"`(\w+)`", line)}
    sources = [*root.glob("phonework/gateway/*.py"), *root.glob("phonework/http/*.py")]
    written = {
        code
        for source in sources
        for code in re.findall(r"GatewayError\(\s*\d+,\s*\"(\w+)\"", source.read_text(encoding="utf-8"))
    }
    known = written | set(Reason) | {key.removeprefix("say.") for key in keys()} | {"no_such_path", "bad_method"}

    assert told <= known
    assert written <= told
