"""What `phonework inspect` prints for a person, from the same facts as its JSON."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from phonework.one_line import one_line

Json = dict[str, Any]
_MOVE = len("executing → waiting_confirm")


def report(facts: Json, now: datetime) -> str:
    """The whole report; now: aware."""
    return "\n".join(_report(facts, now)) + "\n"


def entry(event: Json) -> str:
    """One line of history: when, what, the move, and why."""
    move = (
        f"{event['from'] or '·'} → {event['to']}"
        if event["to"] and event["to"] != event["from"]
        else event["from"] or ""
    )
    reason = f"  ({event['reason']})" if event["reason"] else ""
    cause = f"  {event['cause']}" if event["cause"] else ""
    return f"{_clock(event['at'])}  {event['event']:<20} {event['outcome']:<8} {move:<{_MOVE}}{reason}{cause}".rstrip()


def _report(facts: Json, now: datetime) -> Iterator[str]:
    name = f" ({one_line(facts['name'])})" if facts["name"] else ""
    active = facts["active_session"] or "none"
    yield f"{facts['user']}{name}: mode {facts['mode']}, language {facts['language']}, active session {active}"
    if not facts["sessions"]:
        yield "no sessions"
    for session in facts["sessions"]:
        yield ""
        yield from _session(session, session["session_id"] == facts["active_session"], now)
    if facts["effects"]:
        yield ""
        yield from _effects(facts["effects"], now)


def _session(session: Json, active: bool, now: datetime) -> Iterator[str]:
    mark = " *" if active else ""
    yield f"{session['session_id']}{mark}  {session['state']}, since {_clock(session['since'])} ({_ago(session['since'], now)})"
    yield f"  where     {one_line(session['cwd'])}"
    agent = f", its session {session['agent_session_id']}" if session["agent_session_id"] else ""
    yield f"  agent     {session['backend']}{agent}"
    yield f"  turn      {session['turn']}, version {session['version']}"
    if request := session["request"]:
        yield from _request(request, session["requests_waiting"], now)
    for number, prompt in enumerate(session["queue"], start=1):
        yield f"  queue     {number}. {prompt['status']}: {one_line(prompt['text'])}"
    for timer in session["timers"]:
        yield f"  timer     {timer['name']} {_due(timer['due_at'], now)}"
    yield from _effects(session["effects"], now)
    for event in session["history"]:
        yield f"  history   {entry(event)}"


def _request(request: Json, behind: int, now: datetime) -> Iterator[str]:
    ends = f", ends {_due(request['expires_at'], now)}" if request["expires_at"] else ""
    yield f"  asks      {request['kind']}: {one_line(request['prompt'])}{ends}"
    if request["options"]:
        yield f"            {' · '.join(one_line(option, 40) for option in request['options'])}"
    if behind:
        yield f"            and {behind} more after it"


def _effects(effects: list[Json], now: datetime) -> Iterator[str]:
    for effect in effects:
        tries = f", {effect['attempts']} tries" if effect["attempts"] else ""
        again = f", next {_due(effect['not_before'], now)}" if effect["status"] == "owed" and effect["attempts"] else ""
        result = f": {one_line(effect['result'])}" if effect["result"] else ""
        yield f"  effect    {effect['status']} {effect['kind']} {effect['key']}{tries}{again}{result}"


def _time(stamp: str) -> datetime:
    moment = datetime.fromisoformat(stamp)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _clock(stamp: str) -> str:
    local = _time(stamp).astimezone()
    return f"{local:%m-%d %H:%M:%S}"


def _ago(stamp: str, now: datetime) -> str:
    return f"{_span(now - _time(stamp))} ago"


def _due(stamp: str, now: datetime) -> str:
    left = _time(stamp) - now
    return f"in {_span(left)}" if left >= timedelta() else f"overdue by {_span(-left)}"


def _span(length: timedelta) -> str:
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
