"""What the agent says reaches the phone as it was said, and what the person says reaches the agent."""

import base64
import json
import re

import pytest

from phonework.testing.claude_bench import say, use
from phonework.testing.claude_server import ClaudeServer, Coder, read
from phonework.testing.fake_anthropic import FakeAnthropic

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

GIF = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")

pytestmark = [pytest.mark.claude, pytest.mark.asyncio(loop_scope="session")]


async def test_an_answer_comes_word_for_word(ada: Coder) -> None:
    answer = "All *good*: `x < y && $HOME` — 好的 🙂\n\n```python\nprint('<b>hi</b>')\n```"
    await ada.wants([say(answer)])

    assert await ada.hears("All *good*") == answer
    card = await ada.turn(1)
    assert card.shows("The answer is in the message below.")
    assert re.search(r"took 0:0\d · 2\.\dk in · 10 out tokens · \$0\.01", read(card))


async def test_a_long_answer_comes_whole_in_several_messages(ada: Coder) -> None:
    lines = [f"Line {number} of a long answer.\n" for number in range(2_000)]
    await ada.wants([say("".join(lines))])
    await ada.turn(1)
    await ada.hears("Line 1999 ")

    posts = [one.text for one in await ada.phone.messages(ada.chat, from_bot=True) if one.msg_type == "post"][1:]
    assert [post[:6] for post in posts] == ["[1/3]\n", "[2/3]\n", "[3/3]\n"]
    assert "\n".join(post[6:] for post in posts).split() == "".join(lines).split()


async def test_an_enormous_answer_comes_as_a_file(ada: Coder) -> None:
    """Two megabytes in one line of the agent's output."""
    await ada.wants([{"big": 2_000_000}])

    await ada.turn(1)
    file = await ada.sees(lambda shown: shown.msg_type == "file" and shown.shows("answer.md"))
    assert file.created_at
    await ada.hears("The full text is long, so it comes as a file.")
    await ada.wants([say("still there")])
    await ada.hears("still there")


@pytest.mark.parametrize("text", ["look at @secret.txt please", "!touch made", "what does ``` mean?\x00\x1b[31m"])
async def test_text_is_never_a_file_to_read_nor_a_shell_command(ada: Coder, api: FakeAnthropic, text: str) -> None:
    (ada.cwd / "secret.txt").write_text("the secret content")
    before = len(api.requests)
    await ada.says(text)
    await ada.hears("This is the fake API; it has no script.")

    said = api.requests[before].said
    assert text.replace("\x00\x1b", "") in said
    assert "the secret content" not in said
    assert not (ada.cwd / "made").exists()


async def test_the_agents_own_commands_pass_through(ada: Coder, api: FakeAnthropic) -> None:
    """/usage answers without the model, /compact shortens, /clear begins another conversation (K8)."""
    await ada.wants([say("The word is mango.")])
    await ada.turn(1)
    before = len(api.requests)
    first = (await ada.session())["agent_session_id"]

    await ada.says("/usage")
    await ada.hears("Estimated cost")
    assert len(api.requests) == before, "nobody asked the model"

    await ada.says("/compact")
    await ada.turn(3)
    assert len(api.requests) > before

    await ada.says("/clear")
    await ada.turn(4)
    assert (await ada.session())["agent_session_id"] != first
    await ada.wants([say("I know: {history}")])
    assert "mango" not in await ada.hears("I know:")


async def test_an_unknown_command_is_left_to_the_agent(ada: Coder, api: FakeAnthropic) -> None:
    await ada.says("/frobnicate now")

    await ada.hears("This is the fake API")
    assert "/frobnicate now" in api.requests[-1].said


async def test_two_pictures_and_a_file_reach_the_model_with_the_words(ada: Coder, api: FakeAnthropic) -> None:
    """Pictures as pictures, a file by its path; and what a thumb sends before the words goes with them."""
    for name, data, media_type in (
        ("one.png", PIXEL, "image/png"),
        ("two.gif", GIF, "image/gif"),
        ("build.log", b"error: 42\n", "text/plain"),
    ):
        await ada.phone.send_file(name, data, media_type, user=ada.user, chat=ada.chat)
    await ada.says("what are these?")
    await ada.turn(1)

    last = json.dumps(api.requests[-1].body)
    assert [base64.b64encode(data).decode() in last for data in (PIXEL, GIF)] == [True, True]
    assert ".phonework/inbox/build.log" in last
    assert "what are these?" in api.requests[-1].said


async def test_a_helper_in_the_background_asks_and_tells_later(ada: Coder, api: FakeAnthropic) -> None:
    inner = json.dumps([[{"gate": "helper"}, say("There is one file.")]])
    helper = use("Agent", description="List", prompt=f"List. fake: {inner}", subagent_type="general-purpose")
    await ada.wants([helper], [say("I started a helper.")], [say("The helper is done.")])
    await ada.hears("I started a helper.")
    await ada.turn(1)

    api.open("helper")

    await ada.hears("The helper is done.")
    assert (await ada.session())["turn"] == 1


async def test_health_tries_the_agent_when_asked(shared: ClaudeServer) -> None:
    smoke = await shared.smoke()

    assert smoke["ok"], smoke
    assert smoke["answer"].startswith("Claude Code ")
