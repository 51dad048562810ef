"""Commands that only look: each is a report."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Show a report. params: what was asked for, as typed."""

    report: str
    params: dict[str, str] = field(default_factory=dict)


def cost(_rest: str) -> Look:
    return Look(report="cost")
