"""What was missed while the connection was away is fetched from the chats' history, and people are told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from phonework.channels.base import Act, Chat, Reply, Said
from phonework.errors import ChannelError, StoreError
from phonework.healing import OVERLAP, TOPICS, TOPICS_LIVE, Healer
from phonework.store import topics
from phonework.testing.clock import ManualClock
from phonework.testing.playbook import ADA, BOB, Playbook, private_chat

GROUP = Chat(channel="feishu", chat_id="oc_group", private=False)


class History:
    """A channel's past: what each chat holds. error: raised instead."""

    name = "feishu"

    def __init__(self, clock: ManualClock) -> None:
        self._clock, self.takes = clock, timedelta()
        self.held: dict[str, list[Said]] = {}
        self.asked: list[tuple[str, datetime]] = []
        self.errors: dict[str, ChannelError] = {}
        self.topics: list[str] = []

    async def heal(self, chat_id: str, since: datetime, *, private: bool = True) -> Sequence[Said]:
        self.asked.append((chat_id, since))
        self._clock.advance(self.takes)
        if error := self.errors.get(chat_id):
            raise error
        return [said for said in self.held.get(chat_id, []) if said.sent_at >= since]

    async def heal_topic(self, root: str, since: datetime) -> Sequence[Said]:
        self.topics.append(root)
        return await self.heal(root, since)


@pytest.fixture
def history(play: Playbook) -> History:
    return History(play.clock)


@pytest.fixture
def healer(play: Playbook, history: History) -> Healer:
    return Healer(writer=play.writer, clock=play.clock, channel=history, submit=play.deliver)


def missed(play: Playbook, text: str, *, user: str = ADA, chat: Chat | None = None) -> Said:
    key = f"om_missed_{text}"
    where = chat or private_chat(user)
    return Said(key=key, user=user, chat=where, message_id=key, text=text, sent_at=play.clock.now())


def topic(root: str) -> Chat:
    return replace(GROUP, root=root)


async def test_a_message_that_never_arrived_is_taken_in_once(play: Playbook, history: History, healer: Healer) -> None:
    """C11."""
    await play.begin()
    history.held[f"oc_of_{ADA}"] = [missed(play, "go")]
    await healer.heal()
    await healer.heal()

    assert [start.prompts[0].text for start in play.script.starts] == ["go"]
    assert history.topics == [], "a private chat has none"


async def test_what_was_known_is_recognised(play: Playbook, history: History, healer: Healer) -> None:
    """C2: the history is read from a little before the mark."""
    await play.begin()
    history.held[f"oc_of_{ADA}"] = [await play.say("go")]
    assert await healer.heal() == 1

    assert len(play.script.starts) == 1


async def test_a_message_found_late_is_shown_and_not_run(play: Playbook, history: History, healer: Healer) -> None:
    """F13, C11."""
    await play.begin()
    history.held[f"oc_of_{ADA}"] = [missed(play, "delete it")]
    await play.advance(timedelta(minutes=15))
    await healer.heal()

    assert play.script.starts == []
    assert play.one("SELECT count(*) FROM prompt WHERE status = 'held'") == 1


async def test_the_next_look_begins_shortly_before_the_last_one(
    play: Playbook, history: History, healer: Healer
) -> None:
    await play.begin()
    await play.advance(timedelta(minutes=10))
    looked = play.clock.now()
    await healer.heal()
    await play.advance(timedelta(minutes=5))
    await healer.heal()

    assert history.asked[-1] == (f"oc_of_{ADA}", looked - OVERLAP)


async def test_one_chat_that_cannot_be_read_holds_up_no_other(play: Playbook, history: History, healer: Healer) -> None:
    await play.begin()
    await play.begin(user=BOB)
    history.errors[f"oc_of_{ADA}"] = ChannelError("the bot is out of the chat", gone=True)
    history.held[f"oc_of_{BOB}"] = [missed(play, "go", user=BOB)]
    await healer.heal()

    assert [start.prompts[0].text for start in play.script.starts] == ["go"]


async def test_the_mark_stays_where_a_message_could_not_be_stored(play: Playbook, history: History) -> None:
    """C2: it is looked at again."""
    await play.begin()
    seen = play.one("SELECT seen_at_ms FROM chat")
    history.held[f"oc_of_{ADA}"] = [missed(play, "go")]

    async def refuses(act: Act) -> Reply:
        raise StoreError("the disk is full")

    await play.advance(timedelta(minutes=1))
    await Healer(writer=play.writer, clock=play.clock, channel=history, submit=refuses).heal()

    assert play.one("SELECT seen_at_ms FROM chat") == seen


async def test_people_are_told_from_when_to_when_the_bot_was_deaf(play: Playbook, healer: Healer) -> None:
    """C11: in their private chats."""
    await play.begin()
    await play.say("/status", chat=GROUP, user=BOB)
    before = len(play.channel.posts)
    since = play.clock.now()
    await healer.on_gap(since, since + timedelta(minutes=7))
    await play.settled()

    told = list(play.channel.posts.values())[before:]
    assert [post.chat.chat_id for post in told] == [f"oc_of_{ADA}"]
    assert f"{since.astimezone():%H:%M}" in told[0].words


async def test_a_short_gap_is_healed_without_a_word(play: Playbook, history: History, healer: Healer) -> None:
    await play.begin()
    before, since = len(play.channel.posts), play.clock.now()
    await healer.on_gap(since, since + timedelta(seconds=30))
    await play.settled()

    assert len(play.channel.posts) == before
    assert history.asked


async def test_a_message_of_somebody_else_in_the_chat_is_theirs(
    play: Playbook, history: History, healer: Healer
) -> None:
    """C10: what is found in a history is authorised like everything else."""
    await play.begin()
    history.held[f"oc_of_{ADA}"] = [replace(missed(play, "go"), user="ou_mallory")]
    await healer.heal()

    assert play.script.starts == []


async def test_what_is_said_while_the_history_is_read_is_looked_for_next_time(
    play: Playbook, history: History, healer: Healer
) -> None:
    """The mark is set to when the reading began."""
    await play.begin()
    began = play.clock.now()
    history.takes = timedelta(minutes=5)
    await healer.heal()
    await healer.heal()

    assert history.asked[-1] == (f"oc_of_{ADA}", began - OVERLAP)


async def test_a_gap_is_read_from_its_beginning_though_the_chat_was_read_since(
    play: Playbook, history: History, healer: Healer
) -> None:
    """What was sent on the dying connection is in neither."""
    await play.begin()
    since = play.clock.now()
    await play.advance(timedelta(minutes=10))
    await healer.heal()
    await healer.on_gap(since, play.clock.now())

    assert history.asked[-1] == (f"oc_of_{ADA}", since - OVERLAP)


# Topics of groups


async def test_what_was_said_in_a_topic_is_taken_in_once(play: Playbook, history: History, healer: Healer) -> None:
    """C11: the group's own history does not have it."""
    await play.begin()
    await play.say("/status", chat=topic("om_root"))
    history.held["om_root"] = [missed(play, "go", chat=topic("om_root"))]
    await healer.heal()
    await healer.heal()

    assert [start.prompts[0].text for start in play.script.starts] == ["go"]


async def test_a_group_is_healed_in_the_order_in_which_it_was_said(
    play: Playbook, history: History, healer: Healer
) -> None:
    await play.begin()
    await play.say("/status", chat=topic("om_root"))
    first = missed(play, "first", chat=topic("om_root"))
    await play.advance(timedelta(seconds=1))
    second = missed(play, "second", chat=topic("om_missed_second"))
    await play.advance(timedelta(seconds=1))
    third = missed(play, "third", chat=topic("om_missed_second"))
    history.held |= {"om_root": [first], GROUP.chat_id: [second], "om_missed_second": [second, third]}
    await healer.heal()

    rows = play.rows("SELECT dedupe_key FROM event WHERE dedupe_key LIKE 'om_missed%' ORDER BY seq")
    assert [key for (key,) in rows] == [first.key, second.key, third.key]


async def test_a_topic_that_can_never_be_read_holds_up_nothing(
    play: Playbook, history: History, healer: Healer
) -> None:
    await play.begin()
    await play.say("/status", chat=topic("om_recalled"))
    await play.say("/status", chat=topic("om_root"))
    seen = play.one("SELECT seen_at_ms FROM chat WHERE NOT private")
    history.errors["om_recalled"] = ChannelError("the message was recalled", gone=True)
    history.held["om_root"] = [missed(play, "go", chat=topic("om_root"))]
    await healer.heal()

    assert [start.prompts[0].text for start in play.script.starts] == ["go"]
    assert play.one("SELECT seen_at_ms FROM chat WHERE NOT private") > seen


async def test_the_mark_stays_where_a_topic_cannot_be_read_for_now(
    play: Playbook, history: History, healer: Healer
) -> None:
    await play.begin()
    await play.say("/status", chat=topic("om_root"))
    seen = play.one("SELECT seen_at_ms FROM chat WHERE NOT private")
    history.errors["om_root"] = ChannelError("too many requests", retry_after=timedelta(seconds=2))
    await play.advance(timedelta(minutes=1))
    await healer.heal()

    assert play.one("SELECT seen_at_ms FROM chat WHERE NOT private") == seen


async def test_a_topic_that_rested_long_is_left_alone(play: Playbook, history: History, healer: Healer) -> None:
    await play.say("/status", chat=topic("om_long_ago"))
    await play.advance(timedelta(days=1))
    await play.say("/status", chat=topic("om_root"))
    await play.advance(TOPICS_LIVE)
    await healer.heal()

    assert history.topics == ["om_root"]


async def test_each_group_is_asked_for_its_own_topics(play: Playbook, history: History, healer: Healer) -> None:
    """A private chat has none."""
    await play.begin("go")
    await play.say("/status", chat=topic("om_root"))
    await play.say("/status", chat=replace(GROUP, chat_id="oc_other", root="om_other"))
    await play.say("/status", chat=GROUP)
    await healer.heal()

    assert sorted(history.topics) == ["om_other", "om_root"]
    assert topics.known(play.database, "feishu", GROUP.chat_id, play.clock.now() - TOPICS_LIVE) == ["om_root"]
    assert topics.known(play.database, "elsewhere", GROUP.chat_id, play.clock.now() - TOPICS_LIVE) == []


async def test_only_the_topics_used_last_are_looked_through(play: Playbook, history: History, healer: Healer) -> None:
    for number in range(TOPICS + 1):
        await play.say("/status", chat=topic(f"om_{number}"))
    await healer.heal()

    assert history.topics == [f"om_{number}" for number in range(TOPICS, 0, -1)]


async def test_a_topic_opened_while_the_bot_was_deaf_is_read_whole(
    play: Playbook, history: History, healer: Healer
) -> None:
    """Its first message is in the group's history; only one that speaks to the bot opens a topic with it."""
    await play.begin()
    await play.say("/status", chat=topic("om_root"))
    history.held[GROUP.chat_id] = [
        missed(play, "go", chat=topic("om_missed_go")),
        replace(missed(play, "lunch", chat=topic("om_missed_lunch")), addressed=False),
    ]
    await healer.heal()

    assert history.topics == ["om_missed_go", "om_root"]


async def test_a_message_found_late_in_a_topic_is_shown_there_and_not_run(
    play: Playbook, history: History, healer: Healer
) -> None:
    """F13: it can be run or dropped by a tap."""
    session = await play.begin()
    await play.say("/status", chat=topic("om_root"))
    history.held["om_root"] = [missed(play, "delete it", chat=topic("om_root"))]
    await play.advance(timedelta(minutes=10, seconds=1))
    await healer.heal()
    await play.settled()

    assert play.script.starts == []
    ((held,),) = play.rows("SELECT prompt_id FROM prompt WHERE status = 'held'")
    assert play.channel.shown(f"prompt:{held}").chat == topic("om_root")
    assert {value["op"] for value in play.channel.values(f"prompt:{held}")} == {"send_now", "drop"}
    await play.click(play.button(f"prompt:{held}", "send_now"))
    assert [start.prompts[0].text for start in play.script.starts] == ["delete it"]
    assert play.state(session) == "executing"


async def test_a_message_found_in_time_is_run(play: Playbook, history: History, healer: Healer) -> None:
    """F13: ten minutes old, and not older."""
    await play.begin()
    history.held[f"oc_of_{ADA}"] = [missed(play, "go")]
    await play.advance(timedelta(minutes=10))
    await healer.heal()

    assert [start.prompts[0].text for start in play.script.starts] == ["go"]
