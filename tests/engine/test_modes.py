"""`/mode`: how much an agent asks; and that one that asks nothing always has an end (S11)."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from phonework.backends.base import PermissionMode
from phonework.channels.base import Said
from phonework.fsm.events import TurnFinished
from phonework.fsm.types import SessionId
from phonework.intake.modes import named
from phonework.testing.backend import Deed
from phonework.testing.channel import Post
from phonework.testing.playbook import ADA, BOB, Playbook, private_chat

BYPASS = "bypassPermissions"
QUARTER = timedelta(minutes=15)


def mode_of(play: Playbook, session_id: SessionId) -> str:
    return str(play.one("SELECT mode FROM session WHERE session_id = ?", session_id))


async def offered(play: Playbook, time: str = "") -> dict[str, object]:
    """The button of the card that asks whether the agent may ask nothing."""
    await play.say(f"/mode bypass {time}".strip())
    (session_id,) = play.rows("SELECT active_session FROM user WHERE user_id = ?", ADA)[0]
    return play.button(f"mode:{session_id}", "mode")


async def unleashed(play: Playbook, time: str = "") -> SessionId:
    """A session at work whose agent asks nothing."""
    session_id = await play.begin("hello")
    reply = await play.click(await offered(play, time))
    assert reply.toast is not None
    assert reply.toast.kind == "success"
    return session_id


async def test_a_mode_reaches_an_agent_at_work_at_once_and_the_next_turn_too(play: Playbook) -> None:
    session_id = await play.begin("hello")

    await play.say("/mode plan")

    assert play.script.modes == [(session_id, "plan")]
    assert "mode `plan` now" in play.channel.texts()[-1]
    await play.agent(session_id, TurnFinished(turn=1, text="done"))
    await play.say("go on")
    assert play.script.starts[-1].mode == "plan"


async def test_a_mode_is_chosen_by_its_button_too(play: Playbook) -> None:
    session_id = await play.begin()
    await play.say("/mode")
    assert "Now: **default**" in play.channel.shown(f"mode:{session_id}").words, "as the list calls it"
    values = [one for one in play.channel.values(f"mode:{session_id}") if one["op"] == "mode"]
    assert [one["mode"] for one in values] == ["default", "plan"], "what is dangerous is asked about first"

    reply = await play.click(values[1])

    assert mode_of(play, session_id) == "plan"
    assert reply.card is not None
    again = await play.click(values[1])
    assert again.toast is not None
    assert "already" in again.toast.text


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("/mode yolo", "There is no mode `yolo`"),
        ("/mode by", "There is no mode `by`"),
        ("/mode plan 5m", "only a mode in which nothing is asked takes a time"),
        ("/mode bypass 3h", "between 1 minute and 2 hours"),
        ("/mode bypass 0", "between 1 minute and 2 hours"),
        ("/mode bypass 30s", "between 1 minute and 2 hours"),
        ("/mode bypass -5m", "no length of time"),
        ("/mode bypass for ever", "no length of time"),
        ("/new api --mode bypassPermissions hi", "cannot begin in `bypassPermissions`"),
        ("/new api --mode yolo hi", "There is no mode `yolo`"),
    ],
)
async def test_what_makes_no_mode_changes_nothing_and_says_so(play: Playbook, words: str, answer: str) -> None:
    session_id = await play.begin("hello")

    await play.say(words)

    assert answer in play.channel.texts()[-1]
    assert mode_of(play, session_id) == ""
    assert play.script.modes == []


async def test_without_a_session_there_is_no_mode(play: Playbook) -> None:
    await play.say("/mode plan")
    assert "You are in no session" in play.channel.texts()[-1]


async def test_asking_nothing_needs_a_tap_and_ends_by_itself(play: Playbook) -> None:
    session_id = await play.begin("hello")
    value = await offered(play)
    assert mode_of(play, session_id) == ""
    assert play.script.modes == []

    await play.click(value)
    assert mode_of(play, session_id) == BYPASS
    assert "for 15 min the agent asks nothing" in play.channel.texts()[-1]
    await play.advance(QUARTER - timedelta(seconds=1))
    assert mode_of(play, session_id) == BYPASS
    await play.advance(timedelta(seconds=1))

    assert mode_of(play, session_id) == ""
    assert play.script.modes == [(session_id, BYPASS), (session_id, "")]
    assert "the agent asks again" in play.channel.texts()[-1]
    kinds = [row[0] for row in play.rows("SELECT kind FROM event WHERE kind LIKE 'Mode%' ORDER BY seq")]
    assert kinds == ["ModeChosen", "ModeExpired"], "it stands in the history"


@pytest.mark.parametrize("ends", ["by time", "/mode default", "/close"])
async def test_its_card_warns_no_longer_when_it_has_ended(play: Playbook, ends: str) -> None:
    session_id = await unleashed(play)
    await play.say("/mode")
    card = f"mode:{session_id}"
    assert "Nothing is asked" in play.channel.shown(card).words
    if ends == "by time":
        await play.advance(QUARTER)
    else:
        await play.say(ends)

    assert "Nothing is asked" not in play.channel.shown(card).words
    assert play.channel.shown(card).shows.card["header"]["template"] == "blue"  # type: ignore[index]


@pytest.mark.parametrize("command", ["mode", "model"])
async def test_of_several_cards_only_the_newest_says_how_things_are(play: Playbook, command: str) -> None:
    session_id = await play.begin("hello")
    await play.say(f"/{command}")
    (older,) = [post for post in play.channel.posts.values() if post.delivery.card_key == f"{command}:{session_id}"]
    await play.say(f"/{command}")
    newest = play.channel.shown(f"{command}:{session_id}")
    assert newest is not older
    assert "see the newer card below" in older.words
    assert list(buttons_of(older)) == []

    before = newest.words
    await play.say(f"/{command} plan")
    assert newest.words != before
    assert "plan" in newest.words
    assert "see the newer card below" in older.words
    assert "see the newer card below" not in newest.words


def buttons_of(post: Post) -> Iterator[object]:
    """What the buttons of the card that a message shows now carry."""
    nodes: list[object] = [post.shows.card]
    while nodes:
        node = nodes.pop()
        if isinstance(node, dict):
            if node.get("tag") == "button":
                yield node
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)


async def test_the_newest_card_is_not_taken_for_an_earlier_one_after_a_crash(play: Playbook) -> None:
    session_id = await play.begin("hello")
    shown = "SELECT count(*) FROM message WHERE card_key LIKE 'mode:%'"
    said = Said(key="om_x", user=ADA, chat=private_chat(ADA), message_id="om_x", text="/mode", sent_at=play.clock.now())
    async with play.crashing_when(lambda: play.one(shown) == 1):
        await play.core.router.submit(said)
    assert "see the newer card below" not in play.channel.shown(f"mode:{session_id}").words


async def test_a_mode_without_a_card_ends_without_an_update_of_one(play: Playbook) -> None:
    session_id = await unleashed(play)
    play.core.router._targets.clear()
    await play.writer.run(
        lambda connection, _now: connection.execute("DELETE FROM message WHERE card_key LIKE 'mode:%'")
    )
    before = len(play.channel.posts)
    await play.advance(QUARTER)
    assert mode_of(play, session_id) == ""
    assert [one.words for one in list(play.channel.posts.values())[before:] if one.delivery.card] == []


async def test_one_card_is_confirmed_once(play: Playbook) -> None:
    session_id = await unleashed(play)
    value = await offered(play)
    await play.click(value)
    await play.say("/mode default")

    again = await play.click(value)

    assert mode_of(play, session_id) == "default"
    assert again.toast is not None
    assert again.toast.kind == "warning"


async def test_a_card_that_is_too_old_or_somebody_elses_does_nothing(play: Playbook) -> None:
    session_id = await play.begin("hello")
    value = await offered(play)

    await play.click(value, user=BOB)
    await play.click({**value, "mode": "nonsense"})
    await play.click({**value, "g": 121})
    await play.click({**value, "at": int(play.clock.now().timestamp()) + 60})
    await play.advance(timedelta(minutes=11))
    reply = await play.click(value)

    assert reply.toast is not None
    assert "too old" in reply.toast.text
    assert mode_of(play, session_id) == ""
    assert play.script.modes == []


async def test_it_ends_at_once_when_the_person_says_so(play: Playbook) -> None:
    session_id = await unleashed(play)

    await play.say("/mode default")

    assert play.script.modes[-1] == (session_id, "default")
    assert play.rows("SELECT 1 FROM timer WHERE name = 'mode'") == []


async def test_it_ends_with_the_session(play: Playbook) -> None:
    session_id = await unleashed(play)
    await play.say("/close")
    assert mode_of(play, session_id) == ""
    assert play.rows("SELECT 1 FROM timer WHERE name = 'mode'") == []


async def test_after_a_longer_one_the_mode_of_before_comes_back(play: Playbook) -> None:
    session_id = await unleashed(play)
    await play.click(await offered(play, "1h"))
    await play.advance(QUARTER)
    assert mode_of(play, session_id) == BYPASS
    await play.advance(timedelta(minutes=46))
    assert mode_of(play, session_id) == ""


async def test_time_that_is_over_while_the_program_is_down_is_over(play: Playbook) -> None:
    """A turn that is begun before anybody looked at the clock does not have it either."""
    session_id = await unleashed(play)
    await play.agent(session_id, TurnFinished(turn=1, text="done"))
    await play.crash(start=False)
    play.clock.advance(QUARTER)
    await play.open()
    play.core.node.sweep = _never  # type: ignore[method-assign]  # nobody looks at the clock
    await play.core.start(play.left)

    await play.say("go on")

    assert play.script.starts[-1].mode == ""


async def _never() -> None:
    return None


async def test_it_goes_on_after_a_restart_and_ends_then(play: Playbook) -> None:
    session_id = await unleashed(play)
    await play.crash()
    assert mode_of(play, session_id) == BYPASS
    await play.say("go on")
    assert play.script.starts[-1].mode == BYPASS

    await play.advance(QUARTER)

    assert play.script.modes[-1] == (session_id, "")


async def test_an_order_that_waited_past_its_time_is_not_carried_out(play: Playbook) -> None:
    session_id = await play.begin("hello")
    value = await offered(play)
    play.script.deeds.append(Deed.HANG)
    await play.say("/mode plan")  # hangs, and what follows waits behind it
    await play.click(value)
    await play.advance(QUARTER)

    await play.release()

    assert (session_id, BYPASS) not in play.script.modes
    assert play.script.modes[-1] == (session_id, "plan")


async def test_an_agent_that_refuses_says_so_and_the_mode_stays(play: Playbook) -> None:
    session_id = await play.begin("hello")
    value = await offered(play)
    play.script.deeds.append(Deed.ERROR)

    await play.click(value)

    assert mode_of(play, session_id) == ""
    texts = play.channel.texts()
    assert any("not logged in" in text for text in texts)
    assert "stays as it was" in texts[-1]
    assert play.rows("SELECT 1 FROM timer WHERE name = 'mode'") == []


async def test_live_cards_carry_a_red_banner_while_it_lasts(play: Playbook) -> None:
    session_id = await unleashed(play)
    request_id = await play.asks(session_id)
    turn, request = f"turn:{session_id}:1", f"request:{request_id}"
    for key in (turn, request):
        assert "Nothing is asked" in play.channel.shown(key).words

    await play.advance(timedelta(minutes=4))
    await play.say("/mode default")

    for key in (turn, request):
        assert "Nothing is asked" not in play.channel.shown(key).words


def test_a_dangerous_mode_is_never_meant_by_a_beginning() -> None:
    modes = (
        PermissionMode(name="default"),
        PermissionMode(name="dontAsk"),
        PermissionMode(name=BYPASS, dangerous=True),
    )
    names = {
        typed: found.name if (found := named(modes, typed)) else ""
        for typed in ("DEF", "d", "by", "bypass", "免询问", "")
    }
    assert names == {"DEF": "default", "d": "", "by": "", "bypass": BYPASS, "免询问": BYPASS, "": ""}
