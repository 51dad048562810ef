"""The demo's model: each of the wishes it names leads to a tool that exists, with arguments that fit."""

import json
import re

import pytest

from evaluation.__main__ import offers, registered, scene
from phonework.assistant.tools.schemas import read
from phonework.testing.demo_model import _SAYS, wishes
from phonework.testing.fake_openai import Asked

NAMED = [wish for words in _SAYS.values() for wish in re.findall(r"^- (.+)$", words, re.MULTILINE)]


def asked(words: str) -> Asked:
    system = {"role": "system", "content": scene(words)}
    return Asked(number=1, headers={}, body={"messages": [system, {"role": "user", "content": words}]})


@pytest.mark.parametrize("wish", NAMED)
def test_a_wish_it_names_calls_a_tool_as_it_wants_to_be_called(wish: str) -> None:
    (block,) = wishes(asked(wish))
    tool = registered()[block["call"]]
    read(tool, json.dumps(block["arguments"]))


@pytest.mark.parametrize(
    "wish", ["begin a session in hello", "新建一个会话，在 hello", "new session in a directory called hello"]
)
def test_a_session_begins_where_it_was_said(wish: str) -> None:
    assert wishes(asked(wish))[0]["arguments"]["directory"] == "hello"


def test_both_languages_offer_the_same() -> None:
    called = {
        words: [wishes(asked(wish))[0]["call"] for wish in re.findall(r"^- (.+)$", words, re.MULTILINE)]
        for words in _SAYS.values()
    }
    first, second = called.values()
    assert first == second
    assert set(first) <= {one.name for one in offers()}


def test_all_else_is_answered_with_what_it_can_do() -> None:
    assert "scripted model" in wishes(asked("sing a song"))[0]["text"]
    assert "脚本模型" in wishes(asked("唱首歌"))[0]["text"]


@pytest.mark.parametrize(("wish", "told"), [("我有哪些会话？", "工具给模型的原文"), ("my sessions", "the tool said:")])
def test_what_a_tool_said_is_told_as_what_it_is_in_the_person_s_language(wish: str, told: str) -> None:
    body = {"messages": [{"role": "user", "content": wish}, {"role": "tool", "content": "1. {fizz-top}"}]}
    (block,) = wishes(Asked(number=1, headers={}, body=body))
    assert told in block["text"]
    assert block["text"].endswith("1. {fizz-top}")


def test_a_tool_is_called_by_its_name() -> None:
    assert wishes(asked('#call read_file {"path": "a"}'))[0]["call"] == "read_file"


@pytest.mark.parametrize(
    ("wish", "when", "about"),
    [
        ("remind me in 10 minutes to stretch", "in 10 minutes", "stretch"),
        ("10分钟后提醒我休息", "10分钟后", "休息"),
    ],
)
def test_a_reminder_is_set_for_what_was_said(wish: str, when: str, about: str) -> None:
    (block,) = wishes(asked(wish))
    assert (block["call"], block["arguments"]) == ("reminder_create", {"when": when, "about": about})


def test_a_reminder_without_words_is_not_guessed() -> None:
    assert "scripted model" in wishes(asked("remind me"))[0]["text"]
