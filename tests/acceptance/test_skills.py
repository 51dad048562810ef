"""What the skills teach, done: their commands run as an agent would run them, against the whole program."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from phonework import skills
from phonework.testing.server import Server


def taught(name: str) -> dict[str, str]:
    """The commands below each heading of a skill; a number tells further ones below the same heading apart."""
    found: dict[str, str] = {}
    heading = ""
    for piece in re.findall(r"^## [^\n]+$|^```sh\n.*?^```$", skills.text(name), re.MULTILINE | re.DOTALL):
        if piece.startswith("## "):
            heading = piece.removeprefix("## ")
        else:
            again = sum(key.startswith(heading) for key in found)
            found[f"{heading} {again}" if again else heading] = piece.removeprefix("```sh\n").removesuffix("```")
    return found


SESSIONS, HANDOVER = taught("phonework-sessions"), taught("phonework-handover")


class Agent:
    """Runs commands in a repository below the working root, one shell for each, with what was set before."""

    def __init__(self, server: Server) -> None:
        self.cwd = server.work / "project"
        self.cwd.mkdir(parents=True)
        for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "begin"]):
            author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
            subprocess.run(
                ["git", *author, *words], cwd=self.cwd, check=True, env={**os.environ, "HOME": str(server.place)}
            )
        programs = Path(sys.executable).parent
        self._environment = {**server.environment, "PATH": f"{programs}:{server.environment['PATH']}", "BASH_ENV": ""}

    async def runs(self, script: str) -> tuple[int, str]:
        """Exit code of the last command, and all that was said."""
        return await asyncio.to_thread(self._run, script)

    def _run(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-u", "-c", script],
            cwd=self.cwd, env=self._environment, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    async def sessions(self) -> dict[str, dict[str, object]]:
        _, said = await self.runs("phonework session list --closed --json")
        return {one["name"] or one["id"]: one for one in json.loads(said)["sessions"]}


@pytest.fixture
def agent(server: Server) -> Agent:
    return Agent(server)


def test_every_part_with_commands_is_run_below() -> None:
    assert set(SESSIONS) == {"One session", "When it asks something", "More messages", "Several side by side"}
    assert set(HANDOVER) == {"Write the brief", "Hand it over", "Hand it over 1"}


async def test_one_session_is_begun_waited_for_and_read(agent: Agent) -> None:
    code, said = await agent.runs(SESSIONS["One session"])

    assert code == 0, said
    assert said.rstrip().endswith("in one line what this project is for.")


async def test_a_question_is_seen_and_nothing_is_done_before_somebody_allows_it(agent: Agent) -> None:
    code, said = await agent.runs(SESSIONS["When it asks something"])
    assert code == 0, said
    assert "asks (confirm)" in said
    assert (await agent.sessions())["tests"]["state"] == "waiting_confirm"

    assert "--request ID" in skills.text("phonework-sessions")
    asked = (await agent.sessions())["tests"]["request"]
    assert isinstance(asked, dict)
    assert f"approve {(await agent.sessions())['tests']['id']} --request {asked['id']}" in said
    approve = f"phonework session approve tests --request {asked['id']}"
    code, said = await agent.runs(f"{approve} && phonework session wait tests --until-done --timeout 1m")
    assert code == 0, said

    await agent.runs("phonework session send tests 'Run the tests.'; phonework session wait tests --timeout 1m")
    asked = (await agent.sessions())["tests"]["request"]
    assert isinstance(asked, dict)
    deny = f"phonework session deny tests --request {asked['id']} --reason 'not now'"
    code, said = await agent.runs(f"{deny} && phonework session wait tests")
    assert code == 0, said
    assert "not now" in (await agent.runs("phonework session last-message tests"))[1]


async def test_more_messages_wait_in_line_and_what_is_piped_arrives(agent: Agent) -> None:
    (agent.cwd / "new.txt").write_text("one line\n")
    await agent.runs("git add new.txt")
    code, said = await agent.runs(SESSIONS["More messages"])

    assert code == 0, said
    assert "that you are ready to review." in said
    assert "what you would change in this:" in said
    assert "+one line" in said
    assert (await agent.sessions())["reviewer"]["state"] == "closed"


async def test_several_work_side_by_side_and_their_answers_are_gathered(agent: Agent) -> None:
    code, said = await agent.runs(SESSIONS["Several side by side"])

    assert code == 0, said
    gathered, _ = json.JSONDecoder().raw_decode(said[said.index("{") :])
    assert {one["name"]: (one["outcome"], one["last"]["text"]) for one in gathered["sessions"]} == {
        f"audit-{part}": ("done", f"which tests are missing for: {part}") for part in ("parser", "store", "cli")
    }
    assert {one["state"] for one in (await agent.sessions()).values()} == {"closed"}


async def test_work_is_handed_over_with_what_the_other_one_must_know(agent: Agent) -> None:
    code, said = await agent.runs("\n".join(HANDOVER.values()))

    assert code == 0, said
    assert f"You take over unfinished work in {agent.cwd} (branch " in said
    assert "{{" not in said
    assert "that you begin now, and go." in said


async def test_without_a_server_the_exit_code_says_so(agent: Agent, server: Server) -> None:
    await server.stop()
    code, said = await agent.runs("phonework session list")

    assert code == 6, said
