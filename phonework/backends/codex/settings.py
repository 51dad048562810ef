"""The `[codex]` section."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from phonework.config.section import Section, Variables


class CodexSettings(Section):
    purpose = (
        "Codex. Its own config.toml, rules and login apply as at the desk; what stands here goes over it. It has a sandbox of its own and is "
        "not run while that of `[work]` is on."
    )

    cli_path: str = Field(
        "",
        description="The `codex` program; empty: the one that came with `phonework[codex]`, else the one on the PATH.",
    )
    model: str = Field("", description="Model for new sessions; empty: Codex's own choice.", examples=["gpt-5.5"])
    provider: str = Field(
        "", description="One of the model providers in Codex's config.toml; empty: the one that stands there."
    )
    approval_policy: Literal["untrusted", "on-request", "never"] = Field(
        "on-request",
        description="When it asks: `untrusted` before every command and change, `on-request` before what the sandbox does not "
        "allow, `never`: what the sandbox does not allow is refused.",
        examples=["on-request"],
    )
    sandbox_mode: Literal["read-only", "workspace-write", "danger-full-access"] = Field(
        "workspace-write",
        description="What commands may do unasked, in Codex's own sandbox: `read-only`, `workspace-write`, or `danger-full-access`: no "
        "sandbox, only with `untrusted`, for machines on which the sandbox cannot work.",
        examples=["workspace-write"],
    )
    env: Variables = Field(
        {},
        description="Environment variables for Codex, on top of ours.",
        repr=False,
        json_schema_extra={"secret": True},
        examples=[{"HTTPS_PROXY": "http://127.0.0.1:3128"}],
    )

    @model_validator(mode="after")
    def _asks_at_least_once(self) -> CodexSettings:
        if self.sandbox_mode == "danger-full-access" and self.approval_policy != "untrusted":
            raise ValueError(
                "sandbox_mode = danger-full-access with anything but approval_policy = untrusted would ask nothing and allow everything; "
                "`/mode full-access` does that for a limited time"
            )
        return self
