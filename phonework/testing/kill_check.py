"""What must be true when all is calm again: nothing lost, nothing shown twice, nothing done without a yes."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

from phonework.fsm.replies import is_yes
from phonework.fsm.table import TABLE, Row
from phonework.gateway.acts import hashed
from phonework.testing import kill_once
from phonework.testing.kill_judge import Judge, ask_of
from phonework.testing.kill_load import Evidence
from phonework.testing.person import operations

Json = dict[str, Any]
_FUNCTION: Final = re.compile(r"^def (\w+)", re.MULTILINE)
_FROM_THE_START: Final = {"total", "take"}


def violations(evidence: Evidence) -> list[str]:
    """One sentence for each thing that is not as it must be."""
    with closing(sqlite3.connect(f"file:{evidence.database}?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        judge = Judge(evidence, db)
        return [*evidence.problems, *(found for look in _LOOKS for found in look(judge))]


# Lost


def _every_message_is_an_event_once(judge: Judge) -> Iterator[str]:
    taken = Counter(row["dedupe_key"] for row in judge.events if row["source"] == "message")
    for message_id, text in judge.evidence.deeds.said.items():
        if taken[message_id] != 1:
            yield f"lost: {text!r} ({message_id}) was taken in {taken[message_id]} times"
    for key in taken:
        if key.removesuffix(":first") not in judge.evidence.deeds.said:
            yield f"invented: nobody said {key}"


def _every_message_of_a_program_is_there_once(judge: Judge) -> Iterator[str]:
    """What was acknowledged is in a turn or was dropped by its person; whatever was sent again is there once."""
    deeds = judge.evidence.deeds
    keys = {hashed(key): key for key in deeds.sent}
    taken = Counter(
        keys.get(name := row["dedupe_key"].rpartition(":")[2], name)
        for row in judge.events
        if row["source"] == "shell" and row["kind"] == "MessageReceived"
    )
    for key, count in taken.items():
        if key not in deeds.sent:
            yield f"invented: no program sent {key}"
        if count > 1:
            yield f"doubled: {key} of a program was taken in {count} times"
    for key, prompt_id in deeds.acknowledged.items():
        status = judge.prompts[prompt_id]["status"] if prompt_id in judge.prompts else "nowhere"
        if not taken[key] or status not in ("taken", "dropped"):
            yield f"lost: {key} of a program was acknowledged and is {status}"


def _every_message_had_its_consequence(judge: Judge) -> Iterator[str]:
    """It is in a turn, or dropped by the person; or it answered; or they were told why not."""
    waiting = {json.loads(row["body"])["message_id"]: row for row in judge.prompts.values()}
    told = {row["key"].rsplit(":", 1)[0] for row in judge.effects if row["status"] == "done"}
    for row in judge.events:
        if row["source"] != "message" or row["kind"] not in ("MessageReceived", "Command"):
            continue
        message_id = row["dedupe_key"].removesuffix(":first")
        if row["kind"] == "Command" or row["reason"] is not None:
            key = f"{row['user_id']}:{message_id}"
            if not {key, f"{key}:why"} & told:
                yield f"lost: {message_id} ({row['reason']}) was answered by nothing"
        elif (prompt := waiting.get(message_id)) is None:
            if (row["session_id"], row["version"]) not in judge.answers:
                yield f"lost: {message_id} went into no turn and answered nothing"
        elif prompt["status"] not in ("taken", "dropped"):
            yield f"lost: {message_id} is still {prompt['status']}"
        elif prompt["status"] == "taken" and (prompt["session_id"], prompt["turn"]) not in judge.turns:
            yield f"lost: {message_id} is in a turn that does not exist"


def _what_the_agent_said_is_shown(judge: Judge) -> Iterator[str]:
    """Each echoed word stands in the chat as often as turns ended with it."""
    posts = [shown.text for shown in judge.bot.values() if shown.msg_type == "post"]
    texts = [
        str(json.loads(row["body"])["text"])
        for (session_id, _turn), row in judge.turns.items()
        if session_id not in judge.companions  # theirs are in their cards
    ]
    for word in sorted({word for text in texts for word in re.findall(r"\bw\d+x\w+", text)}):
        wanted = sum(_has(text, word) for text in texts)
        found = sum(_has(text, word) for text in posts)
        if found < wanted:
            yield f"lost: {word} was the answer of {wanted} turns and is shown {found} times"


def _has(text: str, word: str) -> bool:
    return re.search(rf"\b{word}\b", text) is not None


# Shown twice


def _every_message_of_ours_has_one_delivery(judge: Judge) -> Iterator[str]:
    delivered = Counter(row["message_id"] for row in judge.messages)
    unheard = Counter(
        json.loads(row["chat"])["chat_id"]
        for row in judge.effects
        # Sent, perhaps, when the program was killed, and not worth sending again when it was there again.
        if row["kind"] == "ShowTask" and row["status"] == "superseded" and row["attempts"] > 1
    )
    for message_id, shown in judge.bot.items():
        if delivered[message_id] == 0 and shown.msg_type == "post" and unheard[shown.chat_id] > 0:
            unheard[shown.chat_id] -= 1
        elif delivered[message_id] != 1:
            yield f"doubled: {message_id} belongs to {delivered[message_id]} deliveries: {shown.text[:80]!r}"
    for row in judge.messages:
        if row["message_id"] not in judge.bot:
            yield f"lost: {row['delivery_key']} is in no chat"


def _every_card_is_shown_once(judge: Judge) -> Iterator[str]:
    for card_key, count in Counter(row["card_key"] for row in judge.messages if row["card_key"]).items():
        if count != 1:
            yield f"doubled: the card {card_key} is shown {count} times"


def _every_reminder_came_once(judge: Judge) -> Iterator[str]:
    """Whatever was killed before, while and after it came."""
    applied = {row["dedupe_key"] for row in judge.events if row["kind"] == "Command" and row["status"] == "applied"}
    wanted = {key for key, text in judge.evidence.deeds.said.items() if text.startswith("/remind ")} & applied
    origins = [row["origin"] for row in judge.reminders]
    asked = [origin.removeprefix("message:") for origin in origins if origin.startswith("message:")]
    if sorted(asked) != sorted(wanted):
        yield f"lost: reminders were asked for by {sorted(wanted)}, there are those of {sorted(asked)}"
    came = Counter(row["dedupe_key"] for row in judge.events if row["source"] == "reminder")
    for row in judge.reminders:
        name = f"{row['reminder_id']} ({row['body']!r})"
        if (row["status"], row["fired"]) != ("done", 1) or came[f"{row['reminder_id']}:1"] != 1:
            yield f"reminder: {name} is {row['status']} and came {row['fired']} times"
        if judge.card(f"reminder:{row['reminder_id']}:1") is None:
            yield f"lost: the reminder {name} is in no chat"


def _every_card_is_true(judge: Judge) -> Iterator[str]:
    """What can be pressed is what still has an effect."""
    for request_id, row in judge.requests.items():
        shown = judge.card(f"request:{request_id}")
        late = row["status"] in ("expired", "void")
        offered = {value["op"] for value in operations(shown)} if shown else set()
        if shown is not None and offered != ({"late"} if late else set()):
            yield f"untrue: request {request_id} is {row['status']}, its card offers {offered}"
        if shown is None and row["generation"] > 0:
            yield f"lost: request {request_id} ({row['status']}) has no card"
    for (session_id, turn), row in judge.turns.items():
        shown = judge.card(f"turn:{session_id}:{turn}")
        if shown is None:
            yield f"lost: turn {turn} of {session_id} has no card"
        elif any(value["op"] == "stop" for value in operations(shown)):
            yield f"untrue: turn {turn} of {session_id} is {row['status']}, its card offers Stop"


# Approvals


def _every_yes_was_given(judge: Judge) -> Iterator[str]:
    """Behind each yes to the agent is a tap, a typed yes to that question, or one late yes about the very same thing."""
    deeds = judge.evidence.deeds
    causes = {(row["session_id"], row["version"]): row for row in judge.events if row["version"] is not None}
    late = Counter(
        (row["session_id"], ask_of(row)["fingerprint"])
        for row in judge.requests.values()
        if row["status"] == "resumed" and row["request_id"] in deeds.yes
    )
    given_answers = [(where, answer) for where, answers in judge.answers.items() for answer in answers]
    for where, answer in given_answers:
        if not str(answer["answer"]["verdict"]).startswith("allow"):
            continue
        cause, request = causes[where], judge.requests[answer["request_id"]]
        match cause["kind"]:
            case "CardAnswered":
                given = answer["request_id"] in deeds.yes
            case "MessageReceived":
                said = deeds.said.get(cause["dedupe_key"], "")
                given = is_yes(said) and cause["occurred_at_ms"] > request["asked_at_ms"]
            case _:
                same = (where[0], ask_of(request)["fingerprint"])
                given, late[same] = late[same] > 0, late[same] - 1
        if not given:
            yield f"false approval: nobody allowed {answer['request_id']} ({cause['kind']}): {ask_of(request)['prompt']}"


def _every_deed_was_allowed(judge: Judge) -> Iterator[str]:
    allowed = {row["request_id"]: row for row in judge.allowed}
    for place in sorted(path for path in judge.evidence.work.iterdir() if path.is_dir()):
        here = [row for row in judge.sessions if row["cwd"] == str(place.resolve())]
        edits = [deed for row in here for name, deed in _deeds(judge, row["session_id"]) if name in allowed]
        agreed = {name for deed in edits for name in _FUNCTION.findall(deed.get("after", ""))}
        found = {name for path in (place / "shop").glob("*.py") for name in _FUNCTION.findall(path.read_text())}
        for name in sorted(found - agreed - _FROM_THE_START):
            yield f"false approval: {place.name} has {name}, which nobody allowed"
        log = place / "tests" / "ran.log"
        runs = len(log.read_text().splitlines()) if log.exists() else 0
        mine = [row for row in allowed.values() if row["session_id"] in {one["session_id"] for one in here}]
        # Each yes to a command runs the tests once, and so does each turn that edits.
        most = sum(bool(ask_of(row)["tool"] in ("Bash", "Edit")) for row in mine)
        if runs > most:
            yield f"false approval: {place.name} ran its tests {runs} times, allowed were {most}"


def _the_agent_was_told_once(judge: Judge) -> Iterator[str]:
    """A start is tried again only when it certainly had not arrived."""
    for session in judge.sessions:
        records = _journal(judge, session["session_id"])
        told = Counter((record["turn"], record["id"]) for record in records if record.get("kind") == "prompt")
        for (turn, prompt_id), count in told.items():
            if count > 1:
                yield f"twice: turn {turn} of {session['session_id']} began {count} times with {prompt_id}"


def _deeds(judge: Judge, session_id: str) -> Iterator[tuple[str, Json]]:
    """What the agent asked for: request id, and what about."""
    for record in _journal(judge, session_id):
        if record.get("kind") == "asked":
            yield record["request_id"], record["deed"]


def _journal(judge: Judge, session_id: str) -> Iterator[Json]:
    """What the agent itself wrote down."""
    journal = judge.evidence.journals / f"{session_id}.jsonl"
    for line in journal.read_text().splitlines() if journal.exists() else ():
        try:
            record = json.loads(line) if line.strip() else {}
        except ValueError:
            continue  # torn by a kill
        yield record


# At rest


def _everything_is_at_rest(judge: Judge) -> Iterator[str]:
    for row in judge.sessions:
        if row["state"] not in ("idle", "closed"):
            yield f"stuck: {row['session_id']} is {row['state']}"
    for row in judge.effects:
        if row["status"] in ("owed", "claimed"):
            yield f"stuck: {row['key']} ({row['kind']}) is {row['status']}"
        if row["status"] == "failed" and row["lane"].startswith("chat:"):
            yield f"lost: {row['key']} ({row['kind']}) was given up: {row['result']}"
        if row["policy"] == "once" and row["attempts"] > 1 and row["kind"] != "StartTurn":
            yield f"twice: {row['key']} ({row['kind']}) was tried {row['attempts']} times"
    for row in judge.events:
        if row["status"] == "poisoned":
            yield f"poisoned: {row['kind']} {row['dedupe_key']}: {row['payload'][:200]}"


def _what_nobody_knows_was_asked(judge: Judge) -> Iterator[str]:
    """An order of which nobody knows whether it was carried out shows the person a way on."""
    for row in judge.effects:
        if row["status"] != "unknown":
            continue
        order = json.loads(row["payload"])
        match row["kind"]:
            case "StartTurn":
                fate = judge.turns[row["session_id"], order["turn"]]["status"]
                asked = fate in ("lost", "stopped", "failed")
            case "AnswerAgent":
                fate = judge.requests[order["request_id"]]["status"]
                asked = fate in ("void", "resumed", "refused", "expired", "withdrawn")
            case _:
                fate = judge.prompts[order["prompt_id"]]["status"]
                asked = fate in ("held", "dropped", "taken")
        if not asked:
            yield f"unasked: {row['key']} ({row['kind']}) is unknown, and what it was about is {fate}"


def _the_history_is_whole(judge: Judge) -> Iterator[str]:
    """Versions without a gap, each step from where the last one led, each in the table."""
    moves = {(row.source.value, row.event.__name__, row.target.value) for row in TABLE if isinstance(row, Row)}
    last: dict[str, sqlite3.Row] = {}
    for row in judge.events:
        if row["version"] is None:
            continue
        before = last.get(row["session_id"])
        if row["version"] != (before["version"] + 1 if before else 1):
            yield f"gap: {row['session_id']} came to version {row['version']}"
        if before is not None and row["from_state"] != before["to_state"]:
            yield f"gap: {row['session_id']} version {row['version']} begins at {row['from_state']}"
        if row["kind"] != "Created" and (row["from_state"], row["kind"], row["to_state"]) not in moves:
            yield f"no such move: {row['from_state']} {row['kind']} {row['to_state']}"
        last[row["session_id"]] = row
    for session in judge.sessions:
        newest = last[session["session_id"]]
        if (session["state"], session["version"]) != (newest["to_state"], newest["version"]):
            yield f"{session['session_id']} is not where its history ends"


def _the_rows_agree(judge: Judge) -> Iterator[str]:
    yield from judge.damage
    for (session_id, turn), row in judge.turns.items():
        starts = [
            one for one in judge.effects
            if one["kind"] == "StartTurn" and one["session_id"] == session_id
            and json.loads(one["payload"])["turn"] == turn
        ]  # fmt: skip
        if len(starts) != 1:
            yield f"turn {turn} of {session_id} was started {len(starts)} times"
        if row["status"] == "live":
            yield f"stuck: turn {turn} of {session_id} is live"
    for row in judge.requests.values():
        if row["status"] in ("open", "queued", "answered"):
            yield f"stuck: request {row['request_id']} is {row['status']}"


_LOOKS: Final[tuple[Callable[[Judge], Iterator[str]], ...]] = (
    _every_message_is_an_event_once,
    _every_message_of_a_program_is_there_once,
    _every_message_had_its_consequence,
    _what_the_agent_said_is_shown,
    _every_message_of_ours_has_one_delivery,
    _every_card_is_shown_once,
    _every_reminder_came_once,
    _every_card_is_true,
    _every_yes_was_given,
    _every_deed_was_allowed,
    _the_agent_was_told_once,
    _everything_is_at_rest,
    _what_nobody_knows_was_asked,
    _the_history_is_whole,
    _the_rows_agree,
    *kill_once.LOOKS,
)
