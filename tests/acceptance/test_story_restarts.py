"""What survives when the program, or its connection, ends in the middle (F9, F10, F12, C7)."""

from collections.abc import Callable

from phonework.testing.person import Person, offers, operations
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.texts import text

PRICES = "shop/prices.py"


def file(server: Server) -> str:
    return (server.work / "hello" / PRICES).read_text()


async def test_a_turn_cut_short_by_a_kill_is_told_and_can_be_retried(ada: Person, server: Server) -> None:
    await ada.says("slow 600")
    await ada.live_turn()
    await server.kill()
    await server.start()

    lost = await ada.ended_turn(1)
    assert "interrupted" in lost.texts
    await ada.sees("the agent was interrupted in the middle of the turn")
    assert (await server.session())["state"] == "idle"
    assert (await ada.presses(lost, "Retry")).toast_text == text("en", "toast.retrying")
    await ada.presses(await ada.sees(offers(op="stop", g=2)), "Stop")
    assert "stopped" in (await ada.ended_turn(2)).texts


async def test_a_question_open_when_it_was_killed_is_answered_late_and_honoured_once(
    ada: Person, server: Server
) -> None:
    await ada.says("change something")
    asked = await ada.question()
    before = file(server)
    old = next(value for value in operations(asked) if value.get("c") == "allow")
    await server.kill()
    await server.start()

    late = await ada.late_question()
    assert late.message_id == asked.message_id
    assert late.shows("The agent that asked is gone and never got an answer.")
    refused = await ada.phone.act(late.message_id, {"tag": "button", "value": old})
    assert refused.toast_text == text("en", "reason.agent_gone")
    assert file(server) == before

    assert (await ada.presses(late, "Allow and resume")).toast_text == text("en", "toast.resumed")
    await ada.sees("Changed: `shop/prices.py`.")
    changed = file(server)
    assert changed != before
    assert "answered late" in (await ada.phone.message(asked.message_id)).texts

    await ada.ended_turn(2)
    await ada.says("change something")
    again = await ada.sees(lambda shown: shown.message_id != asked.message_id and offers(op="answer")(shown))
    assert file(server) == changed, "the late yes was for one edit, not for the next"
    await ada.presses(again, "Deny")


async def test_a_late_no_after_a_kill_changes_nothing(ada: Person, server: Server) -> None:
    await ada.says("change something")
    await ada.question()
    before = file(server)
    await server.kill()
    await server.start()
    await ada.presses(await ada.late_question(), "Deny and resume")

    await ada.sees("All right, I leave it.")
    assert file(server) == before


async def test_what_was_said_while_it_was_down_is_taken_in_once(ada: Person, server: Server) -> None:
    await server.kill()
    said = [await ada.says(f"say word-{number}") for number in range(3)]
    await server.start()

    for number in range(3):
        await ada.sees(lambda shown, word=f"word-{number}": shown.msg_type == "post" and shown.shows(word))
    await ada.phone.idle()
    rows = server.rows("SELECT dedupe_key FROM event WHERE source = 'message' AND kind = 'MessageReceived'")
    assert sorted(row["dedupe_key"] for row in rows) == sorted(said)


async def test_what_was_in_line_is_shown_with_run_and_drop_after_a_kill(ada: Person, server: Server) -> None:
    await ada.says("hang")
    await ada.live_turn()
    await ada.says("say from the line")
    await ada.sees(lambda shown: shown.shows("from the line") and offers(op="drop")(shown))
    await server.kill()
    await server.start()

    held = await ada.sees(lambda shown: shown.shows("from the line") and "your call" in shown.texts)
    await ada.presses(held, "Run")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("from the line"))


async def test_the_picture_of_the_restart_is_complete_in_inspect(ada: Person, server: Server) -> None:
    """`inspect` works beside the running server and on a stopped one's file (F11)."""
    await ada.says("confirm")
    await ada.question()
    beside = await server.session()
    await server.kill()
    stopped = await server.session()

    assert stopped == beside
    assert (beside["state"], beside["request"]["kind"]) == ("waiting_confirm", "confirm")
    assert [entry["event"] for entry in beside["history"]] == [
        "Created", "MessageReceived", "TurnStarted", "AgentAsked",
    ]  # fmt: skip


async def test_a_deaf_window_is_healed_and_the_person_told(phone: Phone, idle_server: Server) -> None:
    """Whatever no event ever told of comes from the history (C7)."""
    idle_server.constants["phonework.healing:WORTH_TELLING"] = 0
    await idle_server.start()
    ada = Person(phone)
    await ada.begins()
    await ada.says("say before")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("before"))
    await phone.drop()
    said = [await ada.says(f"say unheard-{number}", silent=True) for number in range(3)]
    await phone.handshakes(2)

    await ada.sees("I was cut off from Feishu.")
    for number in range(3):
        await ada.sees(lambda shown, word=f"unheard-{number}": shown.msg_type == "post" and shown.shows(word))
    rows = idle_server.rows(
        "SELECT dedupe_key FROM event WHERE source = 'message' AND payload LIKE '%unheard%' ORDER BY seq"
    )
    assert [row["dedupe_key"] for row in rows] == said, "all of them, once, in order"
    status, health = await idle_server.health()
    assert (status, health["feishu"]["reconnects"]) == (200, 1)


async def test_what_was_said_in_a_topic_on_a_half_open_connection_is_answered_once(
    phone: Phone, idle_server: Server
) -> None:
    """C11: one message no event ever tells of, one that Feishu also delivers again. The group's history has neither."""
    await phone.settings(group_all_messages=True)
    await idle_server.start()
    ada = Person(phone, chat=await phone.add_group("team", ["ou_demo"]))
    await ada.says("/new --create hello", mention_bot=True)
    await ada.sees("is ready.")
    root = await ada.says("say before", mention_bot=True)
    answered = await ada.sees(_post("before"))
    assert await phone.freeze() == 1
    in_topic = {"reply_to": root, "mention_bot": True}
    said = [await ada.says("say unheard-0", silent=True, **in_topic), await ada.says("say unheard-1", **in_topic)]
    await phone.handshakes(2, timeout_s=60)  # as in life: after 20 s it asks, and waits 10 s for an answer

    for number in range(2):
        assert (await ada.sees(_post(f"unheard-{number}"))).thread_id == answered.thread_id != ""
    await phone.attempts(2, total=True)
    await phone.idle()
    rows = idle_server.rows("SELECT dedupe_key FROM event WHERE source = 'message' AND payload LIKE '%unheard%'")
    assert sorted(row["dedupe_key"] for row in rows) == sorted(said)
    told = [shown for shown in await phone.messages(ada.chat, from_bot=True) if shown.msg_type == "post"]
    assert [sum(shown.shows(f"unheard-{number}") for shown in told) for number in range(2)] == [1, 1]


def _post(words: str) -> Callable[[Shown], bool]:
    return lambda shown: shown.msg_type == "post" and shown.shows(words)


async def test_a_timer_that_was_due_while_it_was_down_fires_at_the_start(phone: Phone, idle_server: Server) -> None:
    idle_server.settings |= {"TIMEOUTS__IDLE": "1"}
    await idle_server.start()
    ada = Person(phone)
    await ada.begins()
    await idle_server.kill()
    await idle_server.start()

    await ada.sees("Nobody used this session for a while, so it was closed.")
    assert (await idle_server.session())["state"] == "closed"
