"""Turns of the real Codex: their words, steps and tokens, how much is asked in them, and what goes wrong in them."""

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from phonework.backends.codex import modes
from phonework.errors import BackendError, SandboxError
from phonework.fsm.events import PromptsTaken, TurnFailed
from phonework.sandbox import Sandbox
from phonework.testing.backend_bench import ONE
from phonework.testing.codex_bench import CodexBench, command, patch
from phonework.testing.fake_replies import say

pytestmark = pytest.mark.codex


def used(given: int, cached: int, made: int) -> dict[str, Any]:
    return {"usage": {"input": given, "cached": cached, "output": made}}


def real_png() -> bytes:
    """A grey picture of one pixel."""
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"\0\x80")),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


async def test_the_words_after_the_last_action_are_the_answer(bench: CodexBench) -> None:
    await bench.write([say("I will look."), command("echo hello")], [say("It says hello.")])

    assert await bench.words() == "It says hello."


async def test_while_it_works_its_words_and_steps_are_seen(bench: CodexBench) -> None:
    change = patch("*** Add File: new.txt", "+hello")
    await bench.write([say("I will look."), command("ls && true")], [change], [say("Done.")])
    await bench.finished()

    last = bench.sink.progressed[-1][2]
    assert last.text == "I will look.\n\nDone."
    assert [(step.title, step.state) for step in last.steps] == [
        ("ls && true", "ok"),
        (str(bench.cwd / "new.txt"), "ok"),
    ]


async def test_a_step_that_fails_says_so_with_its_output(bench: CodexBench) -> None:
    await bench.write([command("echo no such luck; exit 3")], [say("Well.")])
    await bench.finished()

    (step,) = bench.sink.progressed[-1][2].steps
    assert (step.state, step.output) == ("failed", "no such luck")


async def test_a_turn_counts_its_own_tokens_only(bench: CodexBench) -> None:
    await bench.write([say("one"), used(1000, 600, 40)])
    first = (await bench.finished()).usage

    await bench.write([command("true"), used(1100, 1000, 10)], [say("two"), used(1200, 1100, 20)])
    second = (await bench.finished()).usage

    assert (first.input_tokens, first.cache_read_tokens, first.output_tokens) == (400, 600, 40)
    assert (second.input_tokens, second.cache_read_tokens, second.output_tokens) == (200, 2100, 30)
    assert first.cost_usd is None


async def test_tokens_of_turns_before_a_restart_are_not_counted_again(bench: CodexBench) -> None:
    await bench.write([say("one"), used(1000, 0, 40)])
    await bench.finished()
    await bench.backend.aclose()
    bench.restart()

    await bench.write([say("two"), used(1100, 1000, 5)])

    usage = (await bench.finished()).usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (100, 1000, 5)


async def test_a_message_into_a_running_turn_is_taken_in(bench: CodexBench) -> None:
    await bench.write([say("one"), {"gate": "go"}, command("true")], [say("You said: {history}")])
    await bench.api.reached("go")

    more = await bench.steer("and hurry")
    bench.api.open("go")

    assert (await bench.one(PromptsTaken)).prompt_ids == (more.prompt_id,)
    assert "and hurry" in await bench.words()


async def test_a_message_for_a_turn_that_is_over_is_refused(bench: CodexBench) -> None:
    await bench.write([say("one")])
    await bench.finished()

    with pytest.raises(BackendError, match="over"):
        await bench.steer("too late")


async def test_pictures_come_along_and_other_files_are_named(bench: CodexBench, tmp_path: Path) -> None:
    picture, other = tmp_path / "a.png", tmp_path / "b.pdf"
    picture.write_bytes(real_png())
    other.write_bytes(b"%PDF")

    await bench.write([say("seen")], images=(str(picture), str(other)))

    await bench.finished()
    sent = json.dumps((await bench.api.requested()).body["input"])
    assert "data:image/png;base64," in sent
    assert f"came with this message: {other}" in sent


@pytest.mark.parametrize(
    ("mode", "approval", "sandbox"),
    [
        ("", "on-request", "workspaceWrite"),
        ("ask-always", "untrusted", "workspaceWrite"),
        ("read-only", "on-request", "readOnly"),
        ("never-ask", "never", "workspaceWrite"),
        ("full-access", "never", "dangerFullAccess"),
        ("one-of-a-later-version", "on-request", "workspaceWrite"),
    ],
)
async def test_a_mode_says_when_it_asks_and_what_is_allowed(
    bench: CodexBench, mode: str, approval: str, sandbox: str
) -> None:
    params = modes.of_turn(modes.policy(mode, bench.backend._settings), {})

    assert params["approvalPolicy"] == approval
    assert params["sandboxPolicy"]["type"] == sandbox
    assert params["approvalsReviewer"] == "user"


async def test_full_access_ends_with_the_turn_that_had_it(bench: CodexBench, tmp_path: Path) -> None:
    """A conversation keeps what it was last told, over a restart too; so every turn says it anew."""
    outside = Path("/var/tmp") / f"codex-{tmp_path.name}"
    await bench.write([command(f"touch {outside}")], [say("made")], mode="full-access")
    await bench.finished()
    assert outside.exists()
    outside.unlink()
    await bench.backend.aclose()
    bench.restart()

    await bench.write([command(f"touch {outside}")], [say("told: {results}")])

    assert "Read-only file system" in await bench.words()
    assert not outside.exists()


async def test_a_turn_in_which_nothing_is_asked_is_ended_when_that_is_over(bench: CodexBench) -> None:
    await bench.write([say("one"), {"hang": True}], mode="full-access")
    await bench.sink.wait_for(lambda: any(one.text == "one" for _, _, one in bench.sink.progressed))

    await bench.backend.set_mode(ONE, "")

    end = await bench.end()
    assert isinstance(end, TurnFailed)
    assert end.problem is not None
    assert end.problem.key == "codex.access_over"
    assert end.text == "one"


async def test_another_mode_is_of_the_next_turn_and_ends_none(bench: CodexBench) -> None:
    await bench.write([say("one "), {"gate": "go"}, say("two")], mode="never-ask")
    await bench.api.reached("go")

    await bench.backend.set_mode(ONE, "ask-always")

    bench.api.open("go")
    await bench.finished()


async def test_the_owners_further_places_to_write_stay(make_bench: Callable[..., CodexBench], tmp_path: Path) -> None:
    more = Path("/var/tmp") / f"codex-{tmp_path.name}"
    more.mkdir()
    bench = make_bench()
    config = bench.home / "config.toml"
    config.write_text(config.read_text() + f'\n[sandbox_workspace_write]\nwritable_roots = ["{more}"]\n')

    await bench.write([command(f"touch {more}/made && echo it is made")], [say("told: {results}")])

    assert "it is made" in await bench.words()
    (more / "made").unlink()
    more.rmdir()


async def test_no_directory_is_written_down_as_trusted(bench: CodexBench) -> None:
    (bench.cwd / ".git").mkdir()
    before = (bench.home / "config.toml").read_text()

    await bench.write([say("hello")])
    await bench.finished()

    assert (bench.home / "config.toml").read_text() == before


async def test_a_session_has_its_own_model_and_goes_back_to_the_usual_one(bench: CodexBench) -> None:
    for model in ("gpt-5.4", ""):
        await bench.write([say("hello")], model=model)
        await bench.finished()

    asked = [request.body["model"] for request in bench.api.requests if request.body.get("model")]
    assert asked[0] == "gpt-5.4"
    assert asked[-1] == "gpt-5.5"


@pytest.mark.parametrize(
    ("error", "key"),
    [
        ({"error": 401, "message": "Incorrect API key provided."}, "codex.not_logged_in"),
        ({"error": 403, "message": "no"}, "codex.account_refused"),
        ({"error": 429, "message": "slow down"}, "codex.limit"),
        ({"error": 500, "message": "oh"}, "codex.busy"),
        ({"error": 404, "message": "no such model", "code": "model_not_found"}, "codex.no_model"),
        ({"error": 400, "message": "this will not do"}, "codex.error"),
    ],
)
async def test_what_the_provider_refuses_is_a_sentence(bench: CodexBench, error: dict[str, Any], key: str) -> None:
    await bench.write([error])

    end = await bench.end()

    assert isinstance(end, TurnFailed)
    assert end.problem is not None
    assert end.problem.key == key


async def test_a_provider_that_cannot_be_reached_ends_the_turn(bench: CodexBench) -> None:
    """It would be tried for ever otherwise."""
    await bench.api.stop()

    await bench.write(text="hello")

    end = await bench.end()
    assert isinstance(end, TurnFailed)
    assert end.problem is not None
    assert end.problem.key == "codex.unreached"


async def test_while_it_is_tried_again_the_turn_goes_on_and_says_so(make_bench: Callable[..., CodexBench]) -> None:
    bench = make_bench(retries=2)
    await bench.write([{"error": 500, "times": 1, "message": "oh"}, say("it works")])

    assert await bench.words() == "it works"


async def test_a_long_answer_comes_whole(bench: CodexBench) -> None:
    await bench.write([{"big": 3_000_000}])

    assert len(await bench.words()) == 3_000_000


async def test_a_directory_that_is_gone_is_told_before_anything_is_begun(bench: CodexBench) -> None:
    bench.cwd = bench.cwd / "gone"

    with pytest.raises(BackendError, match="no directory"):
        await bench.write([say("hello")])

    assert bench.server.pid == 0


async def test_in_our_own_sandbox_it_is_not_run(make_bench: Callable[..., CodexBench]) -> None:
    bench = make_bench(more={"sandbox": Sandbox()})

    with pytest.raises(SandboxError):
        await bench.write([say("hello")])
    with pytest.raises(SandboxError):
        await bench.backend.ping()

    assert bench.server.pid == 0


async def test_a_copy_of_a_conversation_goes_on_by_itself(bench: CodexBench) -> None:
    await bench.write([say("the word is swordfish"), used(1000, 0, 7)])
    await bench.finished()
    origin = bench.agent
    await bench.backend.kill(ONE)

    await bench.write([say("You said: {history}"), used(1100, 0, 9)], fork_of=origin)

    assert "swordfish" in await bench.words()
    assert bench.agent != origin
    assert (await bench.finished()).usage.output_tokens == 9


async def test_ping_tells_the_version_and_whether_it_is_logged_in(bench: CodexBench) -> None:
    assert await bench.backend.ping() == "Codex 0.163.0, Not logged in"


async def test_a_real_line_is_answered(bench: CodexBench) -> None:
    assert (await bench.backend.ping(smoke=True)).startswith("Codex 0.163.0, answered in ")


async def test_a_real_line_that_is_not_answered_says_why(make_bench: Callable[..., CodexBench]) -> None:
    bench = make_bench()
    bench.api.rules.append(lambda _request: [{"error": 401, "message": "who are you?"}])

    with pytest.raises(BackendError, match="not logged in"):
        await bench.backend.ping(smoke=True)


async def test_a_program_that_is_not_there_is_told(make_bench: Callable[..., CodexBench]) -> None:
    bench = make_bench(more={"cli_path": "/nowhere/codex"})

    with pytest.raises(BackendError, match="no Codex at /nowhere/codex"):
        await bench.backend.ping()
    with pytest.raises(BackendError, match="no Codex at /nowhere/codex"):
        await bench.write([say("hello")])


@pytest.mark.parametrize("network", [False, True])
async def test_a_command_in_the_sandbox_cannot_reach_the_server_that_runs_it(bench: CodexBench, network: bool) -> None:
    """It could allow itself everything there."""
    config = bench.home / "config.toml"
    config.write_text(config.read_text() + f"\n[sandbox_workspace_write]\nnetwork_access = {str(network).lower()}\n")
    connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1]); print('reached')"
    socket = bench.server._socket
    line = f'for one in {socket} $(readlink {socket}); do python3 -c "{connect}" $one; done 2>&1; echo tried'

    await bench.write([command(line)], [say("told: {results}")])

    words = await bench.words()
    assert words.count("Error") == 2
    assert "tried" in words
    assert "reached" not in words
