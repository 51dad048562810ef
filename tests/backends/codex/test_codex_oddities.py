"""What the real app-server does not do on request: whatever it says, no approval comes of it and no turn is left hanging."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from phonework.backends.codex import CodexBackend
from phonework.backends.codex.asks import COMMAND
from phonework.backends.codex.frames import Note
from phonework.errors import BackendError, RequestGoneError
from phonework.fsm.events import AgentAsked, PromptsTaken, RequestWithdrawn, TurnFailed
from phonework.fsm.types import Answer, RequestKind, Verdict
from phonework.testing import fake_codex
from phonework.testing.backend_bench import ONE, BackendBench
from phonework.testing.fake_codex import Play, conversation, over

ALLOW = Answer(verdict=Verdict.ALLOW)
BREAK = {"break": True}


@dataclass
class OddBench(BackendBench):
    """A backend whose Codex follows a play."""

    directory: Path
    play: Play
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cwd = self.directory / "project"
        self.cwd.mkdir()
        program = fake_codex.install(self.directory / "fake", self.play)
        settings = {"cli_path": str(program), "env": {"CODEX_HOME": str(self.directory), **self.env}}
        self.made = CodexBackend(sink=self.sink, settings=settings, data_dir=self.directory / "data")

    @property
    def backend(self) -> CodexBackend:
        return self.made

    async def told(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """The first frame it was sent that has all of this."""
        async with asyncio.timeout(10):
            while True:
                for one in fake_codex.heard(self.directory / "fake"):
                    if wanted.items() <= one.items():
                        return one
                await asyncio.sleep(0)


@pytest.fixture
async def benches() -> AsyncIterator[list[OddBench]]:
    made: list[OddBench] = []
    yield made
    for bench in made:
        await bench.backend.aclose()


@pytest.fixture
def make(tmp_path: Path, benches: list[OddBench]) -> Any:
    def build(play: Play, **env: str) -> OddBench:
        benches.append(OddBench(tmp_path, play, env))
        return benches[-1]

    return build


def asking(command: str = "touch made", identity: object = 0, **more: object) -> dict[str, Any]:
    params = {"threadId": "thread-1", "turnId": "turn-1", "itemId": "call-1", "command": command, **more}
    return {"send": {"id": identity, "method": COMMAND, "params": params}}


def again(*said: dict[str, Any], **status: object) -> list[dict[str, Any]]:
    """What a second connection is told of the conversation."""
    return [{"reply": {"thread": {"id": "thread-1", "status": status}}}, *said]


async def test_defaults_in_place_of_a_wrong_configuration_are_refused(make: Any) -> None:
    warning = {
        "method": "configWarning",
        "params": {"summary": "Invalid configuration; using defaults.", "details": "oh"},
    }
    bench = make({"initialize": [{"reply": {}}, {"send": warning}]})

    with pytest.raises(BackendError, match=r"does not accept its settings.*using defaults\. oh"):
        await bench.say("hello")

    assert not any(one.get("method") == "thread/start" for one in fake_codex.heard(bench.directory / "fake"))


async def test_a_harmless_warning_is_no_trouble(make: Any) -> None:
    warning = {"method": "configWarning", "params": {"summary": "Codex could not find bubblewrap on PATH."}}
    bench = make({"initialize": [{"reply": {}}, {"send": warning}], **conversation("thread-1", "turn-1", over())})

    await bench.say("hello")

    await bench.finished()


async def test_the_words_of_a_server_that_does_not_start_are_told(make: Any) -> None:
    bench = make({}, FAKE_CODEX_FAILS="no such provider")

    with pytest.raises(BackendError, match=r"Error: no such provider$"):
        await bench.say("hello")


@pytest.mark.parametrize("method", ["item/permissions/requestApproval", "mcpServer/elicitation/request", "a/new/one"])
async def test_a_request_nobody_here_understands_is_answered_with_an_error(make: Any, method: str) -> None:
    params = {"threadId": "thread-1", "turnId": "turn-1", "itemId": "call-1"}
    odd = {"send": {"id": 0, "method": method, "params": params}}
    bench = make(conversation("thread-1", "turn-1", odd, over()))

    await bench.say("hello")

    assert "error" in await bench.told({"id": 0})
    await bench.finished()
    assert not bench.of(AgentAsked)


@pytest.mark.parametrize(
    "changed",
    [
        {"threadId": "another"},
        {"turnId": "another"},
        {"threadId": None},
        {"itemId": 7},
        {"command": ["touch", "made"]},
        {"command": ""},
    ],
)
async def test_a_request_of_a_wrong_shape_is_refused(make: Any, changed: dict[str, object]) -> None:
    bench = make(conversation("thread-1", "turn-1", asking(**changed), over()))

    await bench.say("hello")

    assert "error" in await bench.told({"id": 0})
    await bench.finished()


async def test_a_change_of_files_of_which_nothing_was_told_is_refused(make: Any) -> None:
    params = {"threadId": "thread-1", "turnId": "turn-1", "itemId": "call-1", "reason": "trust me"}
    blind = {"send": {"id": 0, "method": "item/fileChange/requestApproval", "params": params}}
    bench = make(conversation("thread-1", "turn-1", blind, over()))

    await bench.say("hello")

    assert "error" in await bench.told({"id": 0})
    assert not bench.of(AgentAsked)


async def test_more_permissions_than_a_command_has_are_shown_with_it(make: Any) -> None:
    bench = make(conversation("thread-1", "turn-1", asking(additionalPermissions={"network": True})))
    await bench.say("hello")

    ask = await bench.asked()

    assert ask.command == ""
    assert '"network": true' in ask.input_json
    assert "touch made" in ask.input_json
    assert ask.offered == ()


async def test_what_is_typed_into_a_running_program_is_shown_as_that(make: Any) -> None:
    bench = make(conversation("thread-1", "turn-1", asking("y\n", kind="writeStdin")))
    await bench.say("hello")

    ask = await bench.asked()

    assert '"writeStdin"' in ask.input_json
    assert ask.offered == ()


async def test_a_change_that_would_open_a_whole_directory_says_so(make: Any) -> None:
    change = {"path": "/etc/hosts", "kind": {"type": "delete"}, "diff": "127.0.0.1 localhost\n"}
    item = {"type": "fileChange", "id": "call-1", "changes": [change], "status": "inProgress"}
    begun = {"method": "item/started", "params": {"threadId": "thread-1", "turnId": "turn-1", "item": item}}
    params = {"threadId": "thread-1", "turnId": "turn-1", "itemId": "call-1", "grantRoot": "/etc"}
    request = {"id": 0, "method": "item/fileChange/requestApproval", "params": params}
    bench = make(conversation("thread-1", "turn-1", {"send": begun}, {"send": request}))
    await bench.say("hello")

    ask = await bench.asked()

    assert ask.diff == "--- /etc/hosts\n+++ /dev/null\n-127.0.0.1 localhost\n"
    assert [(note.key, note.params) for note in ask.notes][-1] == ("codex.grants_root", {"root": "/etc"})
    assert ask.offered == ()


@pytest.mark.parametrize(
    ("question", "kind", "secret"),
    [
        ({"id": "q", "question": "Which name?", "options": None}, RequestKind.INPUT, False),
        ({"id": "q", "question": "Which key?", "isSecret": True}, RequestKind.INPUT, True),
        ({"id": "q", "question": "Which?", "options": [{"label": "a"}, {"label": ""}, 5]}, RequestKind.CHOICE, False),
    ],
)
async def test_a_question_without_options_is_answered_in_own_words(
    make: Any, question: dict[str, object], kind: RequestKind, secret: bool
) -> None:
    params = {"threadId": "thread-1", "turnId": "turn-1", "itemId": "call-1", "questions": [question]}
    asked = {"send": {"id": 0, "method": "item/tool/requestUserInput", "params": params}}
    told = {"method": "serverRequest/resolved", "params": {"threadId": "thread-1", "requestId": 0}}
    bench = make(conversation("thread-1", "turn-1", asked))
    await bench.say("hello")
    ask = await bench.asked()
    assert ask.kind is kind
    assert bool(ask.notes) is secret

    answering = asyncio.create_task(bench.answer(ask, Verdict.ANSWER, "anna"))

    assert await bench.told({"id": 0}) == {"id": 0, "result": {"answers": {"q": {"answers": ["anna"]}}}}
    await bench.backend._live[ONE].take(fake_note(told))
    await answering


async def test_a_request_made_again_that_asks_for_something_else_is_asked_anew(make: Any) -> None:
    """The first answer was for the first command; the id alone means nothing."""
    bench = make(
        {
            **conversation("thread-1", "turn-1", asking("touch made"), BREAK),
            "thread/resume": again(asking("rm -rf /"), type="active", activeFlags=["waitingOnApproval"]),
        }
    )
    await bench.say("hello")
    first = await bench.asked()

    second = await bench.asked(2)

    assert (await bench.one(RequestWithdrawn)).request_id == first.request_id
    assert second.command == "rm -rf /"
    with pytest.raises(RequestGoneError):
        await bench.backend.answer(ONE, first, ALLOW)
    assert not any("result" in one for one in fake_codex.heard(bench.directory / "fake"))


async def test_an_answer_that_the_old_connection_lost_is_given_on_the_new_one_once(make: Any) -> None:
    """It is the stored decision; nobody is asked again."""
    told = {"method": "serverRequest/resolved", "params": {"threadId": "thread-1", "requestId": 0}}
    bench = make(
        {
            **conversation("thread-1", "turn-1", asking()),
            "thread/turns/list": [{"reply": {"data": []}}],
            "thread/resume": again(asking(), type="active", activeFlags=["waitingOnApproval"]),
        }
    )
    await bench.say("hello")
    ask = await bench.asked()
    connection = bench.backend._server.connection
    assert connection is not None
    connection._socket.transport.abort()
    await connection.closed.wait()

    answering = asyncio.create_task(bench.backend.answer(ONE, ask, ALLOW))

    assert await bench.told({"id": 0}) == {"id": 0, "result": {"decision": "accept"}}
    thread = bench.backend._live[ONE]
    await thread.take(fake_note(told))
    await answering
    assert len(bench.of(AgentAsked)) == 1


def fake_note(frame: dict[str, Any]) -> Note:
    return Note(method=frame["method"], params=frame["params"])


async def test_a_turn_that_is_over_and_nowhere_recorded_does_not_hang(make: Any) -> None:
    """After a new connection the server knows no such conversation any more."""
    bench = make(
        {
            **conversation("thread-1", "turn-1", BREAK),
            "thread/resume": [{"error": [-32600, "no rollout found for thread id thread-1"]}],
        }
    )
    await bench.say("hello")

    end = await bench.end()

    assert end.problem is not None  # type: ignore[union-attr]
    assert end.problem.key == "codex.no_record"  # type: ignore[union-attr]


async def test_frames_that_are_none_in_the_middle_of_a_turn_change_nothing(make: Any) -> None:
    junk = [
        {"raw": text}
        for text in ("", "{", "[]", '{"method": 5}', '{"method": "turn/completed", "params": {"turn": 7}}')
    ]
    said = {"type": "agentMessage", "id": "m", "text": "whole"}
    item = {"method": "item/completed", "params": {"threadId": "thread-1", "turnId": "turn-1", "item": said}}
    bench = make(conversation("thread-1", "turn-1", *junk, {"send": item}, over()))

    await bench.say("hello")

    assert await bench.words() == "whole"


async def test_a_turn_that_fails_without_a_reason_is_still_a_sentence(make: Any) -> None:
    bench = make(conversation("thread-1", "turn-1", over(status="failed")))

    await bench.say("hello")

    end = await bench.end()
    assert isinstance(end, TurnFailed)
    assert end.problem is not None


async def test_a_refused_turn_is_told_and_nothing_of_it_is_reported(make: Any) -> None:
    play = conversation()
    bench = make({**play, "turn/start": [{"error": [-32600, "model provider `x` not found"]}]})

    with pytest.raises(BackendError, match="model provider `x` not found"):
        await bench.say("hello")

    assert bench.sink.events(ONE) == []


async def test_another_provider_than_the_configured_one_runs_nothing(tmp_path: Path) -> None:
    program = fake_codex.install(tmp_path / "fake", conversation())
    settings = {"cli_path": str(program), "provider": "mine"}
    bench = OddBench(tmp_path, conversation())
    backend = CodexBackend(sink=bench.sink, settings=settings, data_dir=tmp_path / "other")
    bench.made = backend

    with pytest.raises(BackendError, match="would use the model provider fake and not mine"):
        await bench.say("hello")

    assert not any(one.get("method") == "turn/start" for one in fake_codex.heard(tmp_path / "fake"))
    await backend.aclose()


async def test_what_was_missed_of_a_turn_is_told_before_its_end(make: Any) -> None:
    """The end comes over the new connection while the record is still being read."""
    items = [{"type": "userMessage", "clientId": "steered"}, {"type": "agentMessage", "text": "whole"}]
    recorded = {"id": "turn-1", "status": "completed", "items": items}
    bench = make(
        {
            **conversation("thread-1", "turn-1", BREAK),
            "thread/resume": again(over(), type="active", activeFlags=[]),
            "thread/turns/list": [{"reply": {"data": [recorded]}}],
        }
    )
    await bench.say("hello")

    assert await bench.words() == "whole"

    assert [one.prompt_ids for one in bench.of(PromptsTaken)] == [("steered",)]
