"""The `[claude_tmux]` section of the settings."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from phonework.config.section import Section, Variables


class ClaudeTmuxSettings(Section):
    purpose = (
        "Claude Code in a terminal of its own, in tmux: you can watch it there and type, and go on from the phone. "
        "Also what is known of Claude Code in other terminals of this machine, by its hooks."
    )

    cli_path: str = Field("", description="The `claude` program; empty: the one of the SDK, else the one on the PATH.")
    model: str = Field("", description="Model for new sessions; empty: Claude Code's own choice.")
    permission_mode: Literal["default", "acceptEdits", "plan", "dontAsk"] = Field(
        "default",
        description="Permission mode of new sessions: `default`, `acceptEdits`, `plan` or `dontAsk`.",
        examples=["default"],
    )
    env: Variables = Field(
        {},
        description="Environment variables for the agent, on top of ours.",
        repr=False,
        json_schema_extra={"secret": True},
        examples=[{"HTTPS_PROXY": "http://127.0.0.1:3128"}],
    )
    tmux_path: str = Field("tmux", description="The `tmux` program, 3.2 or newer.")
    socket: str = Field(
        "phonework",
        pattern=r"^[A-Za-z0-9._-]+$",
        description="Name of the tmux server's socket: `tmux -L phonework attach` shows the terminals.",
        examples=["phonework"],
    )
