"""Tokens, the endpoint of the long connection, the bot itself, people and groups."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from phonework.channels.emulator.calls import ApiError, Call, hang, parameter_error
from phonework.channels.emulator.core import Emulator
from phonework.channels.emulator.socket import SERVICE_ID
from phonework.channels.emulator.world import Json


async def tenant_token(call: Call) -> Json:
    """Errors come with HTTP 200: 10003 for a malformed call, 10014 for wrong credentials."""
    app_id, secret = call.body.get("app_id"), call.body.get("app_secret")
    if not isinstance(app_id, str) or not isinstance(secret, str):
        raise ApiError(10003, "invalid param", status=200)
    if not call.emulator.tokens.knows(app_id, secret):
        raise ApiError(10014, "app secret invalid", status=200)
    token, left = call.emulator.tokens.issue(app_id)
    return {"code": 0, "msg": "ok", "tenant_access_token": token, "app_access_token": token, "expire": left}


async def ws_endpoint(call: Call) -> Json | Response:
    """Where to connect: an address with a ticket for one handshake."""
    emulator, faults = call.emulator, call.emulator.faults
    if faults.take("endpoint.hang"):
        return await hang(emulator, call.request)
    if fault := faults.take("endpoint.status"):
        return JSONResponse({"code": 1, "msg": "system busy"}, status_code=fault.params.get("status", 500))
    if fault := faults.take("endpoint.code"):
        return JSONResponse({"code": fault.params.get("code", 1), "msg": fault.params.get("msg", "refused")})
    if faults.take("endpoint.garbage"):
        return PlainTextResponse("<html>")
    app_id = call.body.get("AppID")
    if not emulator.tokens.knows(app_id, call.body.get("AppSecret")):
        raise ApiError(10014, "app id or app secret invalid", status=200)
    device_id, ticket = emulator.hub.ticket(str(app_id))
    host = call.request.headers.get("host", "127.0.0.1")
    url = f"ws://{host}/ws?device_id={device_id}&service_id={SERVICE_ID}&ticket={ticket}"
    return {"code": 0, "msg": "", "data": {"URL": url, "ClientConfig": emulator.hub.client_config()}}


async def bot_info(call: Call) -> Json:
    settings = call.emulator.settings
    bot = {
        "activate_status": 2,
        "app_name": settings.bot_name,
        "avatar_url": "",
        "ip_white_list": [],
        "open_id": settings.bot_open_id,
    }
    return {"code": 0, "msg": "ok", "bot": bot}


SCOPES = (
    "im:message",
    "im:message.p2p_msg:readonly",
    "im:message.group_at_msg:readonly",
    "im:resource",
)


async def scopes(call: Call) -> Json:
    """What the app may do. `scope_type` is undocumented, but others have seen it."""
    settings = call.emulator.settings
    also = {
        "im:message.group_msg": settings.group_all_messages,
        "contact:contact.base:readonly": settings.contact_base,
        "contact:user.base:readonly": settings.contact_names,
        "im:user_agent:read": settings.user_agents,
        "cardkit:card:write": settings.cardkit,
    }
    names = [*SCOPES, *(name for name, has in also.items() if has)]
    listed = [
        {
            "scope_name": name,
            "scope_type": "tenant",
            "grant_status": 2 if name in settings.scopes_withheld else 1,
        }
        for name in names
        if name not in settings.scopes_absent
    ]
    return {"code": 0, "msg": "success", "data": {"scopes": listed}}


async def user_info(call: Call) -> Json:
    settings = call.emulator.settings
    if not settings.contact_base:
        violation = {"type": "action_scope_required", "subject": "contact:contact.base:readonly"}
        raise ApiError(99991672, "Access denied", error={"permission_violations": [violation]})
    user = call.emulator.world.find_user(call.path["user_id"])
    if user is None:
        raise ApiError(99992351, "not a valid open_id")
    data = {"open_id": user.open_id, "union_id": user.union_id}
    if settings.contact_names:
        data["name"] = user.name
    return {"code": 0, "msg": "success", "data": {"user": data}}


async def create_chat(call: Call) -> Json:
    world = call.emulator.world
    members = call.ids("user_id_list")
    if not all(each in world.users for each in members):
        raise ApiError(99992351, "not a valid open_id in user_id_list")
    topics = call.body.get("group_message_type") == "thread"
    chat = world.add_chat(name=call.text("name", required=False), members=list(members), topics=topics)
    return {"code": 0, "msg": "success", "data": {"chat_id": chat.chat_id, "name": chat.name}}


async def chat_info(call: Call) -> Json:
    chat = call.emulator.world.chats.get(call.path["chat_id"])
    if chat is None:
        raise parameter_error("invalid chat_id")
    data = {
        "name": chat.name,
        "chat_mode": "p2p" if chat.kind == "p2p" else "topic" if chat.topics else "group",
        "chat_status": "dissolved" if chat.dissolved else "normal",
        "user_count": str(len(chat.members)),
    }
    return {"code": 0, "msg": "success", "data": data}


async def rename_chat(call: Call) -> Json:
    chat = call.emulator.world.chats.get(call.path["chat_id"])
    if chat is None or chat.kind != "group":
        raise parameter_error("invalid chat_id")
    chat.name = call.text("name", required=False) or chat.name
    call.emulator.world.chat_changed(chat)
    return {"code": 0, "msg": "success", "data": {}}


async def add_members(call: Call) -> Json:
    world = call.emulator.world
    chat = world.chats.get(call.path["chat_id"])
    wanted = call.ids("id_list")
    if chat is None or chat.kind != "group":
        raise parameter_error("invalid chat_id")
    known = [each for each in wanted if each in world.users]
    chat.members += [each for each in known if each not in chat.members]
    world.chat_changed(chat)
    unknown = [each for each in wanted if each not in world.users]
    return {"code": 0, "msg": "success", "data": {"invalid_id_list": unknown, "not_existed_id_list": []}}


async def list_chats(call: Call) -> Json:
    items = [
        {"chat_id": chat.chat_id, "name": chat.name, "chat_status": "normal"}
        for chat in call.emulator.world.chats.values()
        if chat.kind == "group" and chat.bot_inside and not chat.dissolved
    ]
    return {"code": 0, "msg": "success", "data": {"items": items, "has_more": False, "page_token": ""}}


async def unknown_path(request: Request) -> Response:
    emulator: Emulator = request.app.state.emulator
    emulator.violation(404, f"unknown path {request.method} {request.url.path}")
    return PlainTextResponse("404 page not found", status_code=404)
