"""From the SDK's thread to the app's event loop and back: returning is the acknowledgement, so it waits for the commit."""

import asyncio
import concurrent.futures
import json
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import structlog

from phonework.channels.base import Clicked, Reply, Said, Submit
from phonework.channels.feishu.inbound import read_click, read_message
from phonework.channels.feishu.untrusted import mapping, parse, sequence
from phonework.clock import Clock

log = structlog.get_logger(__name__)

# Subscribed in many consoles, of no use here. An event nobody handles is answered with 500 and comes back four times.
IGNORED_EVENTS: Final = (
    "application.bot.menu_v6",
    "im.chat.access_event.bot_p2p_chat_entered_v1",
    "im.chat.disbanded_v1",
    "im.chat.member.bot.added_v1",
    "im.chat.member.bot.deleted_v1",
    "im.chat.member.user.added_v1",
    "im.chat.member.user.deleted_v1",
    "im.chat.member.user.withdrawn_v1",
    "im.chat.updated_v1",
    "im.message.message_read_v1",
    "im.message.reaction.created_v1",
    "im.message.reaction.deleted_v1",
    "im.message.recalled_v1",
)
_MOST_GROUPS: Final = 5_000


class NotAccepted(Exception):
    """The event was not committed; Feishu sends it again, if it is a message."""


class Known:
    """What the channel has learnt while it runs: the bot's own id, which chats are groups, when it last heard anything."""

    def __init__(self) -> None:
        self.bot_open_id = ""
        self.last_event_at: datetime | None = None
        self.groups: OrderedDict[str, None] = OrderedDict()

    def learn_group(self, chat_id: str) -> None:
        self.groups[chat_id] = None
        while len(self.groups) > _MOST_GROUPS:
            self.groups.popitem(last=False)


class Handover:
    """The handlers of one socket. All but `close` run in its thread, one at a time, and block it."""

    def __init__(
        self, submit: Submit, known: Known, clock: Clock, patience_s: float, home: asyncio.AbstractEventLoop
    ) -> None:
        self._submit, self._known, self._clock, self._patience_s, self._home = submit, known, clock, patience_s, home
        self._waiting: concurrent.futures.Future[Reply] | None = None
        self._closed = False

    def handler(self, lark: Any) -> Any:
        """The SDK's event handler. Customized events hand over the JSON as it came, whatever its types."""
        builder = lark.EventDispatcherHandler.builder("", "")
        builder.register_p2_customized_event("im.message.receive_v1", self.message)
        builder.register_p2_card_action_trigger(self.click)
        for name in IGNORED_EVENTS:
            builder.register_p2_customized_event(name, _ignore)
        return builder.build()

    def message(self, event: Any) -> None:
        """Return once it is committed. Raises NotAccepted; the SDK then answers 500 and Feishu sends it again."""
        content = mapping(event.event)
        asked = mapping(content.get("message"))
        if not self._known.bot_open_id and asked.get("chat_type") == "group" and sequence(asked.get("mentions")):
            raise NotAccepted("the bot's own id is not known yet, so nobody can tell whether it was mentioned")
        said = read_message(content, bot_open_id=self._known.bot_open_id)
        self._known.last_event_at = self._clock.now()
        if said is None:
            log.info("message passed over", reason="not a person's, or unreadable")
            return
        if not said.chat.private:
            self._known.learn_group(said.chat.chat_id)
        self._commit(said)

    def click(self, trigger: Any) -> dict[str, object]:
        """What the clicker sees, once it is committed. Raises NotAccepted; the person then sees an error."""
        header, event = _plain(trigger.header), _plain(trigger.event)
        clicked = read_click(header, event, groups=self._known.groups)
        self._known.last_event_at = self._clock.now()
        if clicked is None:
            log.warning("tap passed over", reason="unreadable")
            return {}
        return answer(self._commit(clicked))

    def close(self) -> None:
        """Take nothing more; what is waited for comes again."""
        self._closed = True
        if (waiting := self._waiting) is not None:
            waiting.cancel()

    def _commit(self, event: Said | Clicked) -> Reply:
        if self._closed:
            raise NotAccepted("the channel is closing")
        future = asyncio.run_coroutine_threadsafe(_await(self._submit, event), self._home)
        self._waiting = future
        try:
            return future.result(self._patience_s)
        except TimeoutError:
            future.cancel()  # if the app's loop is stuck, this keeps a tap from counting after its error was shown
            raise NotAccepted(f"not committed within {self._patience_s} s") from None
        except concurrent.futures.CancelledError:
            raise NotAccepted("the channel is closing") from None
        finally:
            self._waiting = None


def answer(reply: Reply) -> dict[str, object]:
    """A callback's answer; nothing in it leaves the card as it was."""
    said: dict[str, object] = {}
    if reply.toast is not None:
        said["toast"] = {"type": reply.toast.kind, "content": reply.toast.text}
    if reply.card is not None:
        said["card"] = {"type": "raw", "data": reply.card}
    return said


async def _await(submit: Submit, event: Said | Clicked) -> Reply:
    return await submit(event)


def _ignore(_: object) -> None:
    return None


def _plain(value: Any) -> Mapping[str, object]:
    """The JSON an object of the SDK was made of; absent fields stay absent."""
    return parse(json.dumps(value, default=vars))
