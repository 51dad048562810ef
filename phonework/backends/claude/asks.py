"""Turns a tool call that needs a person into an `Ask`, and a person's answer into what the SDK returns to Claude Code.

Pure, but for the request's random id. Shapes: Claude Code 2.1.329, `can_use_tool` requests as seen on the wire.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from phonework.fsm.types import Answer, Ask, Option, Question, RequestId, RequestKind, Scope, Sentence, Verdict

REFUSED = "The user refused this."
UNANSWERED = "The user did not answer these questions."
KEEP_PLANNING = "The user does not agree with this plan yet. Keep planning."
LONGEST_PROMPT = 400  # characters of the one-line question
EDITS = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}
PLACES = {
    "localSettings": ".claude/settings.local.json",
    "projectSettings": ".claude/settings.json",
    "userSettings": "~/.claude/settings.json",
}
"""Where Claude Code keeps a rule for good: the destination of a suggestion, and the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One tool call Claude Code asks about. suggestions: permission updates as on the wire. diff: see diffs.of_call."""

    tool: str
    tool_input: Mapping[str, Any]
    tool_use_id: str
    title: str = ""
    description: str = ""
    blocked_path: str = ""
    by_subagent: bool = False
    suggestions: tuple[dict[str, Any], ...] = ()
    diff: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allow:
    """The call runs. tool_input: the whole input it runs with. updates: permission updates to apply, as on the wire."""

    tool_input: dict[str, Any]
    updates: tuple[dict[str, Any], ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Deny:
    """The call does not run, and the agent reads the message."""

    message: str


def fingerprint(tool: str, tool_input: Mapping[str, Any]) -> str:
    """Hash of a tool and its whole input, independent of the order of keys."""
    canonical = json.dumps([tool, tool_input], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def ask(call: Call) -> Ask:
    """What the person is asked about the call."""
    questions = _questions(call.tool_input) if call.tool == "AskUserQuestion" else ()
    if questions:
        return _ask(call, RequestKind.CHOICE, questions[0].text, questions=questions)
    if call.tool == "ExitPlanMode":
        plan = call.tool_input.get("plan")
        asked = _ask(call, RequestKind.PLAN, "Is this plan good?", plan=plan if isinstance(plan, str) else "")
        return replace(asked, sentence=Sentence(key="claude.plan_good"))
    return _confirm(call)


def decision(asked: Ask, answer: Answer, tool_input: Mapping[str, Any]) -> Allow | Deny:
    """What Claude Code is told. tool_input: of the call that waits; it has the ask's fingerprint.

    Only an explicit allow lets a confirm or a plan pass. A rule adds the proposed rules and nothing else, because the other
    suggestions would change the session's mode: as they are, or for the session only, wherever they were to be kept.
    """
    if answer.verdict is Verdict.DENY:
        return Deny(message=answer.text or (KEEP_PLANNING if asked.kind is RequestKind.PLAN else REFUSED))
    if asked.kind is RequestKind.CHOICE:
        return _chosen(asked, answer, tool_input)
    match answer.verdict:
        case Verdict.ALLOW:
            return Allow(tool_input=dict(tool_input))
        case Verdict.ALLOW_SESSION:
            rules = tuple({**one, "destination": "session"} for one in _rules(_suggestions(asked)))
            return Allow(tool_input=dict(tool_input), updates=rules)
        case Verdict.ALLOW_RULE:
            return Allow(tool_input=dict(tool_input), updates=_rules(_suggestions(asked)))
        case Verdict.ALLOW_EDITS:
            return Allow(tool_input=dict(tool_input), updates=(dict(EDITS),))
        case _:
            return Deny(message=answer.text or REFUSED)


def _confirm(call: Call) -> Ask:
    command, line = call.tool_input.get("command"), _one_line(call.title or call.description or call.tool)
    if call.tool == "Bash" and isinstance(command, str):
        asked = _ask(call, RequestKind.CONFIRM, line, command=command)
    elif call.diff:
        asked = _ask(call, RequestKind.CONFIRM, line, diff=call.diff)
    else:
        shown = json.dumps(call.tool_input, ensure_ascii=False, indent=2)
        asked = _ask(call, RequestKind.CONFIRM, line, input_json=shown)
    return replace(asked, notes=_notes(call))


def _notes(call: Call) -> tuple[Sentence, ...]:
    """What changes the meaning of a call, to stand with the question."""
    true = {
        "claude.in_background": call.tool_input.get("run_in_background") is True,
        "claude.outside_sandbox": call.tool_input.get("dangerouslyDisableSandbox") is True,
        "claude.by_subagent": call.by_subagent,
    }
    return tuple(Sentence(key=key) for key, holds in true.items() if holds)


def _ask(
    call: Call,
    kind: RequestKind,
    prompt: str,
    *,
    command: str = "",
    diff: str = "",
    plan: str = "",
    input_json: str = "",
    questions: tuple[Question, ...] = (),
) -> Ask:
    kept = _kept_in(call.suggestions)
    return Ask(
        request_id=RequestId(uuid4().hex),
        kind=kind,
        agent_ref=call.tool_use_id,
        fingerprint=fingerprint(call.tool, call.tool_input),
        prompt=_one_line(prompt),
        tool=call.tool,
        path=_path(call),
        rule=_rule_text(call.suggestions) if kind is RequestKind.CONFIRM else "",
        scopes=(Scope.SESSION, Scope.ALWAYS) if kept else (Scope.SESSION,),
        kept_in=", ".join(kept),
        extra=json.dumps({"suggestions": call.suggestions}, ensure_ascii=False),
        command=command,
        diff=diff,
        plan=plan,
        input_json=input_json,
        questions=questions,
    )


def _path(call: Call) -> str:
    for key in ("file_path", "notebook_path", "path", "url", "planFilePath"):
        if isinstance(value := call.tool_input.get(key), str) and value:
            return value
    return call.blocked_path


def _questions(tool_input: Mapping[str, Any]) -> tuple[Question, ...]:
    """The questions of AskUserQuestion; empty when the input has not the known shape, which then is shown as it is."""
    try:
        return tuple(
            Question(
                text=str(one["question"]),
                header=str(one.get("header", "")),
                multiple=one.get("multiSelect") is True,
                options=tuple(
                    Option(label=str(option["label"]), description=str(option.get("description", "")))
                    for option in one["options"]
                ),
            )
            for one in tool_input["questions"]
        )
    except (KeyError, TypeError, AttributeError):
        return ()


def _chosen(asked: Ask, answer: Answer, tool_input: Mapping[str, Any]) -> Allow | Deny:
    """The answers by question text; several picks are one string joined with a comma and a space."""
    picks = answer.picks or (((answer.text,),) if answer.text else ())
    given = {
        question.text: ", ".join(picked)
        for question, picked in zip(asked.questions, picks, strict=False)
        if any(part.strip() for part in picked)
    }
    if answer.verdict is not Verdict.ANSWER or not given:
        return Deny(message=answer.text or UNANSWERED)
    return Allow(tool_input={**tool_input, "answers": given})


def _suggestions(asked: Ask) -> tuple[dict[str, Any], ...]:
    """Those that were kept with the ask; none when they cannot be read."""
    try:
        found = json.loads(asked.extra)["suggestions"]
        return tuple(one for one in found if isinstance(one, dict))
    except (ValueError, KeyError, TypeError):
        return ()


def _rules(suggestions: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    return tuple(one for one in suggestions if one.get("type") == "addRules" and one.get("behavior") == "allow")


def _kept_in(suggestions: tuple[dict[str, Any], ...]) -> list[str]:
    """The files the rules are to be written to; none when they are meant for the session only."""
    places = (PLACES.get(str(one.get("destination")), "") for one in _rules(suggestions))
    return list(dict.fromkeys(place for place in places if place))


def _rule_text(suggestions: tuple[dict[str, Any], ...]) -> str:
    """As Claude Code writes rules: `Bash(touch x *)`, or the tool's name alone for all its uses."""
    rules = [rule for one in _rules(suggestions) for rule in one.get("rules") or () if isinstance(rule, dict)]
    return ", ".join(
        f"{rule.get('toolName')}({content})" if (content := rule.get("ruleContent")) else str(rule.get("toolName"))
        for rule in rules
    )


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_PROMPT else line[: LONGEST_PROMPT - 1] + "…"
