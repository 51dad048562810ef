"""What people write is understood as the story they mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phonework.backends.demo.samples import HELP_CHINESE, HELP_ENGLISH
from phonework.backends.demo.stories import STORIES
from phonework.backends.demo.words import MAX_NUMBER, WORDS, Story, understand


@pytest.mark.parametrize(
    ("text", "story"),
    [
        ("confirm", Story.CONFIRM),
        ("请确认", Story.CONFIRM),
        ("show me an edit", Story.EDIT),
        ("修改一下", Story.EDIT),
        ("choose one", Story.CHOICE),
        ("选择", Story.CHOICE),
        ("choose multiple", Story.MULTIPLE),
        ("多选", Story.MULTIPLE),
        ("several questions", Story.QUESTIONS),
        ("几个问题", Story.QUESTIONS),
        ("input", Story.INPUT),
        ("输入", Story.INPUT),
        ("Plan!", Story.PLAN),
        ("写个计划", Story.PLAN),
        ("two at once", Story.PARALLEL),
        ("同时", Story.PARALLEL),
        ("long 20", Story.LONG),
        ("长文", Story.LONG),
        ("stream", Story.STREAM),
        ("流式", Story.STREAM),
        ("please fail", Story.FAIL),
        ("失败", Story.FAIL),
        ("crash", Story.CRASH),
        ("崩溃", Story.CRASH),
        ("hang", Story.HANG),
        ("卡住", Story.HANG),
        ("be stubborn", Story.STUBBORN),
        ("slow 5", Story.SLOW),
        ("慢 5", Story.SLOW),
        ("program 3", Story.PROGRAM),
        ("background", Story.BACKGROUND),
        ("后台", Story.BACKGROUND),
        ("what do you remember", Story.HISTORY),
        ("帮助", Story.HELP),
        ("echo confirm", Story.ECHO),
        ("make the shop better", Story.WORK),
        ("把商店做好一点", Story.WORK),
        ("the planet changes everything", Story.WORK),  # parts of words are not words
        ("", Story.WORK),
    ],
)
def test_a_message_means_a_story(text: str, story: Story) -> None:
    assert understand(text).story is story


@pytest.mark.parametrize(
    ("text", "story"),
    [
        ("/clear", Story.CLEAR),
        ("/help", Story.HELP),
        ("/cost now", Story.UNKNOWN_COMMAND),
        ("/", Story.UNKNOWN_COMMAND),
    ],
)
def test_a_slash_command_is_the_agents_own(text: str, story: Story) -> None:
    assert understand(text, verbatim=False).story is story


def test_a_slash_in_a_message_is_text() -> None:
    assert understand("/clear").story is Story.WORK


@pytest.mark.parametrize(
    ("text", "number"), [("slow 30", 30), ("慢30", 30), ("slow", None), ("slow 99999999", MAX_NUMBER)]
)
def test_a_number_is_taken_along(text: str, number: int | None) -> None:
    assert understand(text).number == number


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_understood_as_something(text: str, verbatim: bool) -> None:
    wish = understand(text, verbatim=verbatim)

    assert wish.story is Story.CLEAR or wish.story in STORIES
    assert wish.number is None or 0 <= wish.number <= MAX_NUMBER


def test_the_help_names_every_story_in_both_languages() -> None:
    """Each story that words lead to is found by a word of the help."""
    for help_text in (HELP_ENGLISH, HELP_CHINESE):
        words = help_text.replace("*", " ").replace("`", " ").replace("：", " ").replace(":", " ").split()
        reached = {understand(word).story for word in words}
        assert {story for story, _, _ in WORDS} - reached <= {Story.HELP}
