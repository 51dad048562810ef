"""A person with a phone, for tests: speaks to the emulator's control API and waits for what the screen shows."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import httpx2

from phonework.testing.taps import find_action

Json = dict[str, Any]


class NotShown(AssertionError):
    """What a test waited for did not appear in time; the text says what the phone shows instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as the phone shows it.

    content: the parsed content; for `interactive` the card as last sent, patched or answered (`card` is the same).
    texts: every readable text in order. versions: `{"at_ms", "cause", "content"}`, oldest first; cause is one of
    create, patch, put, answer, delayed, cardkit.
    """

    message_id: str
    chat_id: str
    from_bot: bool
    sender: str
    msg_type: str
    content: Json
    texts: tuple[str, ...]
    created_at: int
    updated_at: int
    version: int
    reply_to: str
    thread_id: str
    recalled: bool
    revision: int
    reactions: tuple[Json, ...] = ()
    mentions: tuple[Json, ...] = ()
    versions: tuple[Json, ...] = ()

    @property
    def text(self) -> str:
        """All readable texts, a line each."""
        return "\n".join(self.texts)

    @property
    def card(self) -> Json:
        """The card. Raises AssertionError for another kind of message."""
        assert self.msg_type == "interactive", f"a {self.msg_type}, not a card: {self.text}"
        return self.content

    def shows(self, text: str) -> bool:
        return text in self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a tap brought: the toast, the new card, or the error a person sees (200340, 200341, 200671, …)."""

    toast: Json | None
    card: Json | None
    error: Json | None
    event_id: str = ""

    @property
    def toast_text(self) -> str:
        return str(self.toast["content"]) if self.toast else ""


class Phone:
    """`async with Phone(url) as phone`. Waits end with NotShown after `timeout_s`; nothing here sleeps."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        self.url = url
        self.timeout_s = timeout_s
        self._client = httpx2.AsyncClient(base_url=url, timeout=httpx2.Timeout(330.0), trust_env=False)

    async def __aenter__(self) -> Phone:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def aclose(self) -> None:
        await self._client.aclose()

    # --- people and chats

    async def add_user(self, open_id: str = "", name: str = "", language: str = "zh") -> Json:
        """→ {"open_id", "union_id", "name", "language", "chat_id"}"""
        return await self._post("users", {"open_id": open_id, "name": name, "language": language})

    async def add_group(self, name: str, members: list[str], *, topics: bool = False) -> str:
        """The chat_id of a new group of these people and the bot."""
        made = await self._post("chats", {"name": name, "members": members, "topics": topics})
        return str(made["chat_id"])

    async def change_chat(self, chat_id: str, **changes: Any) -> None:
        """bot_inside, dissolved, name, members"""
        await self._post("chats/change", {"chat_id": chat_id, **changes})

    async def private_chat(self, user: str = "") -> str:
        state = await self._get("state")
        user = user or state["users"][0]["open_id"]
        return next(
            str(each["chat_id"]) for each in state["chats"] if each["kind"] == "p2p" and each["members"] == [user]
        )

    # --- what a person does

    async def say(
        self,
        text: str,
        *,
        user: str | None = None,
        chat: str | None = None,
        reply_to: str = "",
        mention_bot: bool = False,
        created_at: int | None = None,
        message_id: str = "",
        silent: bool = False,
    ) -> str:
        """Send a text; returns its message_id. silent: the bot gets no event (a gap only the history shows)."""
        body = {
            "user": user,
            "chat_id": chat,
            "text": text,
            "reply_to": reply_to,
            "mention_bot": mention_bot,
            "created_at": created_at,
            "message_id": message_id,
            "silent": silent,
        }
        return str((await self._post("say", body))["message_id"])

    async def send(
        self, msg_type: str, content: Json, *, user: str | None = None, chat: str | None = None, **options: Any
    ) -> str:
        """Send any message, e.g. `post` or `sticker`, its content as the event will carry it."""
        body = {"user": user, "chat_id": chat, "msg_type": msg_type, "content": content, **options}
        return str((await self._post("say", body))["message_id"])

    async def send_file(
        self, name: str, data: bytes, media_type: str = "application/octet-stream", *, user: str | None = None,
        chat: str | None = None, **options: Any,
    ) -> str:  # fmt: skip
        """Send a file; `image/*` becomes a picture, `audio/*` a voice message."""
        file = {"name": name, "media_type": media_type, "base64": base64.b64encode(data).decode()}
        return str((await self._post("say", {"user": user, "chat_id": chat, "file": file, **options}))["message_id"])

    async def click(
        self,
        message: Shown | str,
        button: str | Mapping[str, Any] | None = None,
        *,
        form: Mapping[str, Any] | None = None,
        option: str | None = None,
        user: str | None = None,
    ) -> Answered:
        """Press a button by its text, by its name or by (part of) its value, on the card as it is shown now.

        form: what the fields of the button's form hold; option: for a select_static or overflow outside a form.
        Raises LookupError when the card has no such button, or a form refuses what was put into it.
        """
        shown = message if isinstance(message, Shown) else await self.message(message)
        action = find_action(shown.card, button, form=form, option=option)
        return await self.act(shown.message_id, action, user=user)

    async def act(self, message_id: str, action: Mapping[str, Any], *, user: str | None = None) -> Answered:
        """Send any action, also one no card offers (old, forged, of another card)."""
        answer = await self._post("click", {"user": user, "message_id": message_id, "action": dict(action)})
        return Answered(**answer)

    async def recall(self, message_id: str) -> None:
        await self._post("recall", {"message_id": message_id})

    async def react(self, message_id: str, emoji: str = "THUMBSUP", *, user: str | None = None) -> None:
        await self._post("react", {"message_id": message_id, "emoji": emoji, "user": user})

    async def menu(self, event_key: str, *, user: str | None = None) -> None:
        await self._post("menu", {"event_key": event_key, "user": user})

    async def inject(self, event_type: str, event: Json) -> None:
        """Push any event body."""
        await self._post("event", {"event_type": event_type, "event": event})

    # --- what a person sees

    async def messages(self, chat: str | None = None, *, from_bot: bool | None = None) -> list[Shown]:
        """Every message, oldest first."""
        got = await self._get("messages", {"chat_id": chat or ""})
        found = [_shown(each) for each in got["messages"]]
        return [each for each in found if from_bot is None or each.from_bot == from_bot]

    async def message(self, message_id: str) -> Shown:
        return _shown(await self._get(f"messages/{message_id}"))

    async def card(self, message_id: str) -> Json:
        return (await self.message(message_id)).card

    async def download(self, message_id: str, key: str) -> bytes:
        """A picture or file of a message, by its image_key or file_key."""
        return (await self._client.get(f"/phone/api/resource/{message_id}/{key}")).raise_for_status().content

    async def wait_for_message(
        self,
        predicate: Callable[[Shown], bool] | str,
        *,
        chat: str | None = None,
        after: int = 0,
        user_messages: bool = False,
        timeout_s: float | None = None,
    ) -> Shown:
        """The first message of the bot that fits, also one that was there before, in the form that fitted.

        Of a card that changes quickly not every form is looked at: what passed by is in `versions`.
        predicate: gets messages without their versions; a string: the message shows this text.
        after: only what changed after this revision.
        """
        if isinstance(predicate, str):
            wanted = predicate
            return await self.wait_for_message(
                lambda shown: shown.shows(wanted),
                chat=chat, after=after, user_messages=user_messages, timeout_s=timeout_s,
            )  # fmt: skip
        revision, deadline = after, self._deadline(timeout_s)
        while True:
            got = await self._get("messages", {"chat_id": chat or "", "after": str(revision), "versions": "0"})
            for each in map(_shown, got["messages"]):
                if (user_messages or each.from_bot) and predicate(each):
                    return replace(each, versions=(await self.message(each.message_id)).versions)
            revision = got["revision"]
            await self._changed(revision, deadline, chat)

    async def wait_until(
        self, condition: Callable[[list[Shown]], bool], *, chat: str | None = None, timeout_s: float | None = None
    ) -> list[Shown]:
        """Wait until all messages together fit, e.g. `lambda all: len(all) == 3`; they come without versions."""
        deadline = self._deadline(timeout_s)
        while True:
            got = await self._get("messages", {"chat_id": chat or "", "versions": "0"})
            found = [_shown(each) for each in got["messages"]]
            if condition(found):
                return found
            await self._changed(got["revision"], deadline, chat)

    async def revision(self) -> int:
        """Now, in the emulator's counting: for `after=`."""
        return int((await self._get("state"))["revision"])

    async def changes(self, after: int, *, chat: str | None = None, timeout_s: float = 0.0) -> tuple[int, list[Shown]]:
        """The newest revision, and the messages that changed since `after`; waits for one at most so long."""
        await self._post("wait", {"changed_after": after, "timeout": timeout_s})
        got = await self._get("messages", {"chat_id": chat or "", "after": str(after)})
        return int(got["revision"]), [_shown(each) for each in got["messages"]]

    async def _changed(self, revision: int, deadline: float, chat: str | None) -> None:
        left = deadline - asyncio.get_running_loop().time()
        got = await self._post("wait", {"changed_after": revision, "timeout": max(0.0, left)}) if left > 0 else {}
        if not got.get("met"):
            shown = "\n".join(f"  {each.sender}: {each.text!r}" for each in (await self.messages(chat))[-12:])
            raise NotShown(f"not shown in time; the phone shows:\n{shown or '  nothing'}")

    def _deadline(self, timeout_s: float | None) -> float:
        return asyncio.get_running_loop().time() + (self.timeout_s if timeout_s is None else timeout_s)

    # --- the connection

    async def connected(self, wanted: bool = True, *, timeout_s: float | None = None) -> None:
        """Wait until the bot is connected (or, with False, is not)."""
        await self._wait({"connected": wanted}, timeout_s, f"the bot's connection is not {wanted}")

    async def handshakes(self, count: int, *, timeout_s: float | None = None) -> None:
        """Wait until the bot has connected this many times since the last reset: 2 is the first reconnect."""
        await self._wait({"handshakes": count}, timeout_s, f"fewer than {count} handshakes")

    async def pinged(self, count: int, *, timeout_s: float | None = None) -> None:
        """Wait until the live connections have sent this many pings."""
        await self._wait({"pings": count}, timeout_s, f"fewer than {count} pings")

    async def is_connected(self) -> bool:
        return bool((await self._get("state"))["connected"])

    async def idle(self, *, timeout_s: float | None = None) -> None:
        """Wait until no push waits for its acknowledgement; pushes planned for later do not count."""
        await self._wait({"idle": True}, timeout_s, "pushes are still unanswered")

    async def clicking(self, *, timeout_s: float | None = None) -> None:
        """Wait until a tap is under way and unanswered."""
        await self._wait({"clicking": True}, timeout_s, "no tap is under way")

    async def attempts(self, count: int, *, total: bool = False, timeout_s: float | None = None) -> None:
        """Wait until the newest event (total: all events together) was pushed this often and the outcome is known."""
        condition = {"attempts_total" if total else "attempts": count}
        await self._wait(condition, timeout_s, f"fewer than {count} pushes")

    async def called(
        self, count: int, path: str = "", *, running: bool = False, timeout_s: float | None = None
    ) -> None:
        """Wait until the bot has made this many calls whose path fits the regular expression, and got an answer
        (running: or waits for one)."""
        condition = {"calls": count, "path": path, "running": running}
        await self._wait(condition, timeout_s, f"fewer than {count} calls of {path}")

    async def _wait(self, condition: Json, timeout_s: float | None, problem: str) -> None:
        timeout_s = self.timeout_s if timeout_s is None else timeout_s
        got = await self._post("wait", {**condition, "timeout": timeout_s})
        if not got["met"]:
            raise NotShown(f"{problem} after {timeout_s} s")

    async def drop(self) -> int:
        """Cut every connection; returns how many."""
        return int((await self._post("connections", {"do": "drop"}))["count"])

    async def freeze(self) -> int:
        """Make every connection half-open."""
        return int((await self._post("connections", {"do": "freeze"}))["count"])

    async def mute(self, muted: bool = True) -> int:
        """Stop (or begin again) to answer pings."""
        return int((await self._post("connections", {"do": "mute" if muted else "unmute"}))["count"])

    async def send_raw(self, data: bytes) -> None:
        """Push any bytes as one binary message over every connection."""
        await self._post("connections", {"do": "raw", "base64": base64.b64encode(data).decode()})

    async def connections(self) -> list[Json]:
        return list((await self._get("connections"))["connections"])

    # --- faults, time, settings

    async def fault(
        self, kind: str, *, times: int = 1, skip: int = 0, match: Mapping[str, str] | None = None, **params: Any
    ) -> int:
        """Order a fault (`phonework.channels.emulator.faults.KINDS`); times -1 is for ever. Returns its id.

        match: method, path (regular expression), event_type, contains (text of the body or event). Without one an
        `http.*` fault hits the very next call, which may be the one for a token.
        """
        body = {"kind": kind, "times": times, "skip": skip, "match": dict(match or {}), **params}
        return int((await self._post("faults", body))["fault_id"])

    async def faults(self) -> list[Json]:
        return list((await self._get("faults"))["faults"])

    async def clear_faults(self, fault_id: int | None = None) -> None:
        """Take back one fault, or all."""
        query = {} if fault_id is None else {"fault_id": str(fault_id)}
        (await self._client.delete("/_control/faults", params=query)).raise_for_status()

    async def jump(self, seconds: float) -> None:
        """Let the platform's clock jump ahead; redeliveries that become due happen at once."""
        await self._post("clock", {"seconds": seconds})

    async def stop_clock(self, stopped: bool = True) -> None:
        """Let the platform's time pass only by jumps (rates, time limits and redeliveries then wait for `jump`)."""
        await self._post("clock", {"stopped": stopped})

    async def settings(self, **changes: Any) -> Json:
        """Change settings (`phonework.channels.emulator.settings.Settings`); returns all of them."""
        return await self._post("settings", changes)

    async def expire_tokens(self) -> None:
        await self._post("tokens/expire", {})

    async def reset(self) -> None:
        """Back to the default world and first settings; faults and journal are forgotten, live connections stay."""
        await self._post("reset", {})

    # --- the journal

    async def calls(self, path: str = "", *, method: str = "") -> list[Json]:
        """Calls of the bot whose path contains `path`: {"method", "path", "body", "outcome", "status", "code", …}"""
        got = (await self._get("calls"))["calls"]
        return [each for each in got if path in each["path"] and method in ("", each["method"])]

    async def deliveries(self, event_type: str = "") -> list[Json]:
        """Events and their attempts: {"event_id", "event_type", "message_id", "state", "attempts": [{"outcome", …}]}"""
        return [each for each in (await self._get("deliveries"))["deliveries"] if event_type in each["event_type"]]

    async def violations(self) -> list[Json]:
        """What the bot did wrong: {"at_ms", "code", "what", "call"}"""
        return list((await self._get("violations"))["violations"])

    async def sockets(self) -> list[Json]:
        return list((await self._get("sockets"))["sockets"])

    async def _post(self, path: str, body: Json) -> Json:
        return _json(await self._client.post(f"/_control/{path}", json=body))

    async def _get(self, path: str, query: dict[str, str] | None = None) -> Json:
        return _json(await self._client.get(f"/_control/{path}", params=query))


def _json(response: httpx2.Response) -> Json:
    if response.status_code >= 400:
        raise LookupError(f"{response.request.url.path}: {response.status_code} {response.text[:500]}")
    answer: Json = response.json()
    return answer


def _shown(message: Json) -> Shown:
    return Shown(
        message_id=message["message_id"],
        chat_id=message["chat_id"],
        from_bot=message["sender"]["type"] == "app",
        sender=message["sender"]["open_id"],
        msg_type=message["msg_type"],
        content=message["content"],
        texts=tuple(message["texts"]),
        created_at=message["created_at"],
        updated_at=message["updated_at"],
        version=message["version"],
        reply_to=message["reply_to"] or "",
        thread_id=message["thread_id"] or "",
        recalled=message["recalled"],
        revision=message["revision"],
        reactions=tuple(message["reactions"]),
        mentions=tuple(message["mentions"]),
        versions=tuple(message["versions"]),
    )
