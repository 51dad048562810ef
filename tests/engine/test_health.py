"""How the program is: the node asked over the link, its answer as JSON has it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import pytest

from phonework.answers import HealthAnswer
from phonework.errors import BackendError, PhoneWorkError
from phonework.http.health import body, status_of
from phonework.link.health import Part
from phonework.link.local import LOCAL
from phonework.testing.backend import ScriptedBackend
from phonework.testing.json_link import JsonLink
from phonework.testing.playbook import Playbook
from phonework.wellbeing import Health

SHORT = timedelta(milliseconds=20)


def health_of(play: Playbook) -> Health:
    return Health(link=play.link, channel=play.channel)


async def test_the_node_answers_for_its_parts(play: Playbook) -> None:
    parts = await health_of(play).health()

    assert status_of(parts) == "ok"
    found = body(parts)
    assert found["feishu"]["connected"] is True
    assert found["backends"]["demo"] == {"ok": True, "problem": "", "version": "by script"}
    assert found["database"]["ok"] is True
    assert found["queues"] == {
        "effects_owed": 0, "effects_claimed": 0, "effects_failed": 0, "effects_unknown": 0, "sessions": 0, "jobs_waiting": 0,
    }  # fmt: skip
    if isinstance(play.link, JsonLink):
        assert play.link.crossed["object"] == 1


class Unwell(ScriptedBackend):
    """Is not well, and says so."""

    async def ping(self, *, smoke: bool = False) -> str:
        raise BackendError("not logged in")


async def test_a_backend_that_is_not_well_is_told_over_the_link(play: Playbook) -> None:
    backends = {"demo": Unwell("demo", play.script), "steering": ScriptedBackend("steering", play.script)}
    answer = HealthAnswer(writer=play.writer, backends=backends, auditor=play.core.auditor)
    play.core.node.on_call("health", answer)
    health = health_of(play)
    parts = await health.health()

    assert status_of(parts) == "degraded"
    assert parts.node.backends["demo"] == Part(ok=False, problem="not logged in")
    with pytest.raises(BackendError, match="not logged in"):
        await health.smoke("demo")


async def test_a_real_turn_is_run_where_the_agent_is(play: Playbook) -> None:
    assert await health_of(play).smoke("demo") == "by script"


async def test_a_turn_of_a_backend_nobody_has_is_a_key_error(play: Playbook) -> None:
    for name in ("nobody", ""):
        with pytest.raises(KeyError):
            await health_of(play).smoke(name)


async def test_a_database_that_takes_nothing_is_down(play: Playbook) -> None:
    await play.writer.close()
    parts = await health_of(play).health()

    assert status_of(parts) == "down"
    assert not parts.node.database.ok
    assert parts.node.backends["demo"].ok


async def test_an_audit_that_cannot_be_written_is_told_until_it_can(play: Playbook) -> None:
    """Nothing is lost meanwhile: the lines are written late."""
    in_the_way = play.path.parent / "audit"
    in_the_way.write_text("a file where the directory belongs")
    await play.begin("hello")
    await play.core.auditor.catch_up()
    parts = await health_of(play).health()

    assert status_of(parts) == "degraded"
    assert body(parts)["audit"] == {"ok": False, "problem": "the audit cannot be written (file exists)", "failures": 1}

    in_the_way.unlink()
    await play.core.auditor.catch_up()
    parts = await health_of(play).health()
    assert status_of(parts) == "ok"
    assert body(parts)["audit"] == {"ok": True, "problem": "", "failures": 1}
    assert list(in_the_way.glob("*.jsonl"))


async def test_a_node_that_does_not_answer_is_down_and_the_channel_still_told(play: Playbook) -> None:
    play.core.node.on_call("health", broken)
    parts = await health_of(play).health()

    assert status_of(parts) == "down"
    assert body(parts)["feishu"]["connected"] is True
    assert body(parts)["database"] == {"ok": False, "problem": "node local could not answer health; its log says why"}


async def test_an_answer_of_another_version_is_down(play: Playbook) -> None:
    play.core.node.on_call("health", newer)
    parts = await health_of(play).health()

    assert status_of(parts) == "down"
    assert "what this version does not understand" in parts.node.database.problem


# The link's live questions themselves


async def broken(_params: Mapping[str, object]) -> object:
    raise ZeroDivisionError("/home/ada/secret")


async def newer(_params: Mapping[str, object]) -> object:
    return {"parts": []}


async def endless(_params: Mapping[str, object]) -> object:
    return await asyncio.Event().wait()


async def refusing(_params: Mapping[str, object]) -> object:
    raise PhoneWorkError("not today")


async def impatient(_params: Mapping[str, object]) -> object:
    raise TimeoutError("of its own")


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("nonsense", "this node does not know the question nonsense"),
        ("broken", "node local could not answer broken; its log says why"),
        ("endless", "node local did not answer endless within 0.02 s"),
        ("refusing", "not today"),
        ("impatient", "node local could not answer impatient; its log says why"),
    ],
)
async def test_a_question_without_an_answer_ends_in_a_sentence(play: Playbook, method: str, expected: str) -> None:
    for answer in (broken, endless, refusing, impatient):
        play.core.node.on_call(answer.__name__, answer)
    with pytest.raises(PhoneWorkError) as caught:
        await play.link.call(LOCAL, method, {}, within=SHORT)

    assert str(caught.value) == expected


async def test_a_node_nobody_knows_is_no_node(play: Playbook) -> None:
    with pytest.raises(PhoneWorkError, match="no node is called elsewhere"):
        await play.link.call("elsewhere", "health", {})


async def test_what_is_asked_and_answered_crosses_as_json(play: Playbook) -> None:
    async def echo(params: Mapping[str, object]) -> object:
        return dict(params)

    async def objects(_params: Mapping[str, object]) -> object:
        return Part(ok=True)

    asked = {"smoke": "演示", "numbers": [1, 2.5, None, True], "deep": {"a": {"b": []}}}
    play.core.node.on_call("echo", echo)
    play.core.node.on_call("objects", objects)

    assert await play.link.call(LOCAL, "echo", asked) == asked
    if isinstance(play.link, JsonLink):
        with pytest.raises(AssertionError, match="changed on its way"):
            await play.link.call(LOCAL, "objects", {})
