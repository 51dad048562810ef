"""What Feishu pushes becomes what was said, whatever it is."""

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.feishu.inbound import (
    LONG_AGO,
    read_click,
    read_history_item,
    read_language,
    read_message,
    read_time,
)

BOT = "ou_bot"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


def event(content: Any, kind: str = "text", **message: Any) -> dict[str, Any]:
    return {
        "sender": {"sender_id": {"open_id": "ou_ann", "union_id": "on_ann"}, "sender_type": "user"},
        "message": {
            "message_id": "om_1",
            "chat_id": "oc_1",
            "chat_type": "p2p",
            "create_time": "1767000000123",
            "message_type": kind,
            "content": content if isinstance(content, str) else json.dumps(content),
            **message,
        },
    }


def mention(key: str, open_id: str, name: str) -> dict[str, Any]:
    return {"key": key, "id": {"open_id": open_id}, "name": name}


def text_of(content: Any, kind: str = "text", **message: Any) -> str:
    said = read_message(event(content, kind, **message), bot_open_id=BOT)
    assert said is not None
    assert not said.problem
    return said.text


def test_a_private_text_is_taken_as_typed() -> None:
    said = read_message(event({"text": "  /new api\n`rm`  "}), bot_open_id=BOT)

    assert said is not None
    assert (said.key, said.user, said.text) == ("om_1", "ou_ann", "  /new api\n`rm`  ")
    assert (said.chat.chat_id, said.chat.private, said.chat.root) == ("oc_1", True, "")
    assert said.sent_at == datetime(2025, 12, 29, 9, 20, 0, 123000, tzinfo=UTC)
    assert said.addressed


def test_in_a_group_the_bots_name_is_dropped_and_the_reply_goes_to_the_thread() -> None:
    mentions = [mention("@_user_1", BOT, "PhoneWork"), mention("@_user_10", "ou_bob", "Bob")]
    said = read_message(
        event({"text": "@_user_1 ask @_user_10 about @_user_99"}, chat_type="group", mentions=mentions), bot_open_id=BOT
    )

    assert said is not None
    assert said.addressed
    assert said.text == "ask @Bob about @_user_99"
    assert (said.chat.private, said.chat.root) == (False, "om_1")


def test_in_a_topic_the_root_is_the_topics_first_message() -> None:
    said = read_message(event({"text": "go"}, chat_type="group", root_id="om_0", parent_id="om_0"), bot_open_id=BOT)

    assert said is not None
    assert (said.chat.root, said.reply_to) == ("om_0", "om_0")


@pytest.mark.parametrize("mentions", [[], [mention("@_user_1", "ou_bob", "Bob")], [{"key": "@_all"}]])
def test_a_group_that_talks_to_others_is_not_talking_to_the_bot(mentions: list[Any]) -> None:
    said = read_message(event({"text": "@_user_1 hi @_all"}, chat_type="group", mentions=mentions), bot_open_id=BOT)

    assert said is not None
    assert not said.addressed


def test_nobody_is_mentioned_while_the_bots_id_is_unknown() -> None:
    nameless = mention("@_user_1", "", "ghost")
    said = read_message(event({"text": "@_user_1"}, chat_type="group", mentions=[nameless]), bot_open_id="")

    assert said is not None
    assert not said.addressed


def test_a_post_keeps_links_code_and_pictures() -> None:
    post = {
        "title": "Bug",
        "content": [
            [{"tag": "at", "user_id": "@_user_1"}, {"tag": "text", "text": " see "}, {"tag": "a", "text": "log", "href": "https://x/y"}],
            [{"tag": "img", "image_key": "img_v3_1"}],
            [{"tag": "code_block", "language": "PYTHON", "text": "print('```')\n"}],
            [{"tag": "at", "user_id": "@_user_2", "user_name": "old name"}, {"tag": "a", "href": "https://z"}],
        ],
    }  # fmt: skip
    mentions = [mention("@_user_1", BOT, "PhoneWork"), mention("@_user_2", "ou_bob", "Bob")]
    said = read_message(event(post, "post", mentions=mentions), bot_open_id=BOT)

    assert said is not None
    assert said.text == "Bug\n see [log](https://x/y)\n\n````python\nprint('```')\n````\n@Bobhttps://z"
    assert [(each.kind, each.key) for each in said.attachments] == [("image", "img_v3_1")]


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("image", {"image_key": "img_v3_1"}, ("image", "img_v3_1", "")),
        ("file", {"file_key": "file_v3_1", "file_name": "build.log"}, ("file", "file_v3_1", "build.log")),
        ("audio", {"file_key": "file_v3_2", "duration": 3100}, ("audio", "file_v3_2", "voice.opus")),
        ("media", {"file_key": "f", "image_key": "i", "file_name": "a.mp4"}, ("file", "f", "a.mp4")),
    ],
)
def test_pictures_files_and_voices_are_attachments(kind: str, content: Any, expected: tuple[str, str, str]) -> None:
    said = read_message(event(content, kind), bot_open_id=BOT)

    assert said is not None
    (attachment,) = said.attachments
    assert (attachment.kind, attachment.key, attachment.name, attachment.message_id) == (*expected, "om_1")


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("sticker", {"file_key": "x"}),
        ("interactive", {"title": "t"}),
        ("hologram", {}),
        ("text", "{broken"),
        ("text", "[" * 100_000),
        ("text", '{"text": 3}'),
        ("text", ""),
        ("image", "{}"),
        ("post", '{"content": {"zh_cn": 1}, "title": []}'),
    ],
)
def test_what_cannot_be_read_says_so(kind: str, content: Any) -> None:
    said = read_message(event(content, kind), bot_open_id=BOT)

    assert said is not None
    assert said.problem == ("" if kind == "post" else "unsupported_message")
    assert not said.text


@pytest.mark.parametrize("text", ["\x00\x07", "😀" * 500, "x" * 100_000, "```\nunclosed", "@path", "!cmd", "/etc", " "])
def test_odd_text_is_text(text: str) -> None:
    assert text_of({"text": text}) == text


def test_half_a_character_becomes_one_that_can_be_stored() -> None:
    text = text_of('{"text": "a\\ud83d b \\ud83d\\ude00"}')

    assert text == "a\ufffd b 😀"
    assert text.encode()


def test_what_bots_say_is_nobodys_message() -> None:
    spoken = event({"text": "loop"})
    spoken["sender"]["sender_type"] = "app"

    assert read_message(spoken, bot_open_id=BOT) is None


@pytest.mark.parametrize("missing", ["message_id", "chat_id"])
def test_a_message_without_an_identity_is_none(missing: str) -> None:
    assert read_message(event({"text": "x"}, **{missing: None}), bot_open_id=BOT) is None


def test_the_history_tells_the_same_as_the_event() -> None:
    mentions = [mention("@_user_1", BOT, "PhoneWork")]
    pushed = event({"text": "@_user_1 hi"}, chat_type="group", mentions=mentions, root_id="om_0", parent_id="om_0")
    listed = {
        "message_id": "om_1", "root_id": "om_0", "parent_id": "om_0", "msg_type": "text", "create_time": "1767000000123",
        "deleted": False, "chat_id": "oc_1", "sender": {"id": "ou_ann", "id_type": "open_id", "sender_type": "user"},
        "body": {"content": pushed["message"]["content"]}, "mentions": [{"key": "@_user_1", "id": BOT, "name": "P"}],
    }  # fmt: skip

    assert read_history_item(listed, bot_open_id=BOT, private=False) == read_message(pushed, bot_open_id=BOT)
    assert read_history_item({**listed, "deleted": True}, bot_open_id=BOT, private=False) is None
    assert read_history_item({**listed, "sender": {"sender_type": "app"}}, bot_open_id=BOT, private=False) is None


def click(action: Any, **header: Any) -> Any:
    return read_click(
        {"event_id": "e1", "create_time": "1767000000123456", **header},
        {
            "operator": {"open_id": "ou_ann"},
            "action": action,
            "context": {"open_message_id": "om_9", "open_chat_id": "oc_1"},
        },
        groups={"oc_group"},
    )


def test_a_tap_tells_who_pressed_what_when() -> None:
    clicked = click({"tag": "button", "value": {"op": "answer", "g": 3}})

    assert (clicked.key, clicked.user, clicked.message_id) == ("e1", "ou_ann", "om_9")
    assert clicked.value == {"op": "answer", "g": 3}
    assert clicked.clicked_at == datetime(2025, 12, 29, 9, 20, 0, 123456, tzinfo=UTC)
    assert clicked.chat.private


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ({"form_value": {"q0": ["0", "1"], "t0": "own"}}, {"q0": ["0", "1"], "t0": "own"}),
        ({"input_value": "hi"}, {"input_value": "hi"}),
        ({"option": "2"}, {"option": "2"}),
        ({"checked": False}, {"checked": False}),
        ({"options": ["a"], "option": None}, {"options": ["a"]}),
        ({"form_value": "no object"}, {}),
    ],
)
def test_whatever_a_card_held_is_in_the_form(action: Any, form: Any) -> None:
    assert click(action).form == form


def test_a_tap_in_a_known_group_answers_into_its_thread() -> None:
    clicked = read_click(
        {"event_id": "e1"},
        {"operator": {"open_id": "ou"}, "context": {"open_message_id": "om_9", "open_chat_id": "oc_group"}},
        groups={"oc_group"},
    )

    assert clicked is not None
    assert (clicked.chat.private, clicked.chat.root) == (False, "om_9")


@pytest.mark.parametrize("value", ["string", None, 3, ["list"]])
def test_a_value_that_is_no_object_is_empty(value: Any) -> None:
    assert click({"value": value}).value == {}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1767000000", datetime(2025, 12, 29, 9, 20, tzinfo=UTC)),
        ("1767000000123", datetime(2025, 12, 29, 9, 20, 0, 123000, tzinfo=UTC)),
        (1767000000123456, datetime(2025, 12, 29, 9, 20, 0, 123456, tzinfo=UTC)),
        ("yesterday", LONG_AGO),
        ("-1767000000", LONG_AGO),
        ("9" * 400, LONG_AGO),
        ("１７６７０００００００００", LONG_AGO),
        (None, LONG_AGO),
        ("99999999999999", datetime(5138, 11, 16, 9, 46, 39, 999000, tzinfo=UTC)),
    ],
)
def test_times_are_read_and_unreadable_ones_are_long_ago(value: Any, expected: datetime) -> None:
    """An unreadable time must not let a message answer a question (F13)."""
    assert read_time(value) == expected


@given(
    content=JSON | st.text(), kind=st.sampled_from(["text", "post", "image", "file", "audio", "media", "x"]), more=JSON
)
def test_no_content_fails(content: Any, kind: str, more: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    said = read_message(event(text, kind, mentions=more, chat_type="group", create_time=more), bot_open_id=BOT)

    assert said is not None
    msgspec.json.encode(said)
    said.text.encode()


@given(tree=JSON)
def test_no_event_fails(tree: Any) -> None:
    whole = tree if isinstance(tree, dict) else {"message": tree, "sender": tree, "operator": tree, "action": tree}

    read_message(whole, bot_open_id=BOT)
    read_click(whole, whole)
    read_history_item(whole, bot_open_id=BOT, private=True)


@given(value=JSON)
def test_whatever_a_button_carries_can_be_handed_on(value: Any) -> None:
    clicked = click({"value": {"v": value}, "form_value": {"f": value}})

    msgspec.json.encode(clicked)


@given(post=st.lists(st.lists(st.dictionaries(st.sampled_from(["tag", "text", "href", "user_id", "image_key"]), st.sampled_from(["at", "a", "img", "text", "code_block", "@_user_1", "x"]) | JSON))))  # fmt: skip
def test_no_post_fails(post: Any) -> None:
    assert read_message(event({"content": post}, "post"), bot_open_id=BOT) is not None


@pytest.mark.parametrize(
    ("user_agent", "language"),
    [
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 13_2_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/101.0.4951.53"
            " Safari/537.36 Lark/6.7.5 LarkLocale/en_US ttnet SDK-Version/6.7.8",
            "en",
        ),
        ("Mozilla/5.0 (iPhone) Lark/4.1.3 LarkLocale/zh_CN", "zh"),
        ("Lark/4.1.3 LarkLocale/ja_JP", "en"),
        ("Lark/4.1.3 LarkLocale/", ""),
        ("LarkLocale/../../etc", ""),
        ("", ""),
        (None, ""),
        ({"LarkLocale": "en_US"}, ""),
        ("x" * 100_000 + " LarkLocale/en_US", ""),
    ],
)
def test_the_language_of_the_client_is_read_where_it_is_told(user_agent: object, language: str) -> None:
    """C9."""
    assert read_language(user_agent) == language
    said = read_message(event({"text": "hi"}, user_agent=user_agent), bot_open_id=BOT)
    assert said is not None
    assert said.language == language
