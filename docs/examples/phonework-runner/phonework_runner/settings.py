"""The `[runner]` section of the settings."""

from __future__ import annotations

from pydantic import Field

from phonework.config.section import Section, Words


class RunnerSettings(Section):
    purpose = "Runs the program that a message names."

    unasked: Words = Field(
        ("echo", "pwd", "ls"),
        description="Programs that run without asking, by the name they are called with.",
        examples=[["echo", "pwd", "ls"]],
    )
