"""`/shell` from the phone, in the whole program: what runs, asks and is refused, and that nothing is left running (A4, F6)."""

from collections.abc import Callable, Iterator

import pytest

from phonework.testing.marks import alive, marked, until
from phonework.testing.person import Person, offers
from phonework.testing.phone import Phone, Shown
from phonework.testing.server import Server


@pytest.fixture
def mark() -> Iterator[str]:
    """In the environment of all that a test starts; afterwards nobody has it."""
    with marked() as mark:
        yield mark


def result(words: str) -> Callable[[Shown], bool]:
    """Whether it is the card of a command that has ended, and says this."""
    return lambda shown: shown.msg_type == "interactive" and shown.shows(words) and not offers(op="stop")(shown)


async def test_harmless_asked_and_refused(ada: Person, server: Server) -> None:
    (server.work / "hello/note.txt").write_text("first\n```\nfenced\n\x1b[31mred\x1b[0m\n")
    await ada.says("/shell cat note.txt")
    shown = await ada.sees(result("Exit code 0"))
    assert shown.shows("fenced")
    assert shown.shows("red")
    assert not shown.shows("[31m")

    await ada.says("/shell touch one && echo two > two.txt")
    asked = await ada.question("touch one && echo two > two.txt")
    assert asked.shows("changes something")
    assert not (server.work / "hello/one").exists()
    await ada.presses(asked, "Allow")
    await ada.sees(lambda shown: result("Exit code 0")(shown) and shown.shows("touch one"))
    assert (server.work / "hello/two.txt").read_text() == "two\n"

    await ada.says("/shell rm two.txt")
    await ada.presses(await ada.question("rm two.txt"), "Deny")
    await ada.sees(result("It was not run."))
    assert (server.work / "hello/two.txt").exists()

    await ada.says("/命令 rm -rf / --no-preserve-root")
    await ada.sees(lambda shown: shown.shows("take away too much") and shown.msg_type == "interactive")
    await ada.says("/shell cat")
    await ada.sees(lambda shown: result("(no output)")(shown) and shown.shows("Exit code 0"))
    assert await ada.phone.violations() == []


async def test_endless_output_is_stopped_by_the_button(ada: Person, server: Server, mark: str) -> None:
    await ada.says(f"/shell export MARK={mark}; (setsid sleep 1000 &); yes")
    await ada.presses(await ada.question(mark), "Allow")
    live = await ada.sees(lambda shown: offers(op="stop")(shown) and shown.shows("y\ny\ny"))
    await until(lambda: len(alive(mark)) >= 2)
    await ada.presses(live, "Stop")

    shown = await ada.sees(result("Stopped by you"))
    assert alive(mark) == []
    assert "stopped" in shown.texts
    assert shown.shows("its beginning and end are in output.txt")
    await ada.sees(lambda shown: shown.msg_type == "file" and shown.content["file_name"] == "output.txt")


async def test_what_forks_for_ever_ends_with_its_time(phone: Phone, idle_server: Server, mark: str) -> None:
    idle_server.settings |= {"SHELL__TIMEOUT": "1"}
    await idle_server.start()
    ada = Person(phone)
    await ada.says(f"/shell export MARK={mark}; while true; do (setsid sleep 1000 &); done")
    await ada.presses(await ada.question(mark), "Allow")

    await ada.sees(result("its time was up"))
    assert alive(mark) == []


async def test_killed_in_the_middle_nothing_runs_on_and_nothing_is_repeated(
    ada: Person, server: Server, mark: str
) -> None:
    made = server.work / "hello/made"
    await ada.says(f"/shell export MARK={mark}; echo x >> made; (setsid sleep 1000 &); sleep 1000")
    asked = await ada.question(mark)
    await ada.presses(asked, "Allow")
    await until(lambda: made.exists() and len(alive(mark)) == 2)
    await server.kill()
    await until(lambda: not alive(mark))
    await server.start()

    await ada.sees("Shell: the shell was interrupted in the middle of the turn")
    lost = await ada.sees(offers(op="retry"))
    await server.at_rest()
    assert made.read_text() == "x\n"
    await ada.presses(lost, "Retry")
    again = await ada.sees(lambda shown: shown.message_id != asked.message_id and offers(op="answer")(shown))
    assert made.read_text() == "x\n"
    await ada.presses(again, "Deny")
    await ada.sees(result("It was not run."))


async def test_it_does_not_disturb_a_question_of_the_agent(ada: Person, server: Server) -> None:
    """F6: and it runs where that session works."""
    await ada.says("confirm")
    await ada.question()
    await ada.says("/shell pwd")

    await ada.sees(result(str(server.work / "hello")))
    assert (await server.session())["state"] == "waiting_confirm"
