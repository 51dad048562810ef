"""What agents are taught about PhoneWork: skills, each a Markdown file with front matter, as they are put where agents look."""

from importlib import resources
from pathlib import Path
from typing import Final

from phonework.setup.owned import XML, Owned

NAMES: Final = ("phonework-sessions", "phonework-handover")
FILE: Final = "SKILL.md"


def text(name: str) -> str:
    """The skill as it is written. Format: agentskills.io/specification."""
    return resources.files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")


def skill(name: str, place: Path) -> Owned:
    """The skill in a place where an agent looks for skills."""
    return Owned(path=place / name / FILE, body=text(name), comment=XML)
