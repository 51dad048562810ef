"""Where the agent of a session can be looked at."""

from phonework.testing.playbook import Playbook
from tests.gateway.conftest import Program, refused


async def test_an_agent_at_a_terminal_is_looked_at_by_a_command(play: Playbook, program: Program) -> None:
    session_id = await program.at_work(name="build")
    play.backends["demo"].script.terminals[session_id] = ("tmux", "attach", "-t", "=build")

    answer = await program.client.get("/v1/sessions/build/terminal")
    assert (answer.status_code, answer.json()) == (200, {"attach": ["tmux", "attach", "-t", "=build"]})


async def test_one_without_a_terminal_says_so(play: Playbook, program: Program) -> None:
    await program.at_work(name="build")
    answer = await program.client.get("/v1/sessions/build/terminal")

    assert refused(answer) == (409, "no_terminal")
    assert answer.json()["error"]["message"] == "It has no terminal now."
    assert refused(await program.client.get("/v1/sessions/nobody/terminal")) == (404, "not_found")
