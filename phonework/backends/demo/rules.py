"""What the demo agent may do in a project without asking: one file for all projects, written whole or not at all."""

import json
import os
from pathlib import Path
from uuid import uuid4

from phonework.errors import BackendError

NAME = "demo/rules.json"
"""The file, below the directory of our data."""


class ProjectRules:
    """path: made when a rule is added. Its methods wait for the disk; they raise BackendError when it cannot be used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, cwd: str) -> tuple[str, ...]:
        """The rules of the project, in the order they were added."""
        return tuple(self._load().get(cwd, ()))

    def add(self, cwd: str, rule: str) -> None:
        """A rule that is there already is not added again."""
        rules = self._load()
        if rule not in rules.setdefault(cwd, []):
            rules[cwd].append(rule)
            self._save(rules)

    def remove(self, cwd: str, rule: str) -> bool:
        """Whether it was there."""
        rules = self._load()
        if rule not in rules.get(cwd, ()):
            return False
        rules[cwd].remove(rule)
        self._save(rules)
        return True

    def _load(self) -> dict[str, list[str]]:
        try:
            found = json.loads(self._path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise BackendError("rules.failed", path=NAME, problem=error.strerror or str(error)) from error
        except (ValueError, RecursionError) as error:
            raise BackendError("rules.damaged", path=NAME) from error
        if not isinstance(found, dict) or not all(_are_words(rules) for rules in found.values()):
            raise BackendError("rules.damaged", path=NAME)
        return found

    def _save(self, rules: dict[str, list[str]]) -> None:
        new = self._path.with_name(f"{self._path.name}.{uuid4().hex}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with new.open("w", encoding="utf-8") as file:
                json.dump(rules, file, ensure_ascii=False, indent=2)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self._path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise BackendError("rules.failed", path=NAME, problem=error.strerror or str(error)) from error


def _are_words(rules: object) -> bool:
    return isinstance(rules, list) and all(isinstance(rule, str) for rule in rules)
