"""Group chats: cards and words there name the person, private ones do not; a topic is about one session of each person."""

from dataclasses import replace
from datetime import timedelta

import pytest

from phonework.channels.base import Chat
from phonework.fsm.types import SessionId
from phonework.testing.playbook import ADA, Playbook

GROUP = Chat(channel="feishu", chat_id="oc_group", private=False, root="om_root")
NAMED = f"<at id={ADA}></at>"


async def begin_in_group(play: Playbook) -> SessionId:
    await play.say("/new api --backend demo tidy up", chat=GROUP)
    session_id = play.one("SELECT session_id FROM session")
    await play.started(session_id)
    return SessionId(session_id)


async def test_in_a_group_cards_name_the_person(play: Playbook) -> None:
    session = await begin_in_group(play)
    request = await play.asks(session)

    assert f"{NAMED}, your answer is needed" in play.channel.shown(f"request:{request}").words
    assert f"{NAMED}: tidy up" in play.channel.shown(f"turn:{session}:1").words

    reply = await play.click(play.button(f"request:{request}", "answer", "allow"))

    assert NAMED in str(reply.card)
    assert NAMED in play.channel.shown(f"request:{request}").words
    assert "You" not in play.channel.shown(f"request:{request}").words


async def test_a_card_in_a_group_goes_on_naming_the_person_when_the_session_moves_on(play: Playbook) -> None:
    session = await begin_in_group(play)
    first = await play.asks(session)
    await play.click(play.button(f"request:{first}", "answer", "allow"))
    await play.say("and more")  # in private: the session follows
    second = await play.asks(session)

    await play.click(play.button(f"request:{second}", "answer", "allow"))
    await play.finishes(session)

    assert NAMED in play.channel.shown(f"turn:{session}:1").words
    assert play.channel.shown(f"request:{second}").chat.private
    assert "<at" not in play.channel.shown(f"request:{second}").words
    assert "You" in play.channel.shown(f"request:{second}").words


async def test_words_nobody_asked_for_name_whom_they_are_for(play: Playbook) -> None:
    session = await begin_in_group(play)
    await play.asks(session)
    await play.advance(timedelta(hours=1))

    words = [post.delivery for post in play.channel.posts.values() if post.delivery.markdown]
    assert any("Nobody answered" in one.markdown for one in words)
    assert all(one.mention == ("" if one.reply_to else ADA) for one in words)


async def test_in_private_nobody_is_named(play: Playbook) -> None:
    session = await play.begin("tidy up")
    await play.started(session)
    await play.asks(session)
    await play.say("/status")
    await play.advance(timedelta(hours=1))

    assert not [post for post in play.channel.posts.values() if "<at" in post.words or post.delivery.mention]


async def test_sessions_shown_in_a_group_are_somebodys(play: Playbook) -> None:
    await begin_in_group(play)
    await play.say("/status", chat=GROUP)

    assert any(post.words.startswith("My sessions") and NAMED in post.words for post in play.channel.posts.values())


async def begin_in_topic(play: Playbook, root: str, directory: str) -> SessionId:
    """A session begun by the first message of a topic, at work."""
    chat = replace(GROUP, root=root)
    await play.say(f"/new --create {directory} --backend demo tidy up", key=root, chat=chat)
    session_id = play.one("SELECT session_id FROM session WHERE cwd LIKE ?", f"%/{directory}")
    await play.started(session_id)
    return SessionId(session_id)


async def test_words_in_a_topic_are_for_the_session_it_is_about(play: Playbook) -> None:
    """The other one was gone to last, and its question is not answered by a yes to this one's."""
    first = await begin_in_topic(play, "om_one", "api")
    one = await play.asks(first)
    second = await begin_in_topic(play, "om_two", "web")
    other = await play.asks(second)

    await play.say("yes", chat=replace(GROUP, root="om_one"), reply_to="om_one")

    assert play.request_status(one) == "delivered"
    assert play.request_status(other) == "open"
    await play.say("/close", chat=replace(GROUP, root="om_one"), reply_to="om_one")
    assert play.state(first) == "closed"
    assert play.state(second) == "waiting_confirm"


async def test_a_topic_keeps_its_session_when_that_was_used_elsewhere(play: Playbook) -> None:
    first = await begin_in_topic(play, "om_one", "api")
    await play.say("and more")  # in private
    await begin_in_topic(play, "om_two", "web")
    one = await play.asks(first)

    await play.say("yes", chat=replace(GROUP, root="om_one"), reply_to="om_one")

    assert play.request_status(one) == "delivered"


async def test_words_in_somebody_elses_topic_answer_nothing(play: Playbook) -> None:
    """A yes there may be about anything."""
    first = await begin_in_topic(play, "om_one", "api")
    one = await play.asks(first)

    await play.say("yes", chat=replace(GROUP, root="om_graces"), reply_to="om_graces")

    assert play.request_status(one) == "open"
    assert any(
        f"api ({first}) waits for an answer, but not in this topic" in post.words
        for post in play.channel.posts.values()
    )


async def test_switching_in_a_topic_makes_it_about_the_other_session(play: Playbook) -> None:
    first = await begin_in_topic(play, "om_one", "api")
    second = await begin_in_topic(play, "om_two", "web")
    there = replace(GROUP, root="om_one")
    await play.say(f"/switch {second}", chat=there, reply_to="om_one")
    asked = await play.asks(second)
    await play.asks(first)

    await play.say("/status", chat=there, reply_to="om_one")
    await play.say("yes", chat=there, reply_to="om_one")

    assert play.request_status(asked) == "delivered"


ALIEN = replace(GROUP, root="om_graces")


def said_last(play: Playbook) -> str:
    return list(play.channel.posts.values())[-1].words


@pytest.mark.parametrize("command", ["/stop", "/close", "/retry", "/model opus", "/mode plan"])
async def test_a_command_in_somebody_elses_topic_changes_nothing_elsewhere(play: Playbook, command: str) -> None:
    session = await begin_in_topic(play, "om_one", "api")
    before = play.rows("SELECT state, version FROM session")

    await play.say(command, chat=ALIEN, reply_to="om_graces")

    assert play.rows("SELECT state, version FROM session") == before
    assert "in this topic" in said_last(play)
    assert (f"/close {session}" if command == "/close" else f"/switch {session}") in said_last(play)


async def test_what_the_sentence_names_does_it(play: Playbook) -> None:
    session = await begin_in_topic(play, "om_one", "api")
    await play.say(f"/switch {session}", chat=ALIEN, reply_to="om_graces")
    await play.say("/stop", chat=ALIEN, reply_to="om_graces")

    assert play.state(session) == "stopping"
    await play.say(f"/close {session}", chat=replace(GROUP, root="om_third"), reply_to="om_third")
    assert play.state(session) == "closed"


async def test_without_any_session_the_topic_is_not_blamed_on_one(play: Playbook) -> None:
    await play.say("/stop", chat=ALIEN, reply_to="om_graces")

    assert "reply to a message of the session you mean" in said_last(play)


async def test_a_command_that_begins_a_topic_is_about_the_active_session(play: Playbook) -> None:
    session = await begin_in_topic(play, "om_one", "api")
    await play.say("/stop", key="om_new", chat=replace(GROUP, root="om_new"))

    assert play.state(session) == "stopping"


async def test_a_mistyped_command_in_somebody_elses_topic_changes_nothing_when_it_is_put_right(play: Playbook) -> None:
    session = await begin_in_topic(play, "om_one", "api")
    await play.say("/colse", chat=ALIEN, reply_to="om_graces")
    card = next(key for post in play.channel.posts.values() if (key := post.delivery.card_key).startswith("meant:"))
    tap = play.tap(play.button(card, "meant"))
    await play.deliver(replace(tap, chat=replace(GROUP, root=tap.message_id)))  # it does not tell the topic

    assert play.state(session) == "executing"
    assert f"/close {session}" in said_last(play)
