"""Whatever is thrown at the server, it answers, and never with an error of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CARD = json.dumps({"schema": "2.0", "body": {"elements": []}})
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
    | st.sampled_from(["ou_demo", "oc_demo", "text", "interactive", "post", '{"text":"x"}', "[]", CARD, "card_json", '{"type":"card"}']),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["text", "config", "card_id", "data", "type", "emoji_type", "tag", "base64"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def bodies(keys: str) -> st.SearchStrategy[Any]:
    return st.dictionaries(st.sampled_from(keys.split()), VALUES, max_size=5) | VALUES


CALLS = bodies(
    "receive_id msg_type content uuid reply_in_thread message_id reaction_type user_id_list name type data token card "
    "settings sequence id_list AppID AppSecret app_id app_secret"
)
ORDERS = bodies(
    "user chat_id text action file reply_to mention_bot created_at seconds do base64 kind match times skip event msg_type "
    "event_type raw members open_id emoji message_id content name stopped chat_per_s event_key bot_inside"
)
BOT = [
    ("POST", "/open-apis/im/v1/messages?receive_id_type=open_id"),
    ("POST", "/open-apis/im/v1/messages/{m}/reply"),
    ("PATCH", "/open-apis/im/v1/messages/{m}"),
    ("PUT", "/open-apis/im/v1/messages/{m}"),
    ("POST", "/open-apis/im/v1/messages/{m}/reactions"),
    ("PATCH", "/open-apis/im/v1/messages/{m}/urgent_app"),
    ("POST", "/open-apis/im/v1/pins"),
    ("POST", "/open-apis/im/v1/chats"),
    ("PUT", "/open-apis/im/v1/chats/oc_demo"),
    ("POST", "/open-apis/im/v1/chats/oc_demo/members"),
    ("POST", "/open-apis/im/v1/files"),
    ("POST", "/open-apis/interactive/v1/card/update"),
    ("POST", "/open-apis/cardkit/v1/cards"),
    ("POST", "/open-apis/cardkit/v1/cards/id_convert"),
    ("POST", "/open-apis/auth/v3/tenant_access_token/internal"),
    ("POST", "/callback/ws/endpoint"),
]
PEOPLE = [
    *[("POST", f"/phone/api/{name}") for name in ("send", "upload", "click", "recall", "react", "read")],
    *[("POST", f"/_control/{name}") for name in ("say", "click", "users", "chats", "chats/change", "event", "faults", "menu", "react",
                                                 "recall", "settings", "connections", "clock")],
]  # fmt: skip


@pytest.fixture
def client(emulator: Any) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=emulator.url, trust_env=False) as client:
        answer = client.post(
            "/open-apis/auth/v3/tenant_access_token/internal", json={"app_id": "cli_x", "app_secret": "s"}
        ).json()
        client.headers["Authorization"] = f"Bearer {answer['tenant_access_token']}"
        client.post("/_control/settings", json={"chat_per_s": 0, "app_per_s": 0, "app_per_minute": 0})
        yield client


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(BOT), CALLS, st.booleans())
def test_no_call_of_a_bot_breaks_the_server(
    client: httpx2.Client, target: tuple[str, str], body: Any, sent: bool
) -> None:
    method, path = target
    made = client.post(
        "/open-apis/im/v1/messages?receive_id_type=open_id",
        json={"receive_id": "ou_demo", "msg_type": "interactive", "content": CARD},
    ).json()["data"]["message_id"]
    answer = client.request(method, path.format(m=made if sent else "om_none"), json=body)
    assert answer.status_code < 500, answer.text
    assert "code" in answer.json()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PEOPLE), ORDERS)
def test_no_nonsense_of_a_test_breaks_the_server(client: httpx2.Client, target: tuple[str, str], body: Any) -> None:
    method, path = target
    client.post("/_control/reset")
    answer = client.request(method, path, json=body)
    assert answer.status_code < 500, answer.text
