"""What every command shares: that it can be wrong, and that it may be the agent's own."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class PassThrough:
    """A command of the agent's. text: what the agent gets. nearest: the command of ours it resembles, or empty."""

    name: str
    text: str
    nearest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One of our commands that cannot be understood. text: a key of the catalogue; params: what it names.

    usage: a key of the catalogue too, empty when there is no more to say.
    """

    command: str
    text: str
    params: dict[str, str] = field(default_factory=dict)
    usage: str = ""


def missing(command: str) -> Wrong:
    return Wrong(command=command, text="say.missing_argument", params={"command": command}, usage=f"usage.{command}")
