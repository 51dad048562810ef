"""How much Codex asks: the modes a person can choose, and what each means for a turn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from phonework.backends.base import PermissionMode
from phonework.backends.codex.settings import CodexSettings

USUAL: Final = "default"
PLAN: Final = "plan"
FULL_ACCESS: Final = "full-access"
MODES: Final = (
    PermissionMode(name=USUAL),
    PermissionMode(name="ask-always"),
    PermissionMode(name="read-only"),
    PermissionMode(name=PLAN),
    PermissionMode(name="never-ask"),
    PermissionMode(name=FULL_ACCESS, dangerous=True),
)
"""`default`: as the settings say. `never-ask` stays in the sandbox: what that does not allow is refused."""

_POLICIES: Final[Mapping[str, tuple[str, str]]] = {
    "ask-always": ("untrusted", ""),
    "read-only": ("on-request", "read-only"),
    PLAN: ("on-request", "read-only"),
    "never-ask": ("never", "workspace-write"),
    FULL_ACCESS: ("never", "danger-full-access"),
}
_SANDBOXES: Final = {
    "read-only": "readOnly",
    "workspace-write": "workspaceWrite",
    "danger-full-access": "dangerFullAccess",
}
_OWN: Final = ("writable_roots", "network_access", "exclude_tmpdir_env_var", "exclude_slash_tmp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """approval, sandbox: in Codex's own words, as in config.toml. plan: it is to make a plan and ask about it."""

    approval: str
    sandbox: str
    plan: bool = False

    @property
    def dangerous(self) -> bool:
        """Nothing is asked and nothing is forbidden."""
        return self.sandbox == "danger-full-access" and self.approval != "untrusted"


def policy(mode: str, settings: CodexSettings) -> Policy:
    """What the mode means; an unknown one, of a later version, means what is usual."""
    approval, sandbox = _POLICIES.get(mode, (settings.approval_policy, settings.sandbox_mode))
    return Policy(approval=approval, sandbox=sandbox or settings.sandbox_mode, plan=mode == PLAN)


def of_turn(chosen: Policy, workspace: Mapping[str, Any]) -> dict[str, Any]:
    """The policy as a turn begins with it, for itself and those after it.

    It is said with every turn: a conversation keeps what it was last told, full access too. And never when a conversation begins:
    there it would make Codex write into its config.toml that the directory is trusted (0.163.0).
    workspace: the `sandbox_workspace_write` of Codex's own configuration.
    """
    sandbox: dict[str, Any] = {"type": _SANDBOXES[chosen.sandbox]}
    if chosen.sandbox == "workspace-write":
        sandbox |= {_camel(key): workspace[key] for key in _OWN if workspace.get(key) is not None}
    # Its own reviewer, a model, must not answer in the person's place.
    return {"approvalPolicy": chosen.approval, "approvalsReviewer": "user", "sandboxPolicy": sandbox}


def collaboration(*, plan: bool, model: str, effort: object) -> dict[str, Any]:
    """The model's questions to a person need plan mode."""
    settings = {"model": model, "reasoning_effort": effort, "developer_instructions": None}
    return {"collaborationMode": {"mode": "plan" if plan else "default", "settings": settings}}


def _camel(key: str) -> str:
    first, *rest = key.split("_")
    return first + "".join(map(str.capitalize, rest))
