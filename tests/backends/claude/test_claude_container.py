"""The real Claude Code in a real container of Podman, and that it does not run at all where that cannot be."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from phonework.backends import containers
from phonework.backends.claude import launcher
from phonework.errors import BackendError
from phonework.fsm.events import AgentLost, TurnFinished
from phonework.fsm.types import Verdict
from phonework.testing import podman as podmen
from phonework.testing.claude_bench import ONE, ClaudeBench, say, use
from phonework.testing.podman import IMAGE, Podman

pytestmark = pytest.mark.claude


@pytest.fixture(scope="module")
def own_podman() -> Iterator[Podman]:
    directory = Path(tempfile.mkdtemp(prefix="pw-"))
    found, why = podmen.begin(directory)
    if found is None:
        shutil.rmtree(directory, ignore_errors=True)
        pytest.skip(why)
    yield found
    found.close()


@pytest.fixture
def podman(own_podman: Podman, monkeypatch: pytest.MonkeyPatch) -> Iterator[Podman]:
    for name, value in own_podman.environment.items():
        monkeypatch.setenv(name, value)
    yield own_podman
    own_podman.clear()


@pytest.fixture
def contained(make_bench: Callable[..., ClaudeBench], podman: Podman) -> ClaudeBench:
    options = podman.options(Path(launcher.find_cli("")))
    bench = make_bench(more={"image": IMAGE, "container_options": options})
    bench.container = "podman"
    return bench


async def allowed(bench: ClaudeBench, number: int = 1) -> None:
    await bench.answer(await bench.asked(number), Verdict.ALLOW)


async def test_a_command_that_was_allowed_sees_its_directory_and_nothing_else(contained: ClaudeBench) -> None:
    (contained.directory / "secret").write_text("s3cret")
    command = f"touch inside; cat {contained.directory}/secret; tr '\\0' ' ' < /proc/1/cmdline; env"
    await contained.write([use("Bash", command=command)], [say("{result}")])
    await allowed(contained)

    said = await contained.words()

    assert "podman-init" in said
    assert "s3cret" not in said
    assert "IS_SANDBOX=1" in said
    assert "CONTAINERS_CONF" not in said, "the server's own environment stays outside"
    assert (contained.cwd / "inside").exists()


async def test_a_command_that_was_refused_does_not_run(contained: ClaudeBench) -> None:
    await contained.write([use("Bash", command="touch inside")], [say("as you wish")])
    await contained.answer(await contained.asked(), Verdict.DENY)

    assert await contained.words() == "as you wish"
    assert not (contained.cwd / "inside").exists()


async def test_the_conversation_goes_on_in_a_new_container(contained: ClaudeBench, podman: Podman) -> None:
    await contained.write([say("first")])
    assert await contained.words() == "first"
    await contained.backend.aclose()
    contained.restart()

    await contained.write([say("{history}")])

    assert '"first"' in await contained.words(), "the first message is still known"
    assert len(podman.containers()) == 1


async def test_a_turn_is_stopped_and_the_next_one_runs(contained: ClaudeBench) -> None:
    with contained.waiting_command() as waiting:
        await contained.write([waiting.call], [say("never")])
        await allowed(contained)
        await waiting.running()
        await contained.interrupt()
        await contained.end()

    await contained.write([say("next")])

    assert await contained.words() == "next"


async def test_a_killed_one_leaves_neither_container_nor_process(contained: ClaudeBench, podman: Podman) -> None:
    with contained.waiting_command() as waiting:
        await contained.write([waiting.call], [say("never")])
        await allowed(contained)
        await waiting.running()

        await contained.backend.kill(ONE)

        assert isinstance(await contained.end(), AgentLost)
        assert podman.containers() == []
        left = await contained.backend.transcript(contained.agent)
        assert left is not None
        assert left.held_by is None, "it can be gone on with"
        assert not [one for one in psutil.process_iter() if str(contained.cwd) in " ".join(_words(one))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


SERVER = """
import asyncio, json, sys
from pathlib import Path
from phonework.backends.base import TurnStart
from phonework.backends.claude import ClaudeBackend
from phonework.fsm.types import SessionId
from phonework.testing.messages import message
from phonework.testing.sink import RecordingSink

async def main() -> None:
    told = json.load(sys.stdin)
    backend = ClaudeBackend(sink=RecordingSink(), settings=told["settings"], data_dir=Path(told["data"]))
    await backend.start_turn(TurnStart(
        session_id=SessionId("fizz-top"), turn=1, cwd=told["cwd"], prompts=(message(told["text"]),), container="podman"))
    print("it works", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_a_server_that_is_killed_leaves_no_container_behind_at_the_next_start(
    contained: ClaudeBench, podman: Podman
) -> None:
    podman.run("run", "--detach", "--name=somebodys", *podman.options(), IMAGE, "sleep", "infinity")
    settings = {"env": contained.api.cli_env(contained.home), **contained.more}
    told = {"settings": settings, "data": str(contained.directory / "data"), "cwd": str(contained.cwd), "text": "Hello"}
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps(told).encode())
    server.stdin.close()
    assert await server.stdout.readline() == b"it works\n"
    assert len(podman.containers()) == 2
    server.kill()
    await server.wait()

    await contained.backend.begin()

    assert podman.containers() == ["somebodys"]


async def test_a_container_that_nobody_holds_any_more_is_ended_at_the_next_start(
    contained: ClaudeBench, podman: Podman
) -> None:
    """As Docker leaves it: the engine runs it, and not we."""
    await contained.write([say("one")])
    await contained.words()
    await contained.backend.aclose()
    home = containers.home_of((contained.directory / "data").resolve())
    podman.run(
        "run",
        "--detach",
        "--name=left",
        f"--label={containers.LABEL}={home}",
        *podman.options(),
        IMAGE,
        "sleep",
        "infinity",
    )
    contained.restart()

    await contained.backend.begin()

    assert podman.containers() == []


async def test_an_image_that_is_not_there_is_told_with_the_remedy(contained: ClaudeBench) -> None:
    contained.more = {**contained.more, "image": "localhost/nowhere:latest"}
    contained.restart()

    with pytest.raises(BackendError, match="podman has no image localhost/nowhere:latest on this machine"):
        await contained.write([say("never")])


async def test_a_container_in_which_it_cannot_begin_is_told_in_the_engines_words(contained: ClaudeBench) -> None:
    contained.more = {**contained.more, "container_options": ["--volume=/usr:/usr:ro"]}
    contained.restart()

    with pytest.raises(BackendError, match="The image has no `claude` on its PATH"):
        await contained.write([say("never")])


@pytest.mark.parametrize(
    ("script", "image", "said"),
    [
        ("", IMAGE, "podman is not installed on this machine"),
        ("echo 'cannot connect' >&2; exit 125", IMAGE, "podman does not work on this machine: cannot connect"),
        ("exit 0", "", "No image is set"),
    ],
)
async def test_where_there_is_no_engine_nothing_runs(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, image: str, said: str
) -> None:  # fmt: skip
    bench = make_bench(more={"image": image})
    bench.container = "podman"
    programs = tmp_path / "programs"
    programs.mkdir()
    if script:
        (programs / "podman").write_text(f"#!/bin/sh\n{script}\n")
        (programs / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))

    with pytest.raises(BackendError, match=said):
        await bench.write([say("never")])

    assert not bench.of(TurnFinished)


async def test_the_engine_it_runs_in_is_the_one_that_is_asked_and_in_which_it_is_ended(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that only writes down its words and its environment: the agent's variables are not the engine's."""
    agents = {"CONTAINERS_CONF": "/agents/conf", "DOCKER_HOST": "tcp://agents:1", "XDG_RUNTIME_DIR": "/agents/run"}
    bench = make_bench(more={"image": IMAGE}, env=agents)
    bench.container = "podman"
    told = tmp_path / "told"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "podman").write_text(f"#!{sys.executable}\n{RECORDING_ENGINE.format(told=str(told))}")
    (programs / "podman").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("CONTAINERS_CONF", "/ours/conf")
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/ours/run")
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    with pytest.raises(BackendError):
        await bench.write([say("never")])
    await bench.backend.begin()

    calls = [json.loads(line) for line in told.read_text().splitlines()]
    assert {call["words"][0] for call in calls} == {"image", "run", "kill", "rm", "ps"}
    ours = {"CONTAINERS_CONF": "/ours/conf", "XDG_RUNTIME_DIR": "/ours/run", "HOME": str(Path.home())}
    assert [call["env"] for call in calls] == [{**ours, "PATH": str(programs)}] * len(calls)
    (run,) = [call["words"] for call in calls if call["words"][0] == "run"]
    assert {f"--env={name}={value}" for name, value in agents.items()} <= set(run)
    assert f"--env=HOME={bench.home}" in run
    assert "--env=ANTHROPIC_API_KEY" in run, "what is secret is not said in words"


RECORDING_ENGINE = """
import json, os, sys
names = ("CONTAINERS_CONF", "DOCKER_HOST", "HOME", "PATH", "XDG_RUNTIME_DIR")
env = {{name: os.environ[name] for name in names if name in os.environ}}
with open({told!r}, "a") as file:
    file.write(json.dumps({{"words": sys.argv[1:], "env": env}}) + "\\n")
"""


async def test_its_own_directory_may_be_a_link(contained: ClaudeBench, podman: Podman) -> None:
    kept = contained.directory / "dotfiles"
    kept.mkdir()
    contained.home.mkdir(exist_ok=True)
    contained.config.symlink_to(kept)
    await contained.write([say("first")])
    assert await contained.words() == "first"
    await contained.backend.aclose()
    contained.restart()

    await contained.write([say("{history}")])

    assert '"first"' in await contained.words(), "it was written down outside"
    assert list(kept.glob("projects/*/*.jsonl"))


async def test_a_place_that_holds_the_servers_own_data_is_not_lent(
    make_bench: Callable[..., ClaudeBench], tmp_path: Path
) -> None:
    settings = launcher.Settings.read({"image": IMAGE, "env": {"HOME": str(tmp_path)}})
    (tmp_path / "work" / "data").mkdir(parents=True)

    with pytest.raises(BackendError, match="data"):
        launcher.contained(
            settings,
            launcher.environment(settings, "mark"),
            engine="podman",
            cwd=str(tmp_path / "work"),
            data_dir=tmp_path / "work" / "data",
            session_id="fizz-top",
        )
