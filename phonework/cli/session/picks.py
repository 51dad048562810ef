"""From what somebody typed to an answer that fits what the agent asks; pure."""

from typing import Any

from phonework.errors import PhoneWorkError
from phonework.one_line import one_line

Json = dict[str, Any]


def answer_to(request: Json, words: tuple[str, ...]) -> Json:
    """The body of an answer to a question. words: one for each part of a choice, in order; else words of a text.

    Raises PhoneWorkError when that answers something else than what is asked.
    """
    if request["kind"] == "input":
        return {"verdict": "answer", "text": " ".join(words), "request_id": request["id"]}
    questions = request["questions"]
    if request["kind"] != "choice" or not questions:
        raise PhoneWorkError(
            f"it asks for a permission: {one_line(request['prompt'])}",
            hint="`phonework session approve`, or `deny --reason`",
        )
    if len(words) != len(questions):
        raise PhoneWorkError(f"{len(questions)} answers are wanted, one for each question, and {len(words)} given", hint="`phonework session status` shows the questions; put an answer of several words in quotes")  # fmt: skip
    picks = [picked(question, word) for question, word in zip(questions, words, strict=True)]
    return {"verdict": "answer", "picks": picks, "request_id": request["id"]}


def picked(question: Json, word: str) -> list[str]:
    """What one answer picks: an option by its label or number, several between commas, or words of one's own."""
    one = _option(question, word)
    if one is not None:
        return [one]
    if question["multiple"]:
        found = [_option(question, each) for each in word.split(",")]
        if all(each is not None for each in found):
            return list(dict.fromkeys(each for each in found if each is not None))
    if question["free_text"] and word.strip():
        return [word.strip()]
    labels = ", ".join(
        f"{number}. {one_line(each['label'])}" for number, each in enumerate(question["options"], start=1)
    )
    raise PhoneWorkError(f"{word!r} is no answer to {one_line(question['text'])!r}", hint=f"one of: {labels}")


def _option(question: Json, word: str) -> str | None:
    labels = [str(each["label"]) for each in question["options"]]
    wanted = word.strip().casefold()
    named = [label for label in labels if label.casefold() == wanted]
    if named:
        return named[0]
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 4 else 0
    return labels[number - 1] if 1 <= number <= len(labels) else None
