"""The control API under `/_control/`: what tests do and look at, as JSON over HTTP."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from phonework.channels.emulator import events, talk, waits
from phonework.channels.emulator.clicks import click
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.phone import BadRequest, body_of, shown_message, shown_user
from phonework.channels.emulator.world import Chat, Json, Message, new_id

_WAIT_LIMIT_S = 300.0


class Control:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def routes(self) -> list[Route]:
        posts = {
            "users": self.add_user,
            "chats": self.add_chat,
            "chats/change": self.change_chat,
            "say": self.say,
            "click": self.click,
            "recall": self.recall,
            "react": self.react,
            "menu": self.menu,
            "event": self.event,
            "faults": self.add_fault,
            "clock": self.jump,
            "wait": self.wait,
            "settings": self.change_settings,
            "connections": self.act_on_connections,
            "tokens/expire": self.expire_tokens,
            "reset": self.reset,
        }
        gets = {
            "state": self.state,
            "messages": self.messages,
            "messages/{message_id}": self.message,
            "faults": self.list_faults,
            "settings": self.settings,
            "connections": self.connections,
            "calls": self.journal,
            "deliveries": self.journal,
            "violations": self.journal,
            "sockets": self.journal,
        }
        routes = [Route(f"/_control/{path}", handler, methods=["POST"]) for path, handler in posts.items()]
        routes += [Route(f"/_control/{path}", handler, methods=["GET"]) for path, handler in gets.items()]
        routes.append(Route("/_control/faults", self.clear_faults, methods=["DELETE"]))
        return routes

    # --- people and chats

    async def add_user(self, request: Request) -> Response:
        """{"open_id"?, "name"?, "language"?} → {"open_id", "chat_id": the private chat}"""
        body = await body_of(request)
        open_id = str(body.get("open_id") or "")
        user = self._emulator.world.users.get(open_id) or self._emulator.world.add_user(
            open_id, str(body.get("name") or ""), str(body.get("language") or "zh")
        )
        chat = self._emulator.world.private_chat(user)
        return JSONResponse({**shown_user(user), "union_id": user.union_id, "chat_id": chat.chat_id})

    async def add_chat(self, request: Request) -> Response:
        """{"name"?, "members": [open_id], "chat_id"?, "topics"?} → {"chat_id"}"""
        body = await body_of(request)
        members = [talk.user_of(self._emulator, each).open_id for each in body.get("members") or []]
        chat = self._emulator.world.add_chat(
            name=str(body.get("name") or "group"),
            members=members,
            chat_id=str(body.get("chat_id") or ""),
            topics=bool(body.get("topics")),
        )
        return JSONResponse({"chat_id": chat.chat_id})

    async def change_chat(self, request: Request) -> Response:
        """{"chat_id", "bot_inside"?, "dissolved"?, "name"?, "members"?}"""
        body = await body_of(request)
        chat = self._emulator.world.chats.get(str(body.get("chat_id")))
        if chat is None:
            raise talk.NotThere(f"no chat {body.get('chat_id')}")
        chat.bot_inside = bool(body.get("bot_inside", chat.bot_inside))
        chat.dissolved = bool(body.get("dissolved", chat.dissolved))
        chat.name = str(body.get("name", chat.name))
        chat.members = list(body.get("members", chat.members))
        self._emulator.world.chat_changed(chat)
        return JSONResponse(asdict(chat))

    # --- what people do

    async def say(self, request: Request) -> Response:
        """{"user"?, "chat_id"?, "text" | "msg_type"+"content" | "file": {"name","media_type","base64"}, "reply_to"?,
        "mention_bot"?, "created_at"? (ms), "message_id"?, "silent"?} → {"message_id", "chat_id"}"""
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        chat = talk.chat_of(self._emulator, user, body.get("chat_id"))
        options: dict[str, Any] = {
            "reply_to": body.get("reply_to") or "",
            "mention_bot": bool(body.get("mention_bot")),
            "created_ms": body.get("created_at"),
            "message_id": body.get("message_id") or "",
            "silent": bool(body.get("silent")),
        }
        message = self._say(body, user, chat, options)
        return JSONResponse({"message_id": message.message_id, "chat_id": chat.chat_id})

    def _say(self, body: Json, user: Any, chat: Chat, options: dict[str, Any]) -> Message:
        if isinstance(file := body.get("file"), dict):
            try:
                data = base64.b64decode(str(file.get("base64", "")), validate=True)
            except binascii.Error as error:
                raise BadRequest("file.base64 is malformed") from error
            name, media_type = str(file.get("name", "file")), str(file.get("media_type", "application/octet-stream"))
            duration = int(body.get("duration", 1000))
            return talk.send_blob(self._emulator, user, chat, name, media_type, data, duration=duration, **options)
        if isinstance(body.get("content"), dict):
            msg_type, content = str(body.get("msg_type", "text")), body["content"]
        elif isinstance(body.get("text"), str):
            msg_type, content = "text", {"text": body["text"]}
        else:
            raise BadRequest("say needs text, content or file")
        return talk.say(self._emulator, user, chat, msg_type, content, **options)

    async def click(self, request: Request) -> Response:
        """{"user"?, "message_id", "action"} → {"toast", "card", "error", "event_id"}; waits for the bot."""
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        message = talk.message_of(self._emulator, str(body.get("message_id")))
        if not isinstance(body.get("action"), dict):
            raise BadRequest("action is missing")
        return JSONResponse(await click(self._emulator, user, message, body["action"]))

    async def recall(self, request: Request) -> Response:
        """{"message_id"}: by its sender; a message of the bot is recalled by hand of an administrator."""
        body = await body_of(request)
        message = talk.message_of(self._emulator, str(body.get("message_id")))
        if message.from_bot:
            self._emulator.world.recall(message)
        else:
            talk.recall(self._emulator, self._emulator.world.users[message.sender_id], message)
        return JSONResponse({})

    async def react(self, request: Request) -> Response:
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        message = talk.message_of(self._emulator, str(body.get("message_id")))
        reaction = talk.react(self._emulator, user, message, str(body.get("emoji", "THUMBSUP")))
        return JSONResponse({"reaction_id": reaction.reaction_id})

    async def menu(self, request: Request) -> Response:
        """{"user"?, "event_key"}"""
        body = await body_of(request)
        user = talk.user_of(self._emulator, body.get("user"))
        self._emulator.post.send(events.menu_chosen(self._emulator, user, str(body.get("event_key"))))
        return JSONResponse({})

    async def event(self, request: Request) -> Response:
        """{"event_type", "event": {…}} or {"raw": a whole event with header}: pushed like any other."""
        body = await body_of(request)
        if isinstance(body.get("raw"), dict):
            whole: Json = body["raw"]
            whole.setdefault("header", events.header(self._emulator, str(body.get("event_type"))))
            whole["header"].setdefault("event_id", new_id(""))
            whole["header"].setdefault("event_type", str(body.get("event_type")))
        else:
            whole = events.event(self._emulator, str(body.get("event_type")), body.get("event") or {})
        self._emulator.post.send(whole)
        return JSONResponse({"event_id": whole["header"]["event_id"]})

    # --- faults, time, connections

    async def add_fault(self, request: Request) -> Response:
        return JSONResponse(self._emulator.faults.add(await body_of(request)).as_dict())

    async def list_faults(self, request: Request) -> Response:
        return JSONResponse({"faults": self._emulator.faults.as_list()})

    async def clear_faults(self, request: Request) -> Response:
        """`?fault_id=` removes one, without it all go."""
        if fault_id := request.query_params.get("fault_id"):
            return JSONResponse({"removed": self._emulator.faults.remove(int(fault_id))})
        self._emulator.faults.clear()
        return JSONResponse({})

    async def jump(self, request: Request) -> Response:
        """{"seconds"?, "stopped"?: bool} → {"now"}: the platform's clock jumps ahead, what becomes due happens at once;
        stopped, time passes only by jumps."""
        body = await body_of(request)
        if "stopped" in body:
            self._emulator.clock.stop(bool(body["stopped"]))
        self._emulator.clock.jump(float(body.get("seconds", 0)))
        return JSONResponse({"now": self._emulator.clock.now_ms()})

    async def change_settings(self, request: Request) -> Response:
        self._emulator.settings.update(await body_of(request))
        return await self.settings(request)

    async def settings(self, request: Request) -> Response:
        return JSONResponse(self._emulator.settings.as_dict())

    async def connections(self, request: Request) -> Response:
        return JSONResponse({"connections": [each.as_dict() for each in self._emulator.hub.connections]})

    async def act_on_connections(self, request: Request) -> Response:
        """{"do": "drop" | "freeze" | "mute" | "unmute" | "raw", "base64"?} → {"count"}"""
        body = await body_of(request)
        hub = self._emulator.hub
        match body.get("do"):
            case "drop":
                count = hub.drop_all()
            case "freeze":
                count = hub.freeze_all()
            case "mute" | "unmute":
                count = hub.mute_all(body["do"] == "mute")
            case "raw":
                count = await hub.send_raw(base64.b64decode(str(body.get("base64", ""))))
            case other:
                raise BadRequest(f"cannot {other} a connection")
        return JSONResponse({"count": count})

    async def expire_tokens(self, request: Request) -> Response:
        self._emulator.tokens.expire_all()
        return JSONResponse({})

    async def reset(self, request: Request) -> Response:
        self._emulator.reset()
        return JSONResponse({})

    # --- looking

    async def state(self, request: Request) -> Response:
        world = self._emulator.world
        return JSONResponse(
            {
                "now": self._emulator.clock.now_ms(),
                "revision": world.revision,
                "connected": bool(self._emulator.hub.connections),
                "users": [asdict(user) for user in world.users.values()],
                "chats": [asdict(chat) for chat in world.chats.values()],
                "messages": len(world.messages),
            }
        )

    async def messages(self, request: Request) -> Response:
        """`?chat_id=&after=<revision>&versions=0` → {"revision", "messages"}, each with its versions unless 0."""
        query = request.query_params
        whole = query.get("versions") != "0"
        return JSONResponse(self._messages(query.get("chat_id", ""), int(query.get("after") or 0), whole))

    def _messages(self, chat_id: str, after: int, whole: bool) -> Json:
        world = self._emulator.world
        found = [
            message
            for message in world.messages.values()
            if message.revision > after and (not chat_id or message.chat_id == chat_id)
        ]
        found.sort(key=lambda message: message.order)
        return {"revision": world.revision, "messages": [self._shown(message, whole) for message in found]}

    def _shown(self, message: Message, whole: bool = True) -> Json:
        shown = shown_message(self._emulator, message)
        shown["content"] = message.content if message.msg_type != "post" else shown["content"]
        shown["texts"] = waits.texts_of(message)
        shown["root_id"], shown["parent_id"] = message.root_id, message.parent_id
        shown["versions"] = [asdict(version) for version in message.versions] if whole else []
        return shown

    async def message(self, request: Request) -> Response:
        return JSONResponse(self._shown(talk.message_of(self._emulator, request.path_params["message_id"])))

    async def journal(self, request: Request) -> Response:
        """calls, deliveries, violations, sockets"""
        name = request.url.path.rsplit("/", 1)[-1]
        return JSONResponse({name: self._emulator.journal.as_dicts(name)})

    async def wait(self, request: Request) -> Response:
        """Long poll: {"timeout" (s), conditions as in `waits.py`} → {"met", "revision", "connected", "messages"}.

        met is false when the time ran out; messages are filled when the condition speaks of messages.
        """
        body = await body_of(request)
        deadline = asyncio.get_running_loop().time() + min(float(body.get("timeout", 10)), _WAIT_LIMIT_S)
        while True:
            met, found = waits.look(self._emulator, body)
            left = deadline - asyncio.get_running_loop().time()
            if met or left <= 0 or self._emulator.closing.is_set():
                break
            await self._emulator.world.wait_change(left)
        revision = self._emulator.world.revision
        return JSONResponse(
            {
                "met": met,
                "revision": revision,
                "connected": bool(self._emulator.hub.connections),
                "messages": [self._shown(message) for message in found],
            }
        )
