"""The `[demo]` section of the settings."""

from __future__ import annotations

from pydantic import Field

from phonework.config.section import Section


class DemoSettings(Section):
    purpose = "The demo agent, which needs no account."

    delay: float = Field(0.03, description="Seconds between two streamed pieces of an answer.", ge=0, le=5)
    desk: str = Field(
        "",
        description="A directory below the working root where a made-up process has a conversation open, for `/resume` to "
        "show; empty: there is none. `phonework demo` sets it.",
        examples=["/home/you/work/shop"],
    )
