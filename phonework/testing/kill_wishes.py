"""What people in the kill test write, and what the language model of those in smart mode does about it."""

from typing import Final

from phonework.testing.fake_openai import Asked, Reply, call, say

WISHES: Final = (
    "say {word}", "say {word}", "change something {word}", "change something {word}", "change something {word}",
    "confirm {word}", "confirm {word}", "confirm {word}", "choose {word}", "multiple {word}", "input {word}", "parallel {word}", "plan {word}",
    "slow 1 {word}", "hang {word}", "fail {word}", "crash {word}", "/status", "/retry", "/stop",
    "/remind 1s {word}", "/remind 3s {word}",
    "/shell basename {word}", "/shell basename {word}", "/shell echo {word} >> marks.log", "/shell echo {word} >> marks.log",
    "/shell echo {word} >> marks.log", "/shell echo {word} >> marks.log", "/shell echo {word} >> marks.log; tail -f /dev/null",
    "/shell tail -f /dev/null",
)  # fmt: skip
HELPED: Final = (
    "tell {word}", "look {word}", "look {word}", "append {word}", "append {word}", "append {word}", "both append {word}",
    "remember {word}", "remember {word}", "/retry", "/stop",
    "/shell basename {word}", "/shell echo {word} >> marks.log", "/shell echo {word} >> marks.log; tail -f /dev/null",
)  # fmt: skip
"""Wishes of people in smart mode; `model` knows what to do about them."""
MARKS: Final = "marks.log"
"""Where a command that was allowed leaves its word."""
LOOKED: Final = "looked.log"
"""Where a command that only looks leaves its word: `basename` is a program that the test puts in its place."""
TYPED: Final = ("yes", "yes", "no", "2", "because of {word}")


def model(asked: Asked) -> Reply:
    """The language model of those in smart mode: makes the tool calls they wish for, and says what came of them."""
    said = asked.said.split()
    word = said[-1] if said else ""
    if asked.last.get("role") == "tool":
        return say(f"The tool said: {asked.last.get('content')} ({word})")
    look, append = call("list_files"), call("run_command", {"command": f"echo {word} >> {MARKS}"})
    match said[:1]:
        case ["look"]:
            return [look]
        case ["append"]:
            return [append]
        case ["both"]:
            return [look, append]
        case ["remember"]:
            return [call("reminder_create", {"when": "1s", "about": word})]
        case _:
            return say(f"You said {word}.")
