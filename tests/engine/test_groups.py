"""Group chats: cards and words there name the person, private ones do not."""

from datetime import timedelta

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
