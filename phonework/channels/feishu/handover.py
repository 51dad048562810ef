"""From the SDK's thread to the app's event loop and back: returning is the acknowledgement, so it waits for the commit."""

import asyncio
import concurrent.futures
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import structlog

from phonework.channels.base import Act, Reply, Submit
from phonework.channels.feishu.inbound import read_click, read_message, read_recall
from phonework.channels.feishu.untrusted import mapping, parse, sequence, string
from phonework.clock import Clock

log = structlog.get_logger(__name__)

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
    """What one socket hands over. All but `close` runs in its thread, one at a time, and blocks it."""

    def __init__(
        self, submit: Submit, known: Known, clock: Clock, patience_s: float, home: asyncio.AbstractEventLoop
    ) -> None:
        self._submit, self._known, self._clock, self._patience_s, self._home = submit, known, clock, patience_s, home
        self._waiting: concurrent.futures.Future[Reply] | None = None
        self._closed = False

    def handle(self, payload: bytes) -> dict[str, object] | None:
        """Take in one event, UTF-8 JSON; the answer to a tap. Raises NotAccepted, which the SDK answers with 500.

        All other events a console may be subscribed to are acknowledged: unanswered, they would come back four times.
        """
        whole = parse(payload)
        header, event = mapping(whole.get("header")), mapping(whole.get("event"))
        match string(header.get("event_type")):
            case "im.message.receive_v1":
                self._message(event)
                return None
            case "im.message.recalled_v1":
                if (recalled := read_recall(event)) is not None:
                    self._commit(recalled)
                return None
            case "card.action.trigger":
                return self._click(header, event)
            case _:
                return None

    def _message(self, event: Mapping[str, object]) -> None:
        """Feishu sends again what raises."""
        message = mapping(event.get("message"))
        if not self._known.bot_open_id and message.get("chat_type") == "group" and sequence(message.get("mentions")):
            raise NotAccepted("the bot's own id is not known yet, so nobody can tell whether it was mentioned")
        said = read_message(event, bot_open_id=self._known.bot_open_id)
        self._known.last_event_at = self._clock.now()
        if said is None:
            log.info("message passed over", reason="not a person's, or unreadable")
            return
        if not said.chat.private:
            self._known.learn_group(said.chat.chat_id)
        self._commit(said)

    def _click(self, header: Mapping[str, object], event: Mapping[str, object]) -> dict[str, object]:
        """What the clicker sees, once it is committed. When it raises, the person sees an error and may tap again."""
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

    def _commit(self, event: Act) -> Reply:
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


async def _await(submit: Submit, event: Act) -> Reply:
    return await submit(event)
