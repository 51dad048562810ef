"""The `[claude]` section of the settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from phonework.config.section import Section, Variables


class ClaudeSettings(Section):
    purpose = (
        "Claude Code. Its own settings, rules and login apply as at the desk; `ANTHROPIC_*` and `CLAUDE_*` reach it."
    )

    cli_path: str = Field("", description="The `claude` program; empty: the one that came with the SDK.")
    model: str = Field("", description="Model for new sessions; empty: Claude Code's own choice.")
    permission_mode: Literal["default", "acceptEdits", "plan", "dontAsk"] = Field(
        "default",
        description="Permission mode of new sessions: `default`, `acceptEdits`, `plan` or `dontAsk`. "
        "Bypassing permissions is not a setting.",
        examples=["default"],
    )
    env: Variables = Field(
        {},
        description="Environment variables for the agent, on top of ours.",
        repr=False,
        json_schema_extra={"secret": True},
        examples=[{"HTTPS_PROXY": "http://127.0.0.1:3128"}],
    )
    image: str = Field(
        "",
        description="Image of the container for sessions begun with `--in docker` or `--in podman`: it has `claude` on its "
        "PATH. It is never fetched by itself.",
        examples=["localhost/claude:latest"],
    )
    container_options: list[str] = Field(
        [],
        description="Further words for `docker run` or `podman run`, such as volumes, networks and limits.",
        examples=[["--network=host", "--memory=4g"]],
    )
