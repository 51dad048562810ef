"""What a person decided, as the buttons name it."""

from phonework.fsm.types import Answer, RequestKind, Verdict
from phonework.texts import text


def decision(kind: RequestKind, answer: Answer, language: str) -> str:
    """The decision by the name of its button, or in the person's words. kind: of the request."""
    plan = kind is RequestKind.PLAN
    match answer.verdict:
        case Verdict.ALLOW:
            return text(language, "card.approve" if plan else "card.allow")
        case Verdict.ALLOW_SESSION:
            return text(language, "card.allow_session")
        case Verdict.ALLOW_RULE:
            return text(language, "card.allow_rule")
        case Verdict.ALLOW_EDITS:
            return text(language, "card.approve_edits")
        case Verdict.DENY:
            return text(language, "card.keep_planning" if plan else "card.deny")
        case Verdict.ANSWER:
            return "; ".join(", ".join(one) for one in answer.picks) or answer.text


def reason(answer: Answer) -> str:
    """Why it was refused, in the person's words; may be empty."""
    return answer.text if answer.verdict is Verdict.DENY else ""
