"""Messages in and out, against the emulator."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from phonework.channels.base import Action, Chat, Delivery
from phonework.errors import ChannelError

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def card(text: str, **value: Any) -> dict[str, Any]:
    button = {
        "tag": "button",
        "text": {"tag": "plain_text", "content": "Allow"},
        "behaviors": [{"type": "callback", "value": value or {"op": "answer"}}],
    }
    return {"schema": "2.0", "body": {"elements": [{"tag": "markdown", "content": text}, button]}}


async def test_a_text_arrives_with_who_said_it_where_and_when(desk: Any) -> None:
    message_id = await desk.phone.say("fix the build")

    (said,) = await desk.said()
    assert (said.key, said.message_id, said.text) == (message_id, message_id, "fix the build")
    assert said.user.startswith("ou_")
    assert said.chat == await desk.chat()
    assert abs((datetime.now(UTC) - said.sent_at).total_seconds()) < 5
    assert said.addressed
    assert not said.problem
    assert desk.channel.health().last_event_at is not None


async def test_a_sticker_arrives_as_something_unreadable(desk: Any) -> None:
    await desk.phone.send("sticker", {"file_key": "v3_sticker"})

    (said,) = await desk.said()
    assert said.problem == "unsupported_message"


async def test_events_of_no_use_are_acknowledged_all_the_same(desk: Any) -> None:
    """Unanswered ones would come back four times."""
    message_id = await desk.phone.say("hello")
    await desk.phone.menu("status")
    await desk.phone.react(message_id)
    await desk.phone.recall(message_id)
    await desk.phone.idle()

    deliveries = await desk.phone.deliveries()
    assert len(deliveries) == 4
    assert [each["attempts"][0]["outcome"] for each in deliveries] == ["acked"] * 4


async def test_a_group_is_heard_when_it_mentions_the_bot_and_answered_in_the_thread(desk: Any) -> None:
    user = (await desk.phone.add_user("ou_ann"))["open_id"]
    group = await desk.phone.add_group("team", [user])
    await desk.until_known()
    message_id = await desk.phone.say("deploy", user=user, chat=group, mention_bot=True)

    (said,) = await desk.said()
    assert (said.text, said.addressed) == ("deploy", True)
    assert said.chat == Chat(channel="feishu", chat_id=group, private=False, root=message_id)

    await desk.channel.deliver(Delivery(key="k", chat=said.chat, markdown="deploying"))
    shown = await desk.phone.wait_for_message("deploying", chat=group)
    assert shown.thread_id
    assert shown.reply_to == message_id


async def test_where_topics_are_impossible_the_reply_is_a_plain_one(desk: Any) -> None:
    message_id = await desk.phone.say("hello")
    chat = Chat(channel="feishu", chat_id=(await desk.chat()).chat_id, private=False, root=message_id)

    await desk.channel.deliver(Delivery(key="k", chat=chat, markdown="here"))

    shown = await desk.phone.wait_for_message("here")
    assert (shown.reply_to, shown.thread_id) == (message_id, "")


async def test_a_reply_to_what_was_recalled_is_said_in_the_chat(desk: Any) -> None:
    message_id = await desk.phone.say("oops")
    await desk.phone.recall(message_id)

    await desk.channel.deliver(Delivery(key="k", chat=await desk.chat(), reply_to=message_id, markdown="still here"))

    assert (await desk.phone.wait_for_message("still here")).reply_to == ""


async def test_plain_words_are_a_post_and_tables_a_card(desk: Any) -> None:
    chat = await desk.chat()
    plain = await desk.channel.deliver(Delivery(key="s:1:1", chat=chat, markdown="Done: **3** files.\n```\nx\n```"))
    table = await desk.channel.deliver(
        Delivery(key="s:1:2", chat=chat, markdown="## Costs\n| a | b |\n|---|---|\n| 1 | 2 |")
    )

    assert (await desk.phone.message(plain.message_id)).msg_type == "post"
    assert (await desk.phone.message(table.message_id)).msg_type == "interactive"
    assert await desk.phone.violations() == []


async def test_somebody_can_be_written_to_by_open_id(desk: Any) -> None:
    user = (await desk.phone.add_user("ou_ann"))["open_id"]

    await desk.channel.deliver(Delivery(key="k", chat=Chat(channel="feishu", chat_id=user), markdown="psst"))

    await desk.phone.wait_for_message("psst", chat=await desk.phone.private_chat(user))


async def test_an_equal_key_sends_once(desk: Any) -> None:
    delivery = Delivery(key="s:1:1", chat=await desk.chat(), card=card("Run it?"))

    first, second = [await desk.channel.deliver(delivery) for _ in range(2)]

    assert first.message_id == second.message_id
    assert len(await desk.phone.messages(from_bot=True)) == 1


async def test_a_card_is_updated_in_place(desk: Any) -> None:
    chat = await desk.chat()
    sent = await desk.channel.deliver(Delivery(key="1", chat=chat, card=card("Run it?")))

    await desk.channel.deliver(
        Delivery(key="2", chat=chat, action=Action.UPDATE, target=sent.message_id, card=card("Allowed"))
    )
    assert (await desk.phone.message(sent.message_id)).shows("Allowed")

    await desk.channel.deliver(
        Delivery(key="3", chat=chat, action=Action.UPDATE, target=sent.message_id, markdown="in **words**")
    )
    assert (await desk.phone.message(sent.message_id)).shows("in **words**")


async def test_a_change_that_was_given_up_does_not_come_after_the_next(desk: Any) -> None:
    """The call goes on when nobody waits for it any more; it must not bring an old form back."""
    chat = await desk.chat()
    sent = await desk.channel.deliver(Delivery(key="1", chat=chat, card=card("Run it?")))
    path = f"messages/{sent.message_id}"
    await desk.phone.fault("http.delay", seconds=1, match={"path": path})

    def change(words: str) -> Any:
        update = Delivery(key=words, chat=chat, action=Action.UPDATE, target=sent.message_id, card=card(words))
        return desk.channel.deliver(update)

    old = asyncio.create_task(change("Working"))
    while not (await desk.phone.faults())[0]["fired"]:
        assert not old.done()
    old.cancel()
    await change("Done")
    while len((message := await desk.phone.message(sent.message_id)).versions) < 3:
        pass

    assert message.shows("Done")


async def test_a_card_that_is_gone_says_so(desk: Any) -> None:
    chat = await desk.chat()
    sent = await desk.channel.deliver(Delivery(key="1", chat=chat, card=card("Run it?")))
    update = Delivery(key="2", chat=chat, action=Action.UPDATE, target=sent.message_id, card=card("Allowed"))

    await desk.phone.jump(15 * 86400)
    with pytest.raises(ChannelError, match="14 days") as old:
        await desk.channel.deliver(update)
    await desk.phone.recall(sent.message_id)
    with pytest.raises(ChannelError, match="recalled") as recalled:
        await desk.channel.deliver(update)

    assert (old.value.gone, old.value.code, old.value.retry_after) == (True, 230031, None)
    assert recalled.value.gone


@pytest.mark.parametrize("update", [False, True])
async def test_a_card_feishu_refuses_is_not_tried_again(desk: Any, update: bool) -> None:
    chat = await desk.chat()
    sent = await desk.channel.deliver(Delivery(key="1", chat=chat, card=card("Run it?")))
    wrong = card("Finished")
    wrong["body"]["elements"].append({"tag": "action", "actions": []})
    action, target = (Action.UPDATE, sent.message_id) if update else (Action.CREATE, "")

    with pytest.raises(ChannelError, match="the card was refused") as error:
        await desk.channel.deliver(Delivery(key="2", chat=chat, action=action, target=target, card=wrong))

    assert (error.value.code, error.value.retry_after, error.value.gone) == (200861, None, False)
    assert len(await desk.phone.messages(from_bot=True)) == 1


async def test_mentions_and_foreign_pictures_in_an_agents_words_do_no_harm(desk: Any) -> None:
    words = "# Report\n<at id=all></at> and <at id=ou_nobody></at> ![plot](https://example.org/p.png)"

    await desk.channel.deliver(Delivery(key="1", chat=await desk.chat(), markdown=words))

    shown = await desk.phone.wait_for_message("Report")
    assert shown.msg_type == "interactive"
    assert await desk.phone.violations() == []


async def test_very_long_words_go_out_whole(desk: Any) -> None:
    words = "这是很长的一段话。" * 3_000

    receipt = await desk.channel.deliver(Delivery(key="1", chat=await desk.chat(), markdown=words))

    assert (await desk.phone.message(receipt.message_id)).shows(words)


async def test_a_file_is_uploaded_and_sent_under_its_name(desk: Any) -> None:
    data = bytes(range(256)) * 4
    delivery = Delivery(key="1", chat=await desk.chat(), file_name="构建 日志.log", file=data)

    first, second = [await desk.channel.deliver(delivery) for _ in range(2)]

    assert first.message_id == second.message_id
    shown = await desk.phone.message(first.message_id)
    assert shown.msg_type == "file"
    assert shown.content["file_name"] == "构建 日志.log"
    async with httpx2.AsyncClient(trust_env=False) as browser:
        url = f"{desk.emulator.url}/phone/api/resource/{shown.message_id}/{shown.content['file_key']}"
        got = await browser.get(url)
    assert got.content == data
    assert quote("构建 日志.log") in got.headers["Content-Disposition"]


@pytest.mark.parametrize(("size", "words"), [(31 * 1024 * 1024, "up to 30 MB"), (0, "is empty")])
async def test_files_feishu_does_not_take_are_refused_in_words(desk: Any, size: int, words: str) -> None:
    with pytest.raises(ChannelError, match=words) as refused:
        await desk.channel.deliver(Delivery(key="1", chat=await desk.chat(), file_name="a.zip", file=bytes(size)))

    assert refused.value.retry_after is None
    assert await desk.phone.calls("/files") == []


async def test_a_picture_is_fetched_with_a_name_of_its_type(desk: Any) -> None:
    await desk.phone.send_file("photo.png", PNG, "image/png")
    (said,) = await desk.said()
    (attachment,) = said.attachments

    fetched = await desk.channel.fetch(attachment)

    assert (attachment.kind, fetched.content) == ("image", PNG)
    assert fetched.name.endswith(".png")


async def test_a_file_of_json_is_a_file_and_not_an_answer(desk: Any) -> None:
    data = b'{"code": 99991663, "msg": "not for you"}'
    await desk.phone.send_file("../../etc/pass\nwd.json", data, "application/json")
    (said,) = await desk.said()

    fetched = await desk.channel.fetch(said.attachments[0])

    assert fetched.content == data
    assert fetched.name == "_.._etc_pass_wd.json"


async def test_a_file_of_another_message_is_refused(desk: Any) -> None:
    await desk.phone.send_file("a.txt", b"a")
    await desk.phone.say("hello")
    said = await desk.said(2)
    stolen = type(said[0].attachments[0])(
        kind="file", key=said[0].attachments[0].key, message_id=said[1].message_id, name="a.txt"
    )

    with pytest.raises(ChannelError, match="does not belong") as refused:
        await desk.channel.fetch(stolen)
    assert refused.value.code == 234003


async def test_the_name_of_a_person_is_read_if_the_app_may(desk: Any) -> None:
    await desk.phone.say("hello")
    (said,) = await desk.said()

    assert await desk.channel.name_of(said.user) == "Demo"

    await desk.phone.settings(contact_names=False)
    assert await desk.channel.name_of(said.user) == ""

    await desk.phone.settings(contact_base=False)
    with pytest.raises(ChannelError, match="permission") as refused:
        await desk.channel.name_of(said.user)
    assert "contact:contact.base:readonly" in refused.value.hint
