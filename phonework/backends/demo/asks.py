"""What the demo agent asks, as the values the engine knows; and the same again from its journal."""

import hashlib
import json
import secrets
import shlex
from typing import TypedDict

from phonework.backends.demo.journal import Record
from phonework.backends.demo.project import Edit
from phonework.backends.demo.rules import NAME
from phonework.fsm.types import Ask, Option, Question, RequestId, RequestKind, Scope


class _Identity(TypedDict):
    request_id: RequestId
    agent_ref: str
    fingerprint: str


def fingerprint(tool: str, about: object) -> str:
    """Hash a tool and what it is to do; equal for the very same thing only."""
    text = json.dumps([tool, about], ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def command(argv: tuple[str, ...], prompt: str) -> Ask:
    """Ask to run a command. The rule it proposes covers exactly this command."""
    return Ask(
        **_identity("Bash", list(argv)),
        kind=RequestKind.CONFIRM,
        prompt=prompt,
        tool="Bash",
        command=shlex.join(argv),
        rule=f"Bash({shlex.join(argv)})",
        scopes=(Scope.SESSION, Scope.ALWAYS),
        kept_in=NAME,
    )


def edit(change: Edit, prompt: str) -> Ask:
    """Ask to change a file, with the diff."""
    return Ask(
        **_identity("Edit", [change.path, change.before, change.after]),
        kind=RequestKind.CONFIRM,
        prompt=prompt,
        tool="Edit",
        path=change.path,
        diff=change.diff,
        rule=f"Edit({change.path})",
        scopes=(Scope.SESSION, Scope.ALWAYS),
        kept_in=NAME,
    )


def choice(questions: tuple[Question, ...], prompt: str) -> Ask:
    """Ask one or several questions with options."""
    about = [
        [question.text, question.multiple, [option.label for option in question.options]] for question in questions
    ]
    return Ask(**_identity("AskUserQuestion", about), kind=RequestKind.CHOICE, prompt=prompt, questions=questions)


def text_input(prompt: str) -> Ask:
    """Ask for a text."""
    return Ask(**_identity("AskText", prompt), kind=RequestKind.INPUT, prompt=prompt)


def plan(text: str, prompt: str) -> Ask:
    """Ask to agree to a plan."""
    return Ask(**_identity("ExitPlanMode", text), kind=RequestKind.PLAN, prompt=prompt, tool="ExitPlanMode", plan=text)


def question(text: str, header: str, *options: tuple[str, str], multiple: bool = False) -> Question:
    """Return a question; options: label and description."""
    choices = tuple(Option(label=label, description=description) for label, description in options)
    return Question(text=text, header=header, options=choices, multiple=multiple)


def edit_record(change: Edit) -> Record:
    """Return what a journal keeps of an edit."""
    return {"edit": change.path, "before": change.before, "after": change.after, "title": list(change.title)}


def edit_from(record: Record) -> Edit | None:
    """Return the edit a journal kept, or None if it is none."""
    match record:
        case {"edit": str(path), "before": str(before), "after": str(after), "title": [str(chinese), str(english)]}:
            return Edit(path=path, before=before, after=after, title=(chinese, english))
        case _:
            return None


def _identity(tool: str, about: object) -> _Identity:
    return {
        "request_id": RequestId(secrets.token_hex(16)),
        "agent_ref": f"demo_{secrets.token_hex(8)}",
        "fingerprint": fingerprint(tool, about),
    }
