"""A shell begins a session in a real container, a phone and a shell answer, and the server is killed meanwhile."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from phonework.backends.claude.launcher import find_cli
from phonework.testing import podman as podmen
from phonework.testing.backend_bench import git_init
from phonework.testing.claude_bench import say, script, use
from phonework.testing.claude_server import ClaudeServer
from phonework.testing.emulator import running_emulator
from phonework.testing.fake_anthropic import FakeAnthropic
from phonework.testing.podman import IMAGE, Podman
from phonework.testing.shell import Shell
from phonework.testing.zygote import Zygote

pytestmark = [pytest.mark.claude, pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    directory = Path(tempfile.mkdtemp(prefix="pw-"))
    found, why = podmen.begin(directory)
    if found is None:
        shutil.rmtree(directory, ignore_errors=True)
        pytest.skip(why)
    yield found
    found.close()


class ContainedServer(ClaudeServer):
    """Whose `podman` is the tests' own."""

    podman: Podman

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, **self.podman.environment}


@pytest_asyncio.fixture(loop_scope="session")
async def shell(zygote: Zygote, api: FakeAnthropic, podman: Podman, tmp_path: Path) -> AsyncIterator[Shell]:
    async with running_emulator(time_scale=0.02) as emulator:
        options = json.dumps(podman.options(Path(find_cli(""))))
        settings = {"ACCESS__ALLOW": "ou_demo", "CLAUDE__IMAGE": IMAGE, "CLAUDE__CONTAINER_OPTIONS": options}
        server = ContainedServer(zygote, emulator.phone, tmp_path, api, **settings)
        server.podman = podman
        shell = Shell(server)
        await asyncio.to_thread(git_init, server.work / "project")
        try:
            await server.start()
            yield shell
        finally:
            await shell.aclose()
            await server.aclose()


async def test_a_session_in_a_container_is_answered_and_outlives_its_server(shell: Shell, podman: Podman) -> None:
    asks = script([use("Bash", command="cp /proc/1/cmdline inside")], [say("It is done.")], text="Begin.")
    made = await shell.makes("--cwd", "project", "--in", "podman", asks)
    assert (await shell.session("wait", made, "--timeout", "60s")).code == 3
    shown = (await shell.session("status", made, "--json")).json
    assert shown["container"] == "podman"
    assert (await shell.session("approve", made, "--request", shown["request"]["id"])).code == 0
    assert (await shell.session("wait", made, "--timeout", "60s")).code == 0
    assert (shell.server.work / "project/inside").read_bytes().startswith(b"/run/podman-init")
    assert len(await asyncio.to_thread(podman.containers)) == 1

    await shell.server.kill()
    await shell.server.start()

    assert await asyncio.to_thread(podman.containers) == []
    assert (await shell.session("send", made, script([say("{history}")], text="Again."))).code == 0
    assert (await shell.session("wait", made, "--timeout", "60s")).code == 0
    assert "It is done." in (await shell.session("last-message", made)).out
    assert len(await asyncio.to_thread(podman.containers)) == 1
    assert (await shell.session("close", made)).code == 0


async def test_an_engine_that_there_is_none_of_is_refused(shell: Shell) -> None:
    refused = await shell.session("create", "--cwd", "project", "--in", "lxc")

    assert refused.code == 1
    assert "cannot be run in 'lxc'. It can be run in: docker, podman." in refused.err
