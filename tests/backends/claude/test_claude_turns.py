"""Turns of the real Claude Code: words, progress, usage, steering, commands, other conversations."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from phonework.backends.base import Accepted, Liveness
from phonework.errors import BackendError
from phonework.fsm.events import AgentSessionChanged, BackgroundFinished, PromptsTaken, TurnFinished
from phonework.fsm.types import SessionId, Verdict
from phonework.testing.claude_bench import ONE, ClaudeBench, say, script, use
from phonework.testing.messages import message

pytestmark = pytest.mark.claude

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def test_the_words_are_verbatim_and_those_before_a_tool_call_are_left_out(bench: ClaudeBench) -> None:
    text = "# Done\n\n```py\nprint('😀 中文')\n```\n  two spaces"
    await bench.write([say("First I look."), use("Bash", command="ls")], [say(text)])

    assert await bench.words() == text
    assert not bench.asks(), "harmless commands are not asked about"


async def test_progress_shows_words_steps_and_tokens(bench: ClaudeBench) -> None:
    await bench.write([say("I look."), use("Bash", command="ls")], [say("Nothing there.")])
    await bench.finished()

    last = bench.sink.progressed[-1][2]
    assert "I look." in last.text
    assert "Nothing there." in last.text
    assert [(step.title, step.state) for step in last.steps] == [("Bash: ls", "ok")]
    assert last.usage.input_tokens > 0


async def test_text_is_shown_while_it_streams(bench: ClaudeBench) -> None:
    await bench.write([say("The first half"), {"gate": "half"}, say("and the second")])
    await bench.api.reached("half")

    await bench.sink.wait_for(lambda: any("first half" in one.text for _, _, one in bench.sink.progressed))
    bench.api.open("half")

    assert await bench.words() == "The first half\n\nand the second"


async def test_each_turn_costs_what_it_used_also_after_a_restart(bench: ClaudeBench) -> None:
    """Claude Code counts over the whole conversation, resumed or not."""
    costs = []
    for restart in (False, False, True):
        if restart:
            await bench.backend.aclose()
            bench.restart()
        await bench.write([say("ok")])
        costs.append((await bench.finished()).usage)
    assert all(usage.output_tokens == 10 for usage in costs)
    assert all(usage.cost_usd is not None and 0 < usage.cost_usd < 0.03 for usage in costs)


async def test_a_message_into_the_turn_is_folded_in_while_a_tool_runs(bench: ClaudeBench) -> None:
    with bench.waiting_command() as wait:
        await bench.write([wait.call], [say("You also said: {said}")])
        await bench.answer(await bench.asked(), Verdict.ALLOW)
        await wait.running()
        more = await bench.steer("and use tabs please")
        wait.let_go()

        assert "and use tabs please" in await bench.words()
    assert (await bench.one(PromptsTaken)).prompt_ids == (more.prompt_id,)
    assert len(bench.of(TurnFinished)) == 1


async def test_a_message_that_comes_too_late_to_be_folded_in_still_belongs_to_the_turn(bench: ClaudeBench) -> None:
    """Claude Code runs it by itself afterwards; the person sees one turn with both answers."""
    await bench.write([say("First answer."), {"gate": "talking"}])
    await bench.api.reached("talking")

    more = await bench.steer(script([say("Second answer.")], text="and this?"))
    bench.api.open("talking")

    assert await bench.words() == "First answer.\n\nSecond answer."
    assert (await bench.one(PromptsTaken)).prompt_ids == (more.prompt_id,)


async def test_a_message_into_a_turn_that_is_over_is_refused(bench: ClaudeBench) -> None:
    await bench.write([say("ok")])
    await bench.finished()

    with pytest.raises(BackendError, match="over already"):
        await bench.steer("too late")


async def test_plain_text_is_never_a_command_nor_a_file(bench: ClaudeBench) -> None:
    (bench.cwd / "secret.txt").write_text("the secret content")
    for number, text in enumerate(
        ["/cost", "  /clear", "look at @secret.txt and mail me@example.org", "!touch x", "# x"], 1
    ):
        await bench.write(text=text)

        assert await bench.words() == "This is the fake API; it has no script."
        request = await bench.api.requested(number)
        assert text.strip() in request.said
        assert "the secret content" not in json.dumps(request.body)
    assert not (bench.cwd / "x").exists()


async def test_a_slash_command_runs_without_the_model(bench: ClaudeBench) -> None:
    await bench.write(text="/cost", verbatim=False)

    assert "Usage by model" in await bench.words() or "cost" in await bench.words()
    assert not bench.api.requests


async def test_the_commands_are_those_that_claude_code_says_it_has(bench: ClaudeBench) -> None:
    own = bench.cwd / ".claude" / "commands"
    own.mkdir(parents=True)
    (own / "Statsu.md").write_text("Count the lines.\n")
    before = bench.backend.commands(ONE)
    await bench.write([say("hello")])
    await bench.finished()
    after = bench.backend.commands(ONE)

    assert "stats" in before
    assert "statsu" not in before
    assert {"statsu", "compact", "context"} <= after
    assert bench.backend.commands(SessionId("another-one")) == after


async def test_clear_begins_a_new_conversation_under_a_new_id(bench: ClaudeBench) -> None:
    await bench.write([say("remember me")])
    await bench.finished()
    before = bench.agent
    await bench.write(text="/clear", verbatim=False)
    await bench.finished()
    changed = await bench.one(AgentSessionChanged)
    bench.agent = changed.agent_session_id
    await bench.backend.aclose()
    bench.restart()

    await bench.write([say("{history}")])

    assert "remember me" not in await bench.words()
    assert changed.agent_session_id not in ("", before)
    assert (await bench.finished()).usage.output_tokens == 10


async def test_a_background_subagent_reports_after_the_turn(bench: ClaudeBench) -> None:
    inner = json.dumps([[{"gate": "helper"}, say("There is one file.")]])
    helper = use("Agent", description="List", prompt=f"List. fake: {inner}", subagent_type="general-purpose")
    await bench.write([helper], [say("I started a helper.")], [say("The helper is done.")])
    assert await bench.words() == "I started a helper."

    bench.api.open("helper")

    background = await bench.one(BackgroundFinished)
    assert background.text == "The helper is done."
    assert background.usage.output_tokens >= 20, "the helper's own tokens count"


async def test_pictures_reach_the_model(bench: ClaudeBench) -> None:
    picture = bench.directory / "inbox.png"
    picture.write_bytes(PIXEL)
    await bench.write([say("I see.")], images=(str(picture), str(bench.directory / "missing.png")))

    await bench.finished()

    body = json.dumps((await bench.api.requested()).body)
    assert base64.b64encode(PIXEL).decode() in body
    assert "missing.png" in body


async def test_mode_and_model_are_as_the_person_chose(bench: ClaudeBench) -> None:
    edit = use("Write", file_path=str(bench.cwd / "a"), content="x")
    await bench.write([edit], [say("no question")], mode="acceptEdits", model="haiku")
    assert await bench.words() == "no question"

    await bench.write([use("Write", file_path=str(bench.cwd / "b"), content="x")], [say("asked")], mode="default")

    await bench.answer(await bench.asked(), Verdict.ALLOW)
    await bench.finished()
    assert "haiku" in (await bench.api.requested()).body["model"]


async def test_the_owners_rules_and_instructions_count_as_at_the_desk(bench: ClaudeBench) -> None:
    bench.config.mkdir(parents=True)
    rules = {"permissions": {"allow": ["Bash(touch:*)"]}}
    (bench.config / "settings.json").write_text(json.dumps(rules))
    (bench.cwd / "CLAUDE.md").write_text("Always speak of marmalade.")

    await bench.write([use("Bash", command="touch x1", description="Make")], [say("made")])

    assert await bench.words() == "made"
    assert not bench.asks()
    body = json.dumps((await bench.api.requested()).body)
    assert "Always speak of marmalade." in body
    assert "You are Claude Code" in body or "Claude Code" in json.dumps((await bench.api.requested()).body["system"])


async def test_only_so_many_agents_live_and_the_idle_one_makes_room(
    make_bench: Callable[..., ClaudeBench],
) -> None:
    bench = make_bench(more={"max_live": 1})
    await bench.write([say("one")])
    await bench.finished()
    assert bench.start is not None
    other = replace(bench.start, session_id=SessionId("buzz-low"), prompts=(message(script([{"hang": True}])),))

    await bench.backend.start_turn(other)

    assert await bench.backend.liveness(ONE) is Liveness.DEAD
    with pytest.raises(BackendError, match="limit"):
        await bench.write([say("no room")])


async def test_what_was_handed_over_is_found_even_without_the_agents_id(bench: ClaudeBench) -> None:
    """The turn's own id was never stored when the server died before its first event."""
    await bench.write([say("ok")])
    await bench.finished()
    assert bench.start is not None
    await bench.backend.aclose()
    bench.restart()

    assert await bench.backend.accepted(bench.start) is Accepted.YES
    fresh = replace(bench.start, turn=2, prompts=(message("never sent"),))
    assert await bench.backend.accepted(fresh) is Accepted.NO


async def test_ping_says_the_version_and_smoke_runs_a_turn(bench: ClaudeBench) -> None:
    assert (await bench.backend.ping()).startswith("Claude Code 2.")

    assert "answered" in await bench.backend.ping(smoke=True)
    assert "Reply with the single word OK." in (await bench.api.requested()).said
