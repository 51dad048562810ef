"""What stands around a tool call: the person's words that led to it, its name on the card, and the question it asks first; pure."""

import hashlib
import json
import secrets
from typing import Final

from phonework.assistant.model import ToolCall
from phonework.assistant.tools import Question
from phonework.backends.base import TurnStart
from phonework.fsm.types import Ask, RequestId, RequestKind
from phonework.fsm.types import Question as Choice
from phonework.one_line import one_line
from phonework.store.codec import dump
from phonework.texts import keys, text


def words_of(start: TurnStart) -> str:
    """What the person wrote, and where what they sent along was put."""
    parts = []
    for prompt in start.prompts:
        places = start.images.get(prompt.prompt_id, ())
        attached = f"[sent along, stored as: {', '.join(places)}]" if places else ""
        parts.append("\n".join(one for one in (prompt.text, attached) if one))
    return "\n\n".join(parts)


_BY_ID: Final = frozenset({"reminder_delete"})
"""Tools that are told what they are about by an id, which people never see."""


def title(call: ToolCall, language: str) -> str:
    """What is done, in the person's words, and what with: the first of its arguments that is a text."""
    values, key = decoded(call.arguments), f"doing.{call.name}"
    texts = (one for one in values.values() if isinstance(one, str) and one.strip())
    about = "" if call.name in _BY_ID else next(texts, "")
    done = text(language, key) if key in keys() else call.name
    return one_line(f"{done} {about}".strip(), 80)


def decoded(arguments: str) -> dict[str, object]:
    try:
        found = json.loads(arguments)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def canonical(arguments: str) -> str:
    return json.dumps(decoded(arguments), sort_keys=True)


def ask_of(call: ToolCall, question: Question) -> Ask:
    """The question as any agent asks it. What it is about is part of the fingerprint: a late yes is for this alone."""
    asked = dump([call.name, canonical(call.arguments), question.command, question.path, question.diff, question.words])
    choice = Choice(text=question.prompt, options=question.options, free_text=False)
    return Ask(
        request_id=RequestId(secrets.token_hex(16)),
        kind=RequestKind.CHOICE if question.options else RequestKind.CONFIRM,
        agent_ref=call.call_id,
        fingerprint=hashlib.sha256(asked.encode()).hexdigest(),
        prompt=question.prompt,
        tool=call.name,
        command=question.command,
        path=question.path,
        diff=question.diff,
        words=question.words,
        reasons=question.reasons,
        questions=(choice,) if question.options else (),
        extra=dump({"name": call.name, "arguments": call.arguments}),
    )


def late_call(start: TurnStart) -> ToolCall | None:
    """The call a late decision is about."""
    carry = start.carry
    if carry is None:
        return None
    extra = decoded(carry.ask.extra)
    name, arguments = extra.get("name"), extra.get("arguments")
    if not isinstance(name, str) or not isinstance(arguments, str):
        return None
    return ToolCall(call_id="", name=name, arguments=arguments)
