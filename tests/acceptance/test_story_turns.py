"""Turns: live cards, stopping, running again, what waits in line, long answers, commands, pictures."""

import re

from phonework.testing.person import Person, offers, operations
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server
from phonework.texts import text

PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)


async def test_a_live_card_grows_while_the_agent_writes_and_then_shows_the_end(
    phone: Phone, idle_server: Server
) -> None:
    idle_server.settings["DEMO__DELAY"] = "0.02"
    await idle_server.start()
    ada = Person(phone)
    await ada.begins(message="stream")
    done = await ada.ended_turn(1)

    whole = await phone.message(done.message_id)
    assert whole.version >= 3, "made, brought up to date while live, and ended"
    streamed = [str(version["content"]) for version in whole.versions]
    assert any("words" in form for form in streamed[:-1])
    assert "done" in whole.texts
    assert not any(value.get("op") == "stop" for value in operations(whole))


async def test_stop_ends_a_hanging_turn_and_run_again_begins_it_anew(ada: Person, server: Server) -> None:
    await ada.says("hang")
    live = await ada.live_turn()
    await ada.sees("hanging")
    assert (await ada.presses(live, "Stop")).toast_text == text("en", "toast.stopping")
    ended = await ada.ended_turn(1)
    assert "stopped" in ended.texts
    assert (await server.session())["state"] == "idle"

    await ada.presses(ended, "Run again")
    await ada.sees(offers(op="stop", g=2))
    await ada.says("/stop")
    await ada.ended_turn(2)


async def test_a_deaf_agent_is_killed_when_it_does_not_stop(phone: Phone, idle_server: Server) -> None:
    idle_server.settings["TIMEOUTS__STOP"] = "1"
    await idle_server.start()
    ada = Person(phone)
    await ada.begins(message="stubborn")
    await ada.sees("not listening")
    await ada.says("/stop")

    await ada.sees("The agent did not stop in time, so its process was ended.")
    await ada.ended_turn(1)
    await ada.says("say still here")
    await ada.sees("still here")


async def test_a_turn_that_takes_too_long_is_stopped(phone: Phone, idle_server: Server) -> None:
    idle_server.settings["TIMEOUTS__TURN"] = "1"
    await idle_server.start()
    ada = Person(phone)
    await ada.begins(message="hang")

    await ada.sees("This turn took longer than its limit and was stopped.")
    assert "stopped" in (await ada.ended_turn(1)).texts


async def test_a_failed_turn_says_why_and_retry_runs_it_again(ada: Person) -> None:
    await ada.says("fail")
    failed = await ada.ended_turn(1)
    assert "failed" in failed.texts
    assert failed.shows("A failure for demonstration: nothing was changed.")
    await ada.sees("hello: the turn ended in an error.")

    assert (await ada.presses(failed, "Retry")).toast_text == text("en", "toast.retrying")
    assert "failed" in (await ada.ended_turn(2)).texts


async def test_a_crashed_agent_leaves_a_session_that_goes_on(ada: Person) -> None:
    await ada.says("crash")
    lost = await ada.ended_turn(1)
    assert "interrupted" in lost.texts
    await ada.sees("the agent was interrupted in the middle of the turn")
    await ada.presses(lost, "Retry")
    await ada.ended_turn(2)


async def test_continue_and_close_on_the_card_of_a_finished_turn(ada: Person, server: Server) -> None:
    await ada.says("say one")
    done = await ada.ended_turn(1)
    assert (await ada.presses(done, "Continue")).toast_text == text("en", "toast.continuing")
    card = await ada.question()
    await ada.presses(card, "Deny")
    second = await ada.ended_turn(2)
    assert (await ada.presses(second, "Close session")).toast_text == text("en", "toast.closed")
    await ada.sees("Session closed.")
    assert (await server.session())["state"] == "closed"

    await ada.says("anybody there?")
    await ada.sees("You are in no session.")


async def test_what_is_said_meanwhile_waits_and_can_be_sent_now_or_dropped(ada: Person, server: Server) -> None:
    await ada.says("slow 6")
    await ada.live_turn()
    await ada.says("say later")
    waiting = await ada.sees(lambda shown: shown.shows("later") and offers(op="drop")(shown))
    assert waiting.shows("number 1 in line")
    await ada.says("say never")
    unwanted = await ada.sees(lambda shown: shown.shows("never") and offers(op="drop")(shown))

    assert (await ada.presses(unwanted, "Drop")).toast_text == text("en", "toast.dropped")
    assert (await ada.presses(waiting, "Send now")).toast_text == text("en", "toast.sending")
    answer = await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("later"))
    assert answer.shows("Done, in 6 steps."), "taken by the running turn, not by one of its own"
    assert (await ada.phone.message(unwanted.message_id)).shows("Dropped without being run.")
    assert (await server.session())["turn"] == 1


async def test_what_waits_runs_by_itself_when_the_turn_is_over(ada: Person) -> None:
    await ada.says("hang")
    live = await ada.live_turn()
    await ada.says("say after that")
    await ada.sees(lambda shown: shown.shows("after that") and offers(op="drop")(shown))
    await ada.presses(live, "Stop")

    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("after that"))
    assert "done" in (await ada.ended_turn(2)).texts


async def test_a_long_answer_comes_in_numbered_parts(ada: Person) -> None:
    await ada.says("long 60")
    await ada.ended_turn(1)
    parts = await ada.phone.wait_until(lambda all_: numbered(all_) and len(numbered(all_)) == numbered(all_)[0][1])

    numbers = numbered(parts)
    assert len(numbers) > 1
    assert [number for number, _ in numbers] == list(range(1, len(numbers) + 1))


def numbered(messages: list[Shown]) -> list[tuple[int, int]]:
    """The [n/m] headings, as they stand in the chat."""
    found = [re.match(r"\W*\[(\d+)/(\d+)\]", "".join(one.texts)) for one in messages if one.from_bot]
    return [(int(one[1]), int(one[2])) for one in found if one]


async def test_an_answer_too_long_for_parts_comes_as_a_file(ada: Person) -> None:
    await ada.says("long 200")
    await ada.sees("The full text is long, so it comes as a file.")
    sent = await ada.sees(lambda shown: shown.msg_type == "file")

    whole = await ada.phone.download(sent.message_id, sent.content["file_key"])
    assert whole.decode().count("\n## ") >= 199


async def test_every_command(ada: Person) -> None:
    await ada.begins("second")
    await ada.says("/status")
    status = await ada.sees(lambda shown: shown.shows("My sessions") and shown.shows("hello"))
    assert status.shows("second")
    revision = await ada.phone.revision()
    await ada.says("/list")
    await ada.sees("My sessions", after=revision)
    switched = await ada.presses(status, {"op": "switch"})
    assert switched.toast_text == text("en", "toast.switched")
    await ada.sees("Now in hello")
    await ada.says("/switch 2")
    await ada.sees("Now in second")
    await ada.says("/switch 9")
    await ada.sees("No session “9”.")
    await ada.says("/close 1")
    await ada.sees("Session closed.")
    await ada.says("/help")
    await ada.sees("`/new directory [message]`")
    await ada.says("/nonsense")
    await ada.sees("The demo agent has no command /nonsense")
    await ada.says("/history")
    await ada.sees("You said before:")


async def test_an_unknown_command_without_a_session_names_the_nearest(phone: Phone, server: Server) -> None:
    ada = Person(phone)
    await ada.says("/statsu")
    await ada.sees("There is no `/statsu`. Did you mean `/status`?")
    await ada.says("hello?")
    await ada.sees("You are in no session.")
    await ada.says("/stop")
    await ada.says("/retry")


async def test_two_sessions_work_side_by_side_and_a_reply_goes_to_its_own(ada: Person) -> None:
    await ada.says("hang")
    first = await ada.live_turn()
    await ada.begins("second", "say from the second")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("from the second"))
    await ada.says("say for the first", reply_to=first.message_id)

    await ada.sees(lambda shown: shown.shows("for the first") and offers(op="drop")(shown))
    await ada.presses(first, "Stop")
    await ada.sees(lambda shown: shown.msg_type == "post" and shown.shows("for the first"))


async def test_work_in_the_background_comes_back_by_itself(ada: Person) -> None:
    await ada.says("background 1")
    await ada.ended_turn(1)
    await ada.sees("The work in the background is done (1 s).")


async def test_a_picture_arrives_at_the_agent_whole(ada: Person, server: Server) -> None:
    await ada.phone.send_file("cat.png", PICTURE, "image/png", user=ada.user)
    await ada.sees("1 picture kept")
    await ada.says("say what is it?")

    await ada.sees(f"({len(PICTURE)} bytes)")
    await ada.sees("Went along with your message.")
    stored = [path for path in (server.work / "hello" / ".phonework" / "inbox").iterdir() if path.is_file()]
    assert [path.read_bytes() for path in stored] == [PICTURE]


async def test_chinese_is_answered_in_chinese(phone: Phone, idle_server: Server) -> None:
    idle_server.settings["UI__LANGUAGE"] = "zh"
    await idle_server.start()
    ada = Person(phone)
    await ada.says("/新建 --create hello 确认")
    card = await ada.question("可以运行这个命令吗？")
    await ada.says("好的")

    await ada.sees("命令成功。")
    assert not offers(op="answer")(await phone.message(card.message_id))
