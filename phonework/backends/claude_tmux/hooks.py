"""Our hooks in Claude Code's own settings: put there, and taken out again, and nothing else of the file is touched. Pure but for `path`.

File: `settings.json` in Claude Code's directory, key `hooks`: by event a list of matchers, each with a list of hooks
("Hooks reference"; 2.1.329).
"""

import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from phonework.backends import hook_client
from phonework.backends.claude import json_edit, launcher
from phonework.backends.claude.json_edit import NotSuchJsonError
from phonework.backends.claude_tmux import launch
from phonework.errors import BackendError

_KEY: Final = "hooks"
_PROGRAM: Final = Path(hook_client.__file__).name


@dataclass(frozen=True, slots=True)
class ClaudeHooks:
    """It is a `HookKeeper`. backend: the name under which the hooks report."""

    backend: str

    @property
    def path(self) -> Path:
        return launcher.config_dir(os.environ) / "settings.json"

    def with_ours(self, text: str, gateway: Path) -> str:
        try:
            found = _hooks(text)
            ours = launch.hooks(gateway, self.backend)
            if self._is_there(found, ours):
                return text
            cleaned = self._without(found)
            merged = {**cleaned, **{event: [*cleaned.get(event, []), *ours[event]] for event in ours}}
            return json_edit.with_member(text, _KEY, merged)
        except NotSuchJsonError as error:
            raise BackendError("hooks.damaged", path=str(self.path)) from error

    def without_ours(self, text: str) -> str:
        try:
            found = _hooks(text)
            cleaned = self._without(found)
            if cleaned == found:
                return text
            return json_edit.with_member(text, _KEY, cleaned) if cleaned else json_edit.without_member(text, _KEY)
        except NotSuchJsonError as error:
            raise BackendError("hooks.damaged", path=str(self.path)) from error

    def _is_there(self, found: Mapping[str, Any], ours: Mapping[str, list[Any]]) -> bool:
        """Exactly once, and as they would be put there now."""
        if any(one not in found.get(event, []) for event, group in ours.items() for one in group):
            return False
        mine = [hook for groups in found.values() for hook in _each(groups) if self._is_ours(hook)]
        return len(mine) == len(ours)

    def _without(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """The same without ours, wherever they came from: an earlier version, another place. What gets empty by that goes."""
        kept: dict[str, Any] = {}
        for event, groups in found.items():
            left = [self._rest(group) for group in groups]
            if not groups or any(group is not None for group in left):
                kept[event] = [group for group in left if group is not None]
        return kept

    def _rest(self, group: Any) -> Any:
        hooks = group.get(_KEY) if isinstance(group, dict) else None
        if not isinstance(hooks, list) or not any(self._is_ours(one) for one in hooks):
            return group
        left = [one for one in hooks if not self._is_ours(one)]
        return {**group, _KEY: left} if left else None

    def _is_ours(self, hook: Any) -> bool:
        command = hook.get("command") if isinstance(hook, dict) else None
        try:
            words = shlex.split(command) if isinstance(command, str) else []
        except ValueError:
            return False
        return self.backend in words and any(Path(word).name == _PROGRAM and "phonework" in word for word in words)


def _each(groups: Any) -> list[Any]:
    return [hook for one in groups if isinstance(one, dict) for hook in one.get(_KEY) or ()]


def _hooks(text: str) -> dict[str, Any]:
    """What stands under `hooks`. Raises NotSuchJsonError when it is not as documented: then nothing is touched."""
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise NotSuchJsonError("no JSON") from error
    hooks = found.get(_KEY, {}) if isinstance(found, dict) else None
    if not isinstance(hooks, dict) or not all(isinstance(groups, list) for groups in hooks.values()):
        raise NotSuchJsonError("hooks is no object of lists")
    return hooks
