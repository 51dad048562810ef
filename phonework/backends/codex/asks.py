"""Turns a request of the app-server into an `Ask`, and a person's answer into its reply. Pure, but for the request's random id.

Shapes: codex-cli 0.163.0 and 0.169.0. What is not understood, or cannot be shown in full, is no ask: the caller refuses it.
"""

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import uuid4

from phonework.backends.codex import messages
from phonework.backends.codex.frames import Call
from phonework.fsm.types import Answer, Ask, Option, Question, RequestId, RequestKind, Scope, Sentence, Verdict
from phonework.texts import text
from phonework.unified import unified

LONGEST_PROMPT: Final = 400  # characters of the one-line question
COMMAND: Final = "item/commandExecution/requestApproval"
FILES: Final = "item/fileChange/requestApproval"
QUESTIONS: Final = "item/tool/requestUserInput"
_PASSING: Final = frozenset(
    {"threadId", "turnId", "itemId", "approvalId", "startedAtMs", "reason", "availableDecisions", "commandActions"}
    | {"proposedExecpolicyAmendment", "proposedNetworkPolicyAmendments", "environmentId"}
)
"""What may differ between two requests for the very same thing."""
_FURTHER: Final = ("additionalPermissions", "networkApprovalContext")
DECLINED: Final[Mapping[str, Any]] = {"decision": "decline"}
UNANSWERED: Final[Mapping[str, Any]] = {"answers": {}}


def key(call: Call) -> tuple[str, str, str]:
    """Names the request across connections: after a new one the server makes it again."""
    return call.method, str(call.params.get("itemId")), str(call.params.get("approvalId") or "")


def ask(call: Call, item: Mapping[str, Any] | None, *, kept_in: str) -> Ask | None:
    """What the person is asked; None when it is nothing that can be asked. item: the change that it is about, as it was told before.

    kept_in: the file of rules that hold for good.
    """
    match call.method:
        case _ if not isinstance(call.params.get("itemId"), str):
            return None
        case "item/commandExecution/requestApproval":
            return _command(call, kept_in)
        case "item/fileChange/requestApproval":
            return _files(call, item)
        case "item/tool/requestUserInput":
            return _questions(call)
        case _:
            return None


def refusal(asked: Ask) -> Mapping[str, Any]:
    """The reply that allows nothing."""
    return DECLINED if asked.kind is RequestKind.CONFIRM else UNANSWERED


def reply(asked: Ask, answer: Answer) -> Mapping[str, Any]:
    """What the server is told. Only an explicit allow lets anything pass, and a rule only the one that was shown."""
    if asked.kind is not RequestKind.CONFIRM:
        return _answers(asked, answer)
    match answer.verdict:
        case Verdict.ALLOW:
            return {"decision": "accept"}
        case Verdict.ALLOW_SESSION if Scope.SESSION in asked.offered:
            return {"decision": "acceptForSession"}
        case Verdict.ALLOW_RULE if Scope.ALWAYS in asked.offered:
            amendment = _kept(asked).get("amendment")
            return {"decision": {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": amendment}}}
        case _:
            return DECLINED


def reason(asked: Ask, answer: Answer) -> str:
    """What the agent is told beside a no, which itself carries no words; empty when there is nothing to tell."""
    if answer.verdict is not Verdict.DENY or not answer.text.strip():
        return ""
    about = asked.command or asked.path or asked.prompt
    return f"About `{messages.short(about)}`, which the user refused, they say: {answer.text}"


def _command(call: Call, kept_in: str) -> Ask | None:
    command = call.params.get("command")
    further = [one for one in _FURTHER if call.params.get(one)]
    if call.params.get("environmentId") not in (None, "", "local"):  # on a machine that the card says nothing of
        return None
    if call.params.get("kind") not in (None, "command"):  # what is typed into a program that runs, for example
        further.append("kind")
    meant = {name: value for name, value in call.params.items() if name not in _PASSING and value is not None}
    if (not isinstance(command, str) or not command) and not further:
        return None
    where = call.params.get("cwd")
    asked = replace(_confirm(call, "command", meant, "codex.run_command"), path=where if isinstance(where, str) else "")
    if further or not isinstance(command, str):
        return replace(asked, input_json=json.dumps(meant, ensure_ascii=False, indent=2))
    words = messages.bare(command)
    amendment = call.params.get("proposedExecpolicyAmendment")
    if isinstance(amendment, list) and amendment and all(isinstance(one, str) for one in amendment):
        return replace(
            asked,
            command=words,
            rule=f"Bash({shlex.join(amendment)} *)",
            scopes=(Scope.SESSION, Scope.ALWAYS),
            kept_in=kept_in,
            extra=json.dumps({"amendment": amendment}),
        )
    return replace(asked, command=words, rule=f"Bash({words})", scopes=(Scope.SESSION,))


def _files(call: Call, item: Mapping[str, Any] | None) -> Ask | None:
    changes = messages.changes(item) if item is not None else []
    diffs = [_diff(one) for one in changes]
    if not diffs or not all(diffs):  # what would be changed is shown in full, or not asked
        return None
    paths = [str(one.get("path")) for one in changes]
    meant = {"changes": changes, "grantRoot": call.params.get("grantRoot")}
    asked = _confirm(call, "files", meant, "codex.change_files")
    asked = replace(asked, diff="".join(diffs), path=paths[0] if len(paths) == 1 else "")
    if root := call.params.get("grantRoot"):
        return replace(asked, notes=(*asked.notes, Sentence(key="codex.grants_root", params={"root": str(root)})))
    return replace(asked, rule=", ".join(f"Edit({path})" for path in paths), scopes=(Scope.SESSION,))


def _diff(change: Mapping[str, Any]) -> str:
    """As git writes it, but a whole path stays whole. Codex gives the bare contents of a new file and of one that goes, and
    the hunks of another.
    """
    path, said, kind = change.get("path"), change.get("diff"), change.get("kind")
    if not isinstance(path, str) or not path or not isinstance(said, str) or not isinstance(kind, dict):
        return ""
    match kind.get("type"):
        case "add":
            added = "".join(unified("", said, "it", new=True).splitlines(keepends=True)[2:])
            return f"--- /dev/null\n+++ {_side('b', path)}\n{added}"
        case "delete":
            return f"--- {_side('a', path)}\n+++ /dev/null\n" + "".join(f"-{line}\n" for line in said.splitlines())
        case _:
            target = str(kind.get("move_path") or path)
            return f"--- {_side('a', path)}\n+++ {_side('b', target)}\n{said}"


def _side(prefix: str, path: str) -> str:
    """The file's name in a diff: without the prefix when it is a whole path, which would read as one in the project."""
    return path if path.startswith("/") else f"{prefix}/{path}"


def _questions(call: Call) -> Ask | None:
    given = call.params.get("questions")
    listed = given if isinstance(given, list) else []
    found = [_question(one) for one in listed]
    known = [one for one in found if one is not None]
    if not known or len(known) != len(found):
        return None
    questions = tuple(question for _, question in known)
    asked = Ask(
        request_id=RequestId(uuid4().hex),
        kind=RequestKind.CHOICE,
        agent_ref=str(call.params["itemId"]),
        fingerprint=_fingerprint("questions", listed),
        prompt=_one_line(questions[0].text),
        tool="request_user_input",
        questions=questions,
        notes=(Sentence(key="codex.secret"),) if any(one.get("isSecret") is True for one in listed) else (),
        extra=json.dumps({"ids": [identity for identity, _ in known]}),
    )
    if len(questions) == 1 and not questions[0].options:
        return replace(asked, kind=RequestKind.INPUT, questions=())
    return asked


def _question(one: Any) -> tuple[str, Question] | None:
    match one:
        case {"id": str(identity), "question": str(words)}:
            options = one.get("options") if isinstance(one.get("options"), list) else []
            shown = tuple(
                Option(label=str(option["label"]), description=str(option.get("description") or ""))
                for option in options
                if isinstance(option, dict) and option.get("label")
            )
            free = one.get("isOther") is True or not shown
            return identity, Question(text=words, header=str(one.get("header") or ""), options=shown, free_text=free)
        case _:
            return None


def _answers(asked: Ask, answer: Answer) -> Mapping[str, Any]:
    """By the questions' own ids; a question without an answer is left out."""
    if answer.verdict is not Verdict.ANSWER:
        return UNANSWERED
    picks = answer.picks or (((answer.text,),) if answer.text else ())
    identities = _kept(asked).get("ids")
    known = identities if isinstance(identities, list) else []
    given = {
        str(identity): {"answers": [part for part in picked if part.strip()]}
        for identity, picked in zip(known, picks, strict=False)
        if any(part.strip() for part in picked)
    }
    return {"answers": given}


def _confirm(call: Call, what: str, meant: object, otherwise: str) -> Ask:
    """otherwise: the sentence when Codex gives no reason."""
    given = call.params.get("reason")
    words = _one_line(given) if isinstance(given, str) else ""
    return Ask(
        request_id=RequestId(uuid4().hex),
        kind=RequestKind.CONFIRM,
        agent_ref=str(call.params["itemId"]),
        fingerprint=_fingerprint(what, meant),
        prompt=words or text("en", otherwise),
        sentence=None if words else Sentence(key=otherwise),
        tool="exec_command" if what == "command" else "apply_patch",
        notes=(Sentence(key="codex.unconfined"),),
    )


def _kept(asked: Ask) -> Mapping[str, Any]:
    """What was kept with the ask; nothing when it cannot be read."""
    try:
        found = json.loads(asked.extra)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _fingerprint(what: str, meant: object) -> str:
    canonical = json.dumps([what, meant], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _one_line(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= LONGEST_PROMPT else line[: LONGEST_PROMPT - 1] + "…"
