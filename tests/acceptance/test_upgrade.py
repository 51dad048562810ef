"""A data directory from before is taken up: one the last start left, and the recorded one of each version."""

from pathlib import Path

import pytest

from phonework.testing.fake_openai import FakeOpenAI, say
from phonework.testing.golden import ADA, BOB, restore
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone
from phonework.testing.server import Server

RECORDINGS = Path(__file__).parents[1] / "recordings" / "database"


async def test_what_the_last_start_left_is_taken_up(ada: Person, server: Server) -> None:
    await ada.says("say before")
    await ada.ended_turn(1)
    before = await server.session()
    await server.stop()
    await server.start()

    after = await server.session()
    assert {name: value for name, value in after.items() if name != "effects"} == {
        name: value for name, value in before.items() if name != "effects"
    }
    await ada.says("/history")
    await ada.sees("1. say before")


@pytest.fixture
async def old_server(idle_server: Server, phone: Phone, api: FakeOpenAI) -> Server:
    """Without data yet; it knows both people and the assistant's model."""
    await phone.add_user(BOB, "Bob", "en")
    idle_server.data_dir.mkdir()
    for name in ("asks", "answers", "waits", "closed", "rests", "stops"):
        (idle_server.work / name).mkdir(parents=True)
    idle_server.settings |= {
        "ACCESS__ALLOW": f"{ADA},{BOB}",
        "ASSISTANT__BASE_URL": api.base_url,
        "ASSISTANT__MODEL": "glm-4.6",
        "ASSISTANT__MODE": "direct",
    }
    return idle_server


@pytest.mark.parametrize("recording", sorted(RECORDINGS.glob("v*.sql")), ids=lambda path: path.stem)
async def test_a_database_of_an_earlier_version_goes_on(phone: Phone, old_server: Server, recording: Path) -> None:
    """It holds a session in each state, and a card that was not yet shown."""
    restore(recording, old_server.data_dir, old_server.work)
    await old_server.start()
    ada, bob = Person(phone), Person(phone, user=BOB)

    await bob.sees("My sessions")
    sessions = {Path(one["cwd"]).name: one for one in (await old_server.inspect())["sessions"]}
    states = {name: one["state"] for name, one in sessions.items() if name != old_server.work.name}
    interrupted, unused = ("asks", "answers", "waits", "stops"), ("closed", "rests")
    assert states == dict.fromkeys(interrupted, "idle") | dict.fromkeys(unused, "closed")
    assert [row["status"] for row in old_server.rows("SELECT status FROM request")] == ["void", "void"]
    assert [prompt["text"] for prompt in sessions["waits"]["queue"]] == ["say from the line"]
    checked = await old_server.command("db", "check", "--data-dir", str(old_server.data_dir))
    assert checked.returncode == 0, checked.tail()
    await ada.says(f"/switch {sessions['waits']['session_id']}")
    await ada.sees("Now in waits")
    await ada.says("say on the new version")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("on the new version"))
    await ada.says(f"/switch {sessions['asks']['session_id']}")
    await ada.sees("Now in asks")
    await ada.says("confirm")
    await ada.presses(await ada.sees(offers(op="answer")), "Deny")
    await ada.sees("All right, I leave it.")


async def test_what_version_2_left_of_tasks_reminders_commands_and_the_assistant_goes_on(
    phone: Phone, old_server: Server, api: FakeOpenAI
) -> None:
    api.usual = say("I can do a lot.")
    restore(RECORDINGS / "v2.sql", old_server.data_dir, old_server.work)
    await old_server.start()
    ada, bob = Person(phone), Person(phone, user=BOB)

    for words in ("check the build", "weekly meeting"):
        late = await ada.sees(lambda shown, words=words: shown.shows(words) and offers(op="remind_done")(shown))
        assert late.shows("This is late")
    await ada.sees(lambda shown: shown.shows("tail -f /dev/null") and shown.shows("It broke off half-way"))
    await bob.sees("This turn took longer than its limit and was stopped")
    await bob.says("/smart so what can you do?")
    await bob.sees("I can do a lot.")
    assert "You have none." in [one["content"] for one in api.requests[-1].messages]
    await old_server.at_rest()
    assert {tuple(row) for row in old_server.rows("SELECT body, status, fired FROM reminder")} == {
        ("drink some water", "done", 1), ("check the build", "done", 1), ("weekly meeting", "waiting", 1),
    }  # fmt: skip
    assert [row["status"] for row in old_server.rows("SELECT status FROM tool_call")] == ["done", "claimed"]
    await ada.says("/tasks")
    listed = await ada.sees(lambda shown: shown.shows("Tasks") and shown.shows("#3"))
    assert not offers(op="stop")(listed)
