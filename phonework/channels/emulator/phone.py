"""The API of the phone page: state, live events, and what a thumb can do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from phonework.channels.emulator import talk
from phonework.channels.emulator.api_files import resource_keys, serve_blob
from phonework.channels.emulator.clicks import click
from phonework.channels.emulator.content import without_language
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.multipart import MultipartError, parse_multipart
from phonework.channels.emulator.talk import NotThere
from phonework.channels.emulator.world import Change, Chat, Json, Message, User

_UPLOAD_LIMIT = 100 * 1024 * 1024


def shown_user(user: User) -> Json:
    return {"open_id": user.open_id, "name": user.name, "language": user.language}


def shown_message(emulator: Emulator, message: Message, language: str = "zh") -> Json:
    """A message as the phone shows it."""
    world, settings = emulator.world, emulator.settings
    content: Json = {} if message.recalled else message.content
    if message.msg_type == "post" and message.from_bot:
        content = without_language(content, language)
    if message.from_bot:
        sender = {"type": "app", "open_id": settings.bot_open_id, "name": settings.bot_name}
    else:
        user = world.users.get(message.sender_id)
        sender = {"type": "user", "open_id": message.sender_id, "name": user.name if user else ""}
    return {
        "message_id": message.message_id,
        "chat_id": message.chat_id,
        "sender": sender,
        "msg_type": message.msg_type,
        "content": content,
        "created_at": message.created_ms,
        "updated_at": message.updated_ms,
        "version": message.version,
        "reply_to": message.parent_id or None,
        "thread_id": message.thread_id or None,
        "recalled": message.recalled,
        "reactions": [{"emoji": each.emoji, "open_id": each.operator_id} for each in message.reactions],
        "mentions": message.mentions,
        "pinned": message.pinned,
        "urgent": message.urgent,
        "revision": message.revision,
    }


class PhoneApi:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def routes(self) -> list[Route]:
        return [
            Route("/phone/api/state", self.state),
            Route("/phone/api/events", self.events),
            Route("/phone/api/send", self.send, methods=["POST"]),
            Route("/phone/api/upload", self.upload, methods=["POST"]),
            Route("/phone/api/group", self.group, methods=["POST"]),
            Route("/phone/api/click", self.click, methods=["POST"]),
            Route("/phone/api/recall", self.recall, methods=["POST"]),
            Route("/phone/api/react", self.react, methods=["POST"]),
            Route("/phone/api/read", self.read, methods=["POST"]),
            Route("/phone/api/resource/{message_id}/{key}", self.resource),
        ]

    async def state(self, request: Request) -> Response:
        emulator = self._emulator
        me = talk.user_of(emulator, request.query_params.get("user"))
        chats = [chat for chat in emulator.world.chats.values() if me.open_id in chat.members]
        bot = {
            "name": emulator.settings.bot_name,
            "open_id": emulator.settings.bot_open_id,
            "connected": bool(emulator.hub.connections),
        }
        return JSONResponse(
            {
                "now": emulator.clock.now_ms(),
                "me": shown_user(me),
                "users": [shown_user(user) for user in emulator.world.users.values()],
                "bot": bot,
                "server_pid": emulator.settings.server_pid,
                "chats": [self._chat(chat, me) for chat in chats],
                "revision": emulator.world.revision,
            }
        )

    def _chat(self, chat: Chat, me: User) -> Json:
        world = self._emulator.world
        return {
            "chat_id": chat.chat_id,
            "type": chat.kind,
            "name": chat.name,
            "unread": world.unread(me.open_id, chat.chat_id),
            "messages": [
                shown_message(self._emulator, message, me.language) for message in world.in_chat(chat.chat_id)
            ],
        }

    async def events(self, request: Request) -> Response:
        me = talk.user_of(self._emulator, request.query_params.get("user"))
        return EventSourceResponse(self._stream(me), ping=15)

    async def _stream(self, me: User) -> AsyncIterator[dict[str, str]]:
        """One entry for each change this person can see; a watcher that reads slowly gets the newest form once."""
        emulator = self._emulator
        queue: asyncio.Queue[tuple[Change, Message | None]] = asyncio.Queue()
        stop = emulator.world.listen(lambda what, message: queue.put_nowait((what, message)))
        closing = asyncio.ensure_future(emulator.closing.wait())
        getting: asyncio.Future[tuple[Change, Message | None]] | None = None
        try:
            yield self._event("bot", {"connected": bool(emulator.hub.connections)})
            while True:
                getting = asyncio.ensure_future(queue.get())
                await asyncio.wait({getting, closing}, return_when=asyncio.FIRST_COMPLETED)
                if not getting.done():
                    return
                what, message = getting.result()
                if (entry := self._entry(what, message, me)) is not None:
                    yield entry
        finally:
            stop()
            closing.cancel()
            if getting is not None:
                getting.cancel()  # a phone that goes away ends the stream in the middle of the wait

    def _entry(self, what: Change, message: Message | None, me: User) -> dict[str, str] | None:
        if what == "bot":
            return self._event("bot", {"connected": bool(self._emulator.hub.connections)})
        if message is None:
            return self._event("reset", {})
        chat = self._emulator.world.chats.get(message.chat_id)
        if chat is None or me.open_id not in chat.members:
            return None
        return self._event(what, shown_message(self._emulator, message, me.language))

    def _event(self, name: str, data: Json) -> dict[str, str]:
        return {
            "event": name,
            "id": str(self._emulator.world.revision),
            "data": json.dumps(data, ensure_ascii=False),
        }

    async def send(self, request: Request) -> Response:
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        chat = talk.chat_of(self._emulator, user, body.get("chat_id"))
        text = body.get("text")
        if not isinstance(text, str) or not text:
            raise BadRequest("text is missing")
        message = talk.say(
            self._emulator,
            user,
            chat,
            "text",
            {"text": text},
            reply_to=body.get("reply_to") or "",
            mention_bot=bool(body.get("mention_bot")),
        )
        return JSONResponse({"message_id": message.message_id})

    async def group(self, request: Request) -> Response:
        """{"user", "name", "members": [open_id]} → {"chat_id"}: a group of the person, these others and the bot."""
        body = await body_of(request)
        user, members = talk.user_of(self._emulator, body.get("user")), body.get("members") or []
        name = str(body.get("name") or "").strip()
        if not name or len(name) > 60 or not isinstance(members, list):
            raise BadRequest("a group needs a name of at most 60 characters, and members as a list")
        people = [user.open_id, *(talk.user_of(self._emulator, str(one)).open_id for one in members)]
        chat = self._emulator.world.add_chat(name=name, members=list(dict.fromkeys(people)))
        return JSONResponse({"chat_id": chat.chat_id})

    async def upload(self, request: Request) -> Response:
        raw = await request.body()
        if len(raw) > _UPLOAD_LIMIT:
            raise BadRequest("over 100 MB")
        try:
            parts = parse_multipart(request.headers.get("content-type", ""), raw)
        except MultipartError as error:
            raise BadRequest(str(error)) from error
        if "file" not in parts:
            raise BadRequest("file is missing")
        user = talk.user_of(self._emulator, parts["user"].text if "user" in parts else None)
        chat = talk.chat_of(self._emulator, user, parts["chat_id"].text if "chat_id" in parts else None)
        file = parts["file"]
        media_type = file.media_type or "application/octet-stream"
        message = talk.send_blob(self._emulator, user, chat, file.file_name or "file", media_type, file.data)
        return JSONResponse({"message_id": message.message_id})

    async def click(self, request: Request) -> Response:
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        message = talk.message_of(self._emulator, str(body.get("message_id")))
        action = body.get("action")
        if not isinstance(action, dict):
            raise BadRequest("action is missing")
        talk.chat_of(self._emulator, user, message.chat_id)
        return JSONResponse(await click(self._emulator, user, message, action))

    async def recall(self, request: Request) -> Response:
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        talk.recall(self._emulator, user, talk.message_of(self._emulator, str(body.get("message_id"))))
        return JSONResponse({})

    async def react(self, request: Request) -> Response:
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        message = talk.message_of(self._emulator, str(body.get("message_id")))
        reaction = talk.react(self._emulator, user, message, str(body.get("emoji")))
        return JSONResponse({"reaction_id": reaction.reaction_id})

    async def read(self, request: Request) -> Response:
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        chat = talk.chat_of(self._emulator, user, body.get("chat_id"))
        self._emulator.world.mark_read(user.open_id, chat.chat_id)
        return JSONResponse({})

    async def resource(self, request: Request) -> Response:
        message = talk.message_of(self._emulator, request.path_params["message_id"])
        key = request.path_params["key"]
        blob = self._emulator.world.blobs.get(key)
        if blob is None or key not in resource_keys(message) or message.recalled:
            raise NotThere(f"no resource {key} in {message.message_id}")
        return serve_blob(blob)


class BadRequest(ValueError):
    """A body that cannot be understood."""


async def body_of(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = json.loads(raw or b"{}")
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is no JSON") from error
    if not isinstance(body, dict):
        raise BadRequest("the body is no JSON object")
    return body
