"""Messages in, and what is answered, against the emulator."""

from datetime import UTC, datetime
from typing import Any

from phonework.channels.base import Delivery


async def test_a_text_arrives_with_who_said_it_where_and_when(desk: Any) -> None:
    message_id = await desk.phone.say("fix the build")

    (said,) = await desk.said()
    assert (said.key, said.message_id, said.text) == (message_id, message_id, "fix the build")
    assert said.user.startswith("ou_")
    assert said.chat == await desk.chat()
    assert abs((datetime.now(UTC) - said.sent_at).total_seconds()) < 5
    assert said.addressed
    assert not said.problem


async def test_plain_words_reach_the_phone_once(desk: Any) -> None:
    receipt = await desk.channel.deliver(Delivery(key="s:1:1", chat=await desk.chat(), markdown="Done: **3** files."))

    shown = await desk.phone.wait_for_message("Done")
    assert shown.message_id == receipt.message_id
    assert shown.msg_type == "post"
