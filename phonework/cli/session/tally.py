"""Which of the sessions that are waited for have settled, and what that amounts to; pure."""

from dataclasses import dataclass, field
from typing import Any

from phonework.cli.session import exits
from phonework.cli.session.words import Outcome, how_to_answer, outcome_of

Json = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """first_is_enough: one that has settled ends the wait. through_questions: one that asks has not settled."""

    first_is_enough: bool = False
    through_questions: bool = False
    known: dict[str, Json] = field(default_factory=dict)

    def take(self, session: Json) -> None:
        """A session as it is now."""
        self.known[session["id"]] = session

    def settled(self) -> list[Json]:
        return [one for one in self.known.values() if self._has_settled(outcome_of(one))]

    def unsettled(self) -> list[str]:
        return [name for name, one in self.known.items() if not self._has_settled(outcome_of(one))]

    def met(self) -> bool:
        """Whether there is nothing more to wait for."""
        return bool(self.settled()) if self.first_is_enough else not self.unsettled()

    def code(self) -> int:
        """The exit code of a wait that is over: somebody is wanted, before something went wrong, before all is well."""
        outcomes = {outcome_of(one) for one in self.settled()}
        if Outcome.WAITING in outcomes:
            return exits.WAITING
        return exits.DONE if outcomes <= {Outcome.DONE} else exits.TURN_FAILED

    def report(self) -> list[Json]:
        """Each session with what became of it, and where it asks, the commands that answer."""
        return [
            {**one, "outcome": outcome_of(one).value, "answer_with": how_to_answer(one)} for one in self.known.values()
        ]

    def _has_settled(self, outcome: Outcome) -> bool:
        return outcome is not Outcome.WORKING and not (self.through_questions and outcome is Outcome.WAITING)
