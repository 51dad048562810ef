"""The shapes of what is sent, the names of what is fetched, the rates, and the threads: without a network."""

import asyncio
import json
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.channels.feishu.limits import Limits
from phonework.channels.feishu.messages import (
    Message,
    file_type,
    from_markdown,
    harmless,
    marked_card,
)
from phonework.channels.feishu.outbound import marker_of, uuid_of
from phonework.channels.feishu.sdk import redact
from phonework.channels.feishu.threads import Threads

FENCED = "before\n```html\n<at id=all></at> ![x](http://y)\n| a | b |\n# no heading\n```\nafter"


@given(key=st.text(max_size=200))
def test_ids_fit_and_are_the_same_each_time(key: str) -> None:
    assert uuid_of(key) == uuid_of(key)
    assert len(uuid_of(key)) <= 50
    marker = marker_of(uuid_of(key))
    assert len(marker) <= 20
    assert marker[0].isalpha()
    assert marker.isalnum()


def test_different_keys_have_different_ids() -> None:
    assert len({uuid_of(f"s:{n}") for n in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Done.", "post"),
        ("**bold** and `code`\n- a list", "post"),
        ("# Heading", "interactive"),
        ("words\n| a | b |\n|---|---|\n| 1 | 2 |", "interactive"),
        ("> quoted", "interactive"),
        (FENCED, "post"),
        ("x" * 30_000, "text"),
    ],
)
def test_words_take_the_plainest_shape_that_shows_them(text: str, kind: str) -> None:
    assert from_markdown(text, "pw1").kind == kind


@pytest.mark.parametrize("words", ["Done.", "# Heading", "x" * 30_000])
def test_words_for_somebody_in_a_group_begin_with_their_name(words: str) -> None:
    sent = from_markdown(f"{words} <at id=all></at>", "pw1", mention="ou_ada")
    if sent.kind == "post":
        assert sent.content["zh_cn"]["content"][0] == [{"tag": "at", "user_id": "ou_ada"}]  # type: ignore[index]
    elif sent.kind == "interactive":
        assert sent.content["body"]["elements"][0]["content"].startswith("<at id=ou_ada></at>\n# Heading")  # type: ignore[index]
    assert "<at id=all" not in json.dumps(sent.content)


def test_code_is_left_alone_and_the_rest_made_harmless() -> None:
    assert harmless(FENCED) == FENCED
    assert harmless("<AT id=all></at>, 1 <2, <attr>, ![p](img_v3_1)![q](http://z)") == (
        "&#60;AT id=all>&#60;/at>, 1 <2, <attr>, ![p](img_v3_1)[q](http://z)"
    )
    assert from_markdown("<at user_id='all'>" + "x" * 30_000, "").content["text"][:5] == "<\u200bat "
    assert harmless("```\nopen <at id=all></at>") == "```\nopen <at id=all></at>"
    assert harmless("~~~\n```\n<at id=a>\n~~~\n<at id=b>") == "~~~\n```\n<at id=a>\n~~~\n&#60;at id=b>"


@given(st.text(st.sampled_from("`~<>at id![x](y)\n # |"), max_size=80))
def test_nothing_but_marks_is_changed(text: str) -> None:
    assert harmless(text).replace("&#60;", "<").replace("!", "") == text.replace("!", "")


def test_the_marker_goes_to_an_element_without_a_name_and_leaves_the_card_as_it_was() -> None:
    card = {"body": {"elements": [{"tag": "markdown", "element_id": "own"}, {"tag": "hr"}]}}

    marked = marked_card(card, "pwabc")

    assert marked["body"] == {
        "elements": [{"tag": "markdown", "element_id": "own"}, {"tag": "hr", "element_id": "pwabc"}]
    }
    assert card["body"]["elements"][1] == {"tag": "hr"}


def item(message: Message, **changes: Any) -> dict[str, Any]:
    return {"msg_type": message.kind, "body": {"content": json.dumps(message.content)}, **changes}


def test_a_message_is_recognised_by_its_marker_or_its_words() -> None:
    card = {"body": {"elements": [{"tag": "markdown", "content": "Run?"}]}}
    mine = Message("interactive", marked_card(card, "pw1"), marker="pw1")
    other = Message("interactive", marked_card(card, "pw2"), marker="pw2")
    named = Message("interactive", {"body": {"elements": [{"tag": "hr", "element_id": "x"}]}}, marker="pw3")
    words = from_markdown("Done: **3** files", "pw4")
    taken_apart = {"title": "", "content": [[{"tag": "text", "text": "Done: "}, {"tag": "text", "text": "3 files"}]]}

    assert mine.stands_in(item(mine))
    assert not mine.stands_in(item(other))
    assert not mine.stands_in(item(mine, deleted=True))
    assert not named.stands_in(item(named)), "a card without words or marker is not to be told from another"
    assert words.stands_in(item(words, body={"content": json.dumps(taken_apart)}))
    assert not words.stands_in(item(words, body={"content": "[[[broken"}))
    assert not words.stands_in(item(mine))


@pytest.mark.parametrize(
    ("name", "kind"), [("a.PDF", "pdf"), ("b.docx", "doc"), ("c.mp4", "stream"), ("d.opus", "stream"), ("e", "stream")]
)
def test_files_go_as_files(name: str, kind: str) -> None:
    """Feishu wants audio and video as other kinds of message (230055)."""
    assert file_type(name) == kind


@pytest.mark.parametrize(
    "text",
    [
        "wss://h/ws?device_id=1&ticket=s3cret&service_id=2",
        '{"app_secret": "s3cret"}',
        "{'AppSecret': 's3cret'}",
        "tenant_access_token=s3cret",
    ],
)
def test_secrets_are_redacted(text: str) -> None:
    assert "s3cret" not in redact(text)
    assert "***" in redact(text)


async def test_a_chat_gets_four_messages_a_second_and_no_burst() -> None:
    limits, loop = Limits(), asyncio.get_running_loop()
    times = []
    for _ in range(4):
        await limits.chat("oc_1")
        times.append(loop.time())
    await limits.chat("oc_2")

    assert loop.time() - times[-1] < 0.2, "another chat need not wait"
    assert times[-1] - times[0] >= 0.7


async def test_a_million_chats_are_not_remembered() -> None:
    limits = Limits()
    for n in range(3_000):
        await limits.message(f"om_{n}")

    assert len(limits._each) == 2_000


async def test_calls_wait_their_turn_and_bring_their_errors() -> None:
    threads = Threads(2, "test")
    gate, running = threading.Semaphore(0), []

    def work(n: int) -> int:
        running.append(n)
        gate.acquire()
        if n == 1:
            raise ValueError("one")
        return n

    tasks = [asyncio.create_task(threads.run(lambda n=n: work(n))) for n in range(4)]
    tasks[3].cancel()
    gate.release(4)
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(each) for each in results] == [int, ValueError, int, asyncio.CancelledError]
    assert len(running) <= 4


async def test_a_cancelled_call_gives_its_place_back_when_it_ends() -> None:
    threads, gate, began = Threads(1, "test"), threading.Event(), threading.Event()
    task = asyncio.create_task(threads.run(lambda: (began.set(), gate.wait())))
    await asyncio.to_thread(began.wait)
    task.cancel()
    await asyncio.wait({task})
    gate.set()

    assert await asyncio.wait_for(threads.run(lambda: "next"), 5) == "next"
