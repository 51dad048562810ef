"""Names are asked for once, and nobody waits for them."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from phonework.errors import ChannelError
from phonework.naming import Names
from phonework.testing.playbook import ADA, BOB, Playbook


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Playbook]:
    async with Playbook.opened(tmp_path) as play:
        yield play


class Register:
    """Knows what it was given; counts who was asked for."""

    def __init__(self, *answers: str | ChannelError) -> None:
        self.answers, self.asked = list(answers), list[str]()

    async def name_of(self, user: str) -> str:
        self.asked.append(user)
        answer = self.answers.pop(0)
        if isinstance(answer, ChannelError):
            raise answer
        return answer


def name_of(play: Playbook, user: str) -> str:
    return str(play.one("SELECT name FROM user WHERE user_id = ?", user))


async def test_a_name_is_asked_for_once_and_kept(play: Playbook) -> None:
    await play.say("/status")
    register = Register("Ada")
    names = Names(writer=play.writer, directory=register)

    await names.look()
    await names.look()

    assert (register.asked, name_of(play, ADA)) == ([ADA], "Ada")


async def test_those_who_were_never_let_in_are_not_looked_up(play: Playbook) -> None:
    await play.say("hello", user="ou_mallory")
    register = Register()
    await Names(writer=play.writer, directory=register).look()
    assert register.asked == []


@pytest.mark.parametrize("answer", ["", ChannelError("refused", code=99991672)])
async def test_what_may_not_be_read_is_logged_once_and_not_asked_again(
    play: Playbook, answer: str | ChannelError
) -> None:
    await play.say("/status")
    await play.say("/status", user=BOB)
    register = Register(answer, answer)
    names = Names(writer=play.writer, directory=register)

    with capture_logs() as logs:
        await names.look()
        await names.look()

    assert register.asked == [ADA, BOB]
    assert [line["event"] for line in logs if "names" in line["event"]] == ["people's names are not known"]


async def test_what_fails_for_now_is_asked_again(play: Playbook) -> None:
    await play.say("/status")
    register = Register(ChannelError("away", retry_after=timedelta(seconds=1)), "Ada")
    names = Names(writer=play.writer, directory=register)

    await names.look()
    assert name_of(play, ADA) == ""
    await names.look()

    assert name_of(play, ADA) == "Ada"


async def test_a_known_name_changes_no_card(play: Playbook) -> None:
    session = await play.begin("go")
    await play.started(session)
    request = await play.asks(session)
    await Names(writer=play.writer, directory=Register("Ada")).look()

    await play.click(play.button(f"request:{request}", "answer", "allow"))

    words = play.channel.shown(f"request:{request}").words
    assert "You: " in words
    assert "Ada" not in words
