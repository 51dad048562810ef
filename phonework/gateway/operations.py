"""Everything that can be asked for, in one table: the routes and their description are both made from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from msgspec import Meta, Struct
from starlette.requests import Request

from phonework.fsm.types import State
from phonework.gateway import shapes
from phonework.gateway.calls import body_of, key_of, no_body, query_of
from phonework.gateway.refusals import GatewayError
from phonework.gateway.service import Gateway, place_of
from phonework.gateway.shapes import Name
from phonework.store.listing import Wanted

Words = Annotated[str, Meta(max_length=4000)]


class ListQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sessions are listed; empty: no matter. state: one, or several with commas between. closed: those too."""

    state: Words = ""
    group: Name = ""
    backend: Words = ""
    name: Name = ""
    closed: bool = False
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Words = ""


class TurnsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """n: how many turns, the newest."""

    n: Annotated[int, Meta(ge=1, le=100)] = 1


class EventsQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose changes: sessions by id or name, with commas between, and those of a group; neither: all."""

    session: Annotated[str, Meta(max_length=100_000)] = ""
    group: Name = ""


Perform = Callable[[Gateway, Request], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that can be asked for. body, query, answer: their types. status: when it was done."""

    name: str
    method: str
    path: str
    summary: str
    answer: type[Struct]
    perform: Perform
    body: object = None
    query: type[Struct] | None = None
    status: int = 200


def _id(request: Request) -> str:
    return str(request.path_params["session"])


async def _create(gateway: Gateway, request: Request) -> object:
    return await gateway.create(key_of(request), await body_of(request, shapes.NewSession))


async def _list(gateway: Gateway, request: Request) -> object:
    query = query_of(request, ListQuery)
    return await gateway.list(
        Wanted(
            states=_states(query.state),
            backend=query.backend,
            name=query.name,
            group=query.group,
            closed=query.closed or State.CLOSED.value in query.state.split(","),
            after=place_of(query.cursor) if query.cursor else (-1, ""),
            limit=query.limit,
        )
    )


def _states(typed: str) -> tuple[State, ...]:
    try:
        return tuple(State(one.strip()) for one in typed.split(",")) if typed else ()
    except ValueError as error:
        hint = f"there are: {', '.join(State)}"
        raise GatewayError(400, "bad_request", f"no such state: {typed[:80]}", hint=hint) from error


async def _get(gateway: Gateway, request: Request) -> object:
    return await gateway.get(_id(request))


async def _turns(gateway: Gateway, request: Request) -> object:
    return await gateway.turns(_id(request), query_of(request, TurnsQuery).n)


async def _terminal(gateway: Gateway, request: Request) -> object:
    return await gateway.terminal(_id(request))


async def _send(gateway: Gateway, request: Request) -> object:
    return await gateway.send(key_of(request), _id(request), await body_of(request, shapes.NewPrompt))


async def _answer(gateway: Gateway, request: Request) -> object:
    return await gateway.answer(key_of(request), _id(request), await body_of(request, shapes.NewAnswer))


async def _rename(gateway: Gateway, request: Request) -> object:
    return await gateway.rename(key_of(request), _id(request), await body_of(request, shapes.NewName))


async def _clean_up(gateway: Gateway, request: Request) -> object:
    return await gateway.clean_up(key_of(request), await body_of(request, shapes.OldOnes))


async def _stop(gateway: Gateway, request: Request) -> object:
    await no_body(request)
    return await gateway.stop(key_of(request), _id(request))


async def _retry(gateway: Gateway, request: Request) -> object:
    await no_body(request)
    return await gateway.retry(key_of(request), _id(request))


async def _kill(gateway: Gateway, request: Request) -> object:
    await no_body(request)
    return await gateway.kill(key_of(request), _id(request))


async def _close(gateway: Gateway, request: Request) -> object:
    await no_body(request)
    return await gateway.close(key_of(request), _id(request))


_ALL: Final = "/v1/sessions"
_ONE: Final = "/v1/sessions/{session}"

OPERATIONS: Final = (
    Operation(
        name="create",
        method="POST",
        path=_ALL,
        summary="Begin a session.",
        body=shapes.NewSession,
        answer=shapes.Session,
        status=201,
        perform=_create,
    ),
    Operation(
        name="list",
        method="GET",
        path=_ALL,
        summary="List sessions, in the order they were begun.",
        query=ListQuery,
        answer=shapes.Sessions,
        perform=_list,
    ),
    Operation(
        name="cleanUp",
        method="POST",
        path="/v1/cleanup",
        summary="Close the sessions at rest that were not used for long.",
        body=shapes.OldOnes,
        answer=shapes.Closed,
        perform=_clean_up,
    ),
    Operation(
        name="get",
        method="GET",
        path=_ONE,
        summary="One session as it is now, by id or name.",
        answer=shapes.Session,
        perform=_get,
    ),
    Operation(
        name="turns",
        method="GET",
        path=f"{_ONE}/turns",
        summary="The newest turns, the newest last.",
        query=TurnsQuery,
        answer=shapes.Turns,
        perform=_turns,
    ),
    Operation(
        name="terminal",
        method="GET",
        path=f"{_ONE}/terminal",
        summary="How to look at the agent's own terminal, where it has one.",
        answer=shapes.Terminal,
        perform=_terminal,
    ),
    Operation(
        name="send",
        method="POST",
        path=f"{_ONE}/prompts",
        summary="Give the agent a message. It never answers what the agent asks.",
        body=shapes.NewPrompt,
        answer=shapes.Accepted,
        status=202,
        perform=_send,
    ),
    Operation(
        name="answer",
        method="POST",
        path=f"{_ONE}/answer",
        summary="Decide about what the agent asks. The first answer counts, wherever it is given.",
        body=shapes.NewAnswer,
        answer=shapes.Session,
        perform=_answer,
    ),
    Operation(
        name="rename",
        method="POST",
        path=f"{_ONE}/rename",
        summary="Call the session something else.",
        body=shapes.NewName,
        answer=shapes.Session,
        perform=_rename,
    ),
    Operation(
        name="stop",
        method="POST",
        path=f"{_ONE}/stop",
        summary="Stop the turn.",
        answer=shapes.Session,
        perform=_stop,
    ),
    Operation(
        name="retry",
        method="POST",
        path=f"{_ONE}/retry",
        summary="Run the last turn's messages again.",
        answer=shapes.Session,
        perform=_retry,
    ),
    Operation(
        name="kill",
        method="POST",
        path=f"{_ONE}/kill",
        summary="End the agent's process, and the turn with it.",
        answer=shapes.Session,
        perform=_kill,
    ),
    Operation(
        name="close",
        method="POST",
        path=f"{_ONE}/close",
        summary="Close the session.",
        answer=shapes.Session,
        perform=_close,
    ),
)
