"""What bad input and faults get, where it takes the whole program to see it: one test per row."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from phonework.testing.person import Person, offers, operations
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.texts import text

# What people send


def post_with(word: str) -> Callable[[Shown], bool]:
    return lambda shown: shown.msg_type == "post" and shown.shows(word)


def count(server: Server, message_id: str) -> int:
    return len(server.rows("SELECT * FROM event WHERE dedupe_key = ?", message_id))


async def test_the_same_message_again_does_nothing_twice(ada: Person, server: Server) -> None:
    """With another event_id, after 15 s, 6 h, and after a restart: the message_id tells."""
    phone = ada.phone
    await phone.stop_clock()
    await phone.fault("event.duplicate", copies=2, new_event_id=True)
    await phone.fault("event.lose_ack", times=4, match={"contains": "only once"})
    message_id = await ada.says("say only once")
    await ada.ended_turn(1)
    for seconds in (15, 300):
        await phone.jump(seconds)
        await phone.idle()
    await server.kill()
    await server.start()
    for seconds in (3600, 21600):
        await phone.jump(seconds)
        await phone.idle()

    await ada.says("say the end")
    await ada.sees(post_with("the end"))
    assert len([shown for shown in await phone.messages(from_bot=True) if post_with("only once")(shown)]) == 1
    assert count(server, message_id) == 1


async def test_a_yes_that_arrives_late_answers_nothing(ada: Person, server: Server) -> None:
    """Sent before the question, delivered after it: it waits in line instead (F13)."""
    phone = ada.phone
    await phone.stop_clock()
    await phone.fault("event.lose", match={"contains": '\\"yes\\"'})
    await ada.says("yes")
    await ada.says("confirm")
    await ada.question()
    await phone.jump(15)
    held = await ada.sees(lambda shown: shown.shows("yes") and offers(op="drop")(shown))

    assert (await server.session())["state"] == "waiting_confirm"
    await ada.presses(held, "Drop")


async def test_a_message_from_long_ago_is_shown_and_not_run(ada: Person, server: Server) -> None:
    an_hour_ago = int(time.time() - 3600) * 1000
    message_id = await ada.says("say old news", created_at=an_hour_ago)
    held = await ada.sees(lambda shown: shown.shows("old news") and "your call" in shown.texts)

    assert (await server.session())["turn"] == 0
    assert count(server, message_id) == 1
    await ada.presses(held, "Run")
    await ada.sees(post_with("old news"))


async def test_a_double_click_counts_once(ada: Person, server: Server) -> None:
    await ada.says("confirm")
    card = await ada.question()
    first, second = await asyncio.gather(ada.presses(card, "Allow"), ada.presses(card, "Deny"))

    toasts = {first.toast_text, second.toast_text}
    assert toasts == {text("en", "toast.recorded"), text("en", "reason.already_answered")}
    await ada.ended_turn(1)
    assert len(server.rows("SELECT * FROM effect WHERE kind = 'AnswerAgent'")) == 1


async def test_an_old_cards_button_does_nothing_and_says_so(ada: Person, server: Server) -> None:
    await ada.says("say one")
    old = await ada.ended_turn(1)
    await ada.says("hang")
    await ada.sees(offers(op="stop", g=2))
    value = next(value for value in operations(old) if value["op"] == "retry")
    pressed = await ada.phone.act(old.message_id, {"tag": "button", "value": value})

    assert pressed.toast_text == text("en", "reason.stale_turn")
    assert (await server.session())["turn"] == 2


@pytest.mark.parametrize(
    "value",
    [
        None, "allow", 7, [], {}, {"v": 1}, {"v": 1, "op": "answer"}, {"v": 2, "op": "stop", "id": "x", "g": 1},
        {"v": 1, "op": "answer", "id": "0" * 32, "g": 1, "c": "allow"},
        {"v": 1, "op": "answer", "id": {"$ne": 1}, "g": True, "c": "allow"},
        {"v": 1, "op": "late", "id": "x" * 10_000, "g": 1, "c": "allow"},
        {"v": 1, "op": "close", "id": "nobody", "g": 1}, {"v": 1, "op": "send_now", "id": "'; DROP TABLE event"},
        {"v": 1, "op": "switch", "id": "\x00"}, {"v": 1, "op": "rm -rf", "id": "x"},
    ],
)  # fmt: skip
async def test_a_forged_value_changes_nothing(shared: "Shared", value: object) -> None:
    server, ada, card = shared.server, shared.ada, shared.card
    before = server.rows("SELECT state, version FROM session")
    pressed = await ada.phone.act(card.message_id, {"tag": "button", "value": value})

    assert pressed.toast is not None
    assert pressed.toast["type"] == "warning"
    assert [tuple(row) for row in server.rows("SELECT state, version FROM session")] == [tuple(row) for row in before]


class Shared:
    """A waiting question, for tests that change nothing."""

    def __init__(self, server: Server, ada: Person, card: Shown) -> None:
        self.server, self.ada, self.card = server, ada, card


@pytest.fixture
async def shared(ada: Person, server: Server) -> Shared:
    await ada.says("confirm")
    return Shared(server, ada, await ada.question())


ODD = {
    "a path": "@/etc/passwd and @README.md",
    "a shell command": "!touch stolen",
    "a fence that never closes": "```python\nprint(1)",
    "emoji": "🙂" * 500,
    "control characters": "a\x07b\x1b[31mc",
    "markup": "<at id=all></at> **bold** [x](javascript:alert(1)) ![p](http://x/y.png)",
    "a hundred kilobytes": "word " * 20_000,
    "a path of ours": "/etc/passwd",
}


async def test_odd_texts_reach_the_agent_as_text(ada: Person, server: Server) -> None:
    """As the person meant them: no file is read, no command run, nobody called."""
    for number, odd in enumerate(ODD.values(), 1):
        await ada.says(f"say {odd}" if not odd.startswith("/") else odd)
        card = await ada.sees(
            lambda shown, turn=number: offers(op="retry", g=turn)(shown) or offers(op="answer")(shown)
        )
        if offers(op="answer")(card):  # a path alone is a wish like any other, and the agent's default is to work
            await ada.presses(card, "Deny")
            await ada.ended_turn(number)
    texts = [row["text"] for row in server.rows("SELECT json_extract(body, '$.text') AS text FROM prompt")]

    assert f"say {ODD['a path']}" in texts
    assert f"say {ODD['a shell command']}" in texts
    assert ODD["a path of ours"] in texts
    assert "say ab[31mc" in texts
    assert not list(server.work.rglob("stolen"))
    said = "".join(shown.text for shown in await ada.phone.messages(from_bot=True))
    assert "root:x:" not in said
    assert "<at" not in said.replace("&#60;at", "")
    assert await ada.phone.violations() == []


async def test_an_empty_message_is_asked_about(ada: Person, server: Server) -> None:
    await ada.phone.send("text", {"text": "  \n "}, user=ada.user)
    await ada.sees("That message was empty. What should the agent do?")
    await ada.phone.send("sticker", {"file_key": "x"}, user=ada.user)
    await ada.sees("I cannot read this kind of message")

    assert (await server.session())["turn"] == 0


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/etc", "is outside the working root"),
        ("../../..", "is outside the working root"),
        ("link", "is outside the working root"),
        ("file.txt", "`file.txt` is a file. Give a directory."),
        ("nowhere", "There is no directory `nowhere`. Send `/new --create nowhere` to make it."),
        ("~nobody-here/x", "There is no directory"),
    ],
)
async def test_a_directory_that_will_not_do_is_refused_with_the_remedy(
    phone: Phone, server: Server, tmp_path: Path, typed: str, said: str
) -> None:
    (server.work / "file.txt").write_text("")
    (server.work / "link").symlink_to("/")
    ada = Person(phone)
    await ada.says(f"/new {typed} confirm")

    await ada.sees(said)
    assert server.rows("SELECT * FROM session") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter every directory")
async def test_a_directory_without_permission_is_refused(phone: Phone, server: Server) -> None:
    (server.work / "closed").mkdir(mode=0o500)
    ada = Person(phone)
    await ada.says("/new closed")

    await ada.sees("No permission to read and write `closed`.")


# What Feishu does


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("http.token_expired", {}),
        ("http.rate_limit", {"reset": 1}),
        ("http.html", {"status": 502}),
        ("http.drop_after", {}),
        ("http.garbage", {"body": "<html>"}),
    ],
)
async def test_what_passes_is_retried_and_seen_once(
    ada: Person, server: Server, kind: str, params: dict[str, object]
) -> None:
    await ada.phone.fault(kind, times=2, match={"path": "/im/v1/messages", "method": "POST"}, **params)
    await ada.says("say through the storm")
    await ada.sees(post_with("through the storm"))
    await ada.ended_turn(1)

    shown = [one for one in await ada.phone.messages(from_bot=True) if one.shows("through the storm")]
    assert sorted(one.msg_type for one in shown) == ["interactive", "post"]
    await server.at_rest()
    assert server.rows("SELECT * FROM effect WHERE status = 'failed'") == []


async def test_a_refused_card_is_said_in_words_and_can_be_answered(ada: Person, server: Server) -> None:
    await ada.phone.fault(
        "http.code", code=230099, msg="Failed to create card content", match={"contains": "May I run"}
    )
    await ada.says("confirm")
    words = await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("May I run this command?"))
    assert words.shows("unittest")
    await ada.says("yes")

    await ada.sees("The command succeeded.")


async def test_a_chat_that_is_gone_fails_alone(phone: Phone, idle_server: Server) -> None:
    """It is recorded with the reason, the lane goes on, and /health shows it."""
    idle_server.settings["ACCESS__ALLOW"] = "*"
    await idle_server.start()
    group = await phone.add_group("Team", ["ou_demo"])
    there, ada = Person(phone, chat=group), Person(phone)
    await there.says("/new --create gone slow 1", mention_bot=True)
    await there.live_turn()
    await phone.change_chat(group, dissolved=True)
    await ada.begins("here", "say all well")
    await ada.sees(post_with("all well"))
    await idle_server.says("not delivered")
    await idle_server.at_rest()

    assert idle_server.rows("SELECT result FROM effect WHERE status = 'failed'")[0]["result"]
    status, health = await idle_server.health()
    assert (status, health["status"]) == (200, "degraded")
    assert health["queues"]["effects_failed"] >= 1
    assert (await idle_server.session(place=0))["state"] == "idle"


async def test_a_dropped_connection_is_seen_in_health_and_comes_back(ada: Person, server: Server) -> None:
    await ada.phone.fault("socket.refuse", times=1, status=500)
    await ada.phone.drop()
    await server.says("feishu disconnected")
    status, health = await server.health()
    assert (status, health["status"], health["feishu"]["connected"]) == (503, "down", False)
    await ada.says("say while it was away")

    await ada.sees(post_with("while it was away"))
    assert (await server.health())[0] == 200


# Starting and stopping


async def test_sigterm_in_the_middle_of_everything_loses_nothing(ada: Person, server: Server) -> None:
    """It stops within 5 s; what was asked can be answered late, what was in line is still there (O6)."""
    await ada.says("parallel")
    asked = await ada.question()
    await ada.says("1")  # neither a yes nor a no: it waits in line
    await ada.sees(offers(op="drop"))
    said = [await ada.says(f"/new --create more-{number} hang") for number in range(2)]
    await ada.sees("more-1")
    seconds = await server.stop()
    assert seconds <= 5
    said.append(await ada.says("say good morning", reply_to=asked.message_id))

    await server.start()
    await ada.late_question()
    held = await ada.sees(lambda shown: "your call" in shown.texts)
    assert held.shows("1")
    await ada.sees(post_with("good morning"))
    await server.at_rest()
    assert [count(server, message_id) for message_id in said] == [1, 1, 1]
    sessions = (await server.inspect())["sessions"]
    assert {session["state"] for session in sessions} == {"idle"}
    assert not [effect for session in sessions for effect in session["effects"]]


async def test_a_refused_second_process_leaves_the_first_at_work(ada: Person, server: Server) -> None:
    first = server.child
    second = server.spawn()
    assert await asyncio.to_thread(second.wait) == 1
    assert "is in use by process" in second.tail()
    server.child = first
    await ada.says("say still here")

    await ada.sees(post_with("still here"))
