"""How much the real Claude Code asks: rules for the session and for good, modes, and none of it longer than it was meant."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from phonework.backends.claude.modes import BYPASS, Modes
from phonework.errors import BackendError
from phonework.fsm.events import AgentLost
from phonework.fsm.types import Scope, Sentence, Verdict
from phonework.testing.claude_bench import ONE, ClaudeBench, say, use

pytestmark = pytest.mark.claude

TOUCH = use("Bash", command="touch x1 && echo made", description="Make x1")
AGAIN = use("Bash", command="touch x1 && echo again", description="Make x1 again")


@pytest.fixture
def boxed(make_bench: Callable[..., ClaudeBench]) -> ClaudeBench:
    """A bench whose agent may be run without asking, also as root."""
    return make_bench(env={"IS_SANDBOX": "1"})


async def refuses(bench: ClaudeBench, number: int = 1) -> None:
    await bench.answer(await bench.asked(number), Verdict.DENY, "no")
    await bench.finished()


async def test_a_rule_for_the_session_holds_as_long_as_the_agent_and_is_written_nowhere(bench: ClaudeBench) -> None:
    await bench.write([TOUCH], [AGAIN], [say("{result}")])
    ask = await bench.asked()
    assert ask.offered == (Scope.SESSION, Scope.ALWAYS)

    await bench.answer(ask, Verdict.ALLOW_SESSION)

    assert await bench.words() == "again"
    (rule,) = await bench.backend.rules(ONE, str(bench.cwd))
    assert (rule.text, rule.place, rule.removable) == ("Bash(touch x1 *)", "", False)
    assert not (bench.cwd / ".claude").exists()

    await bench.backend.aclose()
    bench.restart()
    await bench.write([TOUCH], [say("{result}")])
    await refuses(bench)
    assert await bench.backend.rules(ONE, str(bench.cwd)) == ()


async def test_a_rule_for_good_is_listed_and_no_longer_holds_once_it_is_removed(bench: ClaudeBench) -> None:
    await bench.write([TOUCH], [say("{result}")])
    ask = await bench.asked()
    await bench.answer(ask, Verdict.ALLOW_RULE)
    await bench.finished()

    (rule,) = await bench.backend.rules(ONE, str(bench.cwd))
    assert (rule.text, rule.place) == (ask.rule, ask.kept_in)
    assert (bench.cwd / rule.place).is_file()
    assert await bench.backend.remove_rule(ONE, str(bench.cwd), rule.rule_id) == rule

    assert await bench.backend.rules(ONE, str(bench.cwd)) == ()
    assert await bench.backend.remove_rule(ONE, str(bench.cwd), rule.rule_id) is None
    settings = json.loads((bench.cwd / ".claude" / "settings.local.json").read_text())
    assert settings["permissions"]["allow"] == []
    await bench.backend.aclose()
    bench.restart()
    await bench.write([TOUCH], [say("{result}")])
    await refuses(bench)


async def test_an_agent_at_work_takes_another_mode_at_once_and_back(bench: ClaudeBench) -> None:
    one, two, three = (use("Write", file_path=str(bench.cwd / name), content="x") for name in ("one", "two", "three"))
    await bench.write([one], [two, use("Bash", command="python3 -c 1")], [three], [say("done")])
    await bench.asked()

    await bench.backend.set_mode(ONE, "acceptEdits")
    await bench.answer(bench.asks()[0], Verdict.ALLOW)
    command = await bench.asked(2)
    await bench.backend.set_mode(ONE, "")
    await bench.answer(command, Verdict.DENY, "no")
    await refuses(bench, 3)

    assert [ask.tool for ask in bench.asks()] == ["Write", "Bash", "Write"]
    assert (bench.cwd / "two").exists()
    assert not (bench.cwd / "three").exists()


async def test_nothing_is_asked_in_bypass_and_everything_again_after_it(boxed: ClaudeBench) -> None:
    """Also by an agent at work, and in the same turn."""
    await boxed.write([TOUCH], [AGAIN], [use("Bash", command="touch x2")], [say("{result}")])
    first = await boxed.asked()
    await boxed.backend.set_mode(ONE, BYPASS)
    await boxed.answer(first, Verdict.ALLOW)
    await boxed.finished()
    assert len(boxed.asks()) == 1
    assert (boxed.cwd / "x2").exists()

    await boxed.backend.set_mode(ONE, "")
    await boxed.write([TOUCH], [say("{result}")])
    await refuses(boxed)


@pytest.mark.parametrize("killed", [True, False])
async def test_bypass_does_not_come_back_with_the_conversation(boxed: ClaudeBench, killed: bool) -> None:
    """The time was over while nobody ran; the agent's own record still names the mode."""
    await boxed.write([TOUCH], [say("{result}")], mode=BYPASS)
    assert await boxed.words() == "made"
    await (boxed.backend.kill(ONE) if killed else boxed.backend.aclose())
    boxed.restart()

    await boxed.write([TOUCH], [say("{result}")], mode="")

    await refuses(boxed)


async def test_a_connected_agent_leaves_bypass_with_the_next_turn_at_the_latest(boxed: ClaudeBench) -> None:
    await boxed.write([TOUCH], [say("{result}")], mode=BYPASS)
    await boxed.finished()

    await boxed.write([TOUCH], [say("{result}")], mode="")

    await refuses(boxed)


async def test_an_agent_that_does_not_leave_bypass_is_ended(
    boxed: ClaudeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with boxed.waiting_command() as command:
        await boxed.write([command.call], [say("{result}")], mode=BYPASS)
        await command.running()
        live = boxed.backend._live[ONE]

        async def refused(_mode: str) -> None:
            raise RuntimeError("not now")

        monkeypatch.setattr(live._client, "set_permission_mode", refused)
        with pytest.raises(BackendError, match="not now"):
            await boxed.backend.set_mode(ONE, "")

    assert isinstance(await boxed.end(), AgentLost)
    assert not live.alive


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
@pytest.mark.parametrize("begun", [True, False])
async def test_as_root_without_a_sandbox_bypass_is_refused_in_words(bench: ClaudeBench, begun: bool) -> None:
    if begun:
        await bench.write([say("hi")])
        await bench.finished()

    with pytest.raises(BackendError) as refused:
        await bench.backend.set_mode(ONE, BYPASS)

    assert refused.value.problem == Sentence(key="claude.bypass_refused")
    await bench.write([TOUCH], [say("{result}")])
    await refuses(bench)


def test_what_was_never_asked_is_not_remembered(tmp_path: Path) -> None:
    modes = Modes(tmp_path / "modes")
    modes.remember("c", wanted="", mode="acceptEdits")
    assert modes.recall("c", wanted="") == "acceptEdits"
    modes.remember("c", wanted="", mode=BYPASS)
    assert modes.recall("c", wanted="") == ""
    (tmp_path / "modes" / "c.json").write_text(json.dumps({"wanted": "plan", "mode": BYPASS}))
    assert modes.recall("c", wanted="plan") == "plan"
