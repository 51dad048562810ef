"""Files that people send and Feishu does not give out: tried again for a while, then said, and never guessed."""

import pytest

from phonework.testing.person import Person
from phonework.testing.phone import Phone
from phonework.testing.server import Server

RESOURCES = "/resources/"


@pytest.fixture
async def ada(idle_server: Server, phone: Phone) -> Person:
    """Somebody for whom a file is tried for a second, at a Feishu that may be silent for another."""
    idle_server.constants |= {
        "phonework.carriers.agents:FETCHED_WITHIN": 1,
        "phonework.channels.feishu.api:_TIME_LIMIT": 1,
    }
    await idle_server.start()
    person = Person(phone)
    await person.begins()
    return person


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("http.status", {"status": 500}),
        ("http.code", {"code": 234003, "msg": "File not in msg."}),
        ("http.status", {"status": 404}),
        ("http.cut", {}),
        ("http.hang", {}),
    ],
    ids=["broken for good", "not in the message", "not there", "cut in the middle", "silent"],
)
async def test_a_file_that_cannot_be_had_is_named_and_nothing_is_begun(
    ada: Person, idle_server: Server, kind: str, params: dict[str, object]
) -> None:
    await ada.phone.fault(kind, times=-1, match={"path": RESOURCES}, **params)
    await ada.phone.send_file("notes.txt", b"remember the milk", "text/plain", user=ada.user)
    await ada.sees("notes.txt kept")
    await ada.says("echo look at this")
    failed = await ada.sees("notes.txt could not be fetched from the chat, so the agent was not given the message.")

    session = await idle_server.session()
    assert (session["state"], session["turn"], session["agent_session_id"]) == ("idle", 1, "")
    await idle_server.at_rest()
    inbox = idle_server.work / "hello" / ".phonework" / "inbox"
    assert [path.name for path in inbox.iterdir() if path.is_file()] == []

    await ada.phone.clear_faults()
    await ada.presses(await ada.ended_turn(1), "Retry")
    await ada.sees("notes.txt (17 bytes)")
    assert failed.shows("send both again")


async def test_a_picture_without_a_name_is_told_of_in_chinese(ada: Person, idle_server: Server) -> None:
    await ada.says("/lang zh")
    await ada.phone.fault("http.status", times=-1, status=403, match={"path": RESOURCES})
    await ada.phone.send_file("", b"\x89PNG\r\n", "image/png", user=ada.user)
    await ada.sees("已收下 1 张图片")
    await ada.says("echo 看看")

    await ada.sees("有一张图片没能从聊天中取到，所以消息没有交给智能体。")
    assert (await idle_server.session())["state"] == "idle"


async def test_trouble_that_passes_is_not_told(ada: Person) -> None:
    await ada.phone.fault("http.cut", times=1, match={"path": RESOURCES})
    await ada.phone.send_file("notes.txt", b"remember the milk", "text/plain", user=ada.user)
    await ada.sees("notes.txt kept")
    await ada.says("echo look at this")
    await ada.sees("notes.txt (17 bytes)")

    assert not [shown for shown in await ada.phone.messages(from_bot=True) if shown.shows("could not be fetched")]


async def test_killed_while_it_tries_it_goes_on_trying_and_says_so_once(ada: Person, idle_server: Server) -> None:
    await ada.phone.fault("http.status", times=-1, status=500, match={"path": RESOURCES})
    await ada.phone.send_file("notes.txt", b"remember the milk", "text/plain", user=ada.user)
    await ada.sees("notes.txt kept")
    await ada.says("echo look at this")
    await ada.phone.called(1, RESOURCES)
    await idle_server.kill()
    asked = len(await ada.phone.calls(RESOURCES))
    await idle_server.start()
    await ada.sees("notes.txt could not be fetched")
    await idle_server.at_rest()

    assert len(await ada.phone.calls(RESOURCES)) > asked
    assert (await idle_server.session())["state"] == "idle"
    said = [one for one in await ada.phone.messages(from_bot=True) if one.shows("could not be fetched")]
    assert sorted(one.msg_type for one in said) == ["interactive", "post"], "the turn's card, and the words that ring"


async def test_a_stop_ends_the_trying_at_once(idle_server: Server, phone: Phone) -> None:
    """Feishu asks for half a minute of patience; the person has none, and no agent was begun that could be stopped."""
    await idle_server.start()
    ada = Person(phone)
    await ada.begins()
    await phone.fault("http.rate_limit", times=-1, reset=30, match={"path": RESOURCES})
    await phone.send_file("notes.txt", b"remember the milk", "text/plain", user=ada.user)
    await ada.sees("notes.txt kept")
    await ada.says("echo look at this")
    await phone.called(1, RESOURCES)
    await ada.presses(await ada.live_turn(), "Stop")

    stopped = await ada.ended_turn(1)
    assert stopped.shows("stopped")
    assert (await idle_server.session())["state"] == "idle"
    assert len(await phone.calls(RESOURCES)) == 1
