"""How the assistant does, for `/health`: how its model answers, and how many messages found their way without it."""

from phonework.assistant.tally import Tally
from phonework.intake.hand import Desk
from phonework.intake.routing import Way
from phonework.link.health import Part


class AssistantHealth:
    """Counts since the start. Outside smart mode no message needs the model, so those are not part of the share."""

    def __init__(self, desk: Desk, tally: Tally) -> None:
        self._desk, self._tally = desk, tally

    def __call__(self) -> Part | None:
        """None when there is no assistant."""
        if not self._desk.assistant:
            return None
        counts = self._desk.routed
        by_model = counts[Way.MODEL]
        by_rules = sum(counts[way] for way in Way if way not in (Way.MODEL, Way.DIRECT))
        facts = {
            "routed_by_rules": by_rules,
            "routed_by_model": by_model,
            "share_by_rules": round(by_rules / (by_rules + by_model), 3) if by_rules + by_model else None,
            **{f"routed_{way.value}": counts[way] for way in Way if way is not Way.MODEL},
            **self._tally.facts(),
        }
        problem = self._tally.last_error
        return Part(ok=problem is None, problem=f"the model did not answer: {problem}" if problem else "", facts=facts)
