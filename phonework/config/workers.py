"""The sections about what works for people: agents and their time, the assistant, the web and the shell."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from phonework.backends import registry
from phonework.config.section import YEAR_SECONDS, Origin, Seconds, Section


class AgentSettings(Section):
    purpose = "Which agents run, and how many."

    default: str = Field(
        default_factory=registry.usual,
        description="Kind of agent of a new session, one of those that are installed; `phonework doctor` lists them.",
        min_length=1,
    )
    max_live: int = Field(
        4,
        description="Agent processes of a kind at once; an idle one is let go to make room (one takes some hundred MB).",
        ge=1,
        le=1000,
        examples=[4],
    )


class TimeoutSettings(Section):
    purpose = (
        "How long things may take, in seconds; 0 means for ever. `/new --timeout` and `--idle` override per session."
    )

    wait: Seconds = Field(
        300, description="A question waits for its answer; then it is refused and the turn interrupted."
    )
    turn: Seconds = Field(1800, description="A whole turn.")
    idle: Seconds = Field(1800, description="A session nobody uses; then it is closed.")
    stop: float = Field(20, description="An agent ends after an interrupt; then it is killed.", ge=1, le=3600)
    remind: Seconds = Field(60, description="The reminder comes this long before a wait ends; 0: no reminder.")
    background: Seconds = Field(
        60, description="A turn at work; then it goes on in the background as a numbered task; 0: never."
    )
    stale: Seconds = Field(
        600, description="A message older than this at arrival is shown with Run / Drop; 0: always run."
    )


class AssistantSettings(Section):
    purpose = (
        "Smart mode: a language model behind an OpenAI-compatible endpoint decides what you mean. Without one everything "
        "works in direct mode. docs/assistant.md has examples for GLM, DeepSeek and Ollama."
    )

    base_url: str = Field(
        "", description="Where the API is, up to `/v1` or its like.", examples=["https://api.deepseek.com"]
    )
    api_key: SecretStr = Field(
        SecretStr(""), description="Key of the API; empty for a server that wants none. Better in the environment."
    )
    model: str = Field("", description="Name of the model; it must be able to call tools.", examples=["deepseek-chat"])
    mode: Literal["smart", "direct"] = Field(
        "smart", description="What holds for those who chose neither by `/smart` nor by `/direct`."
    )
    transcription_model: str = Field(
        "",
        description="Name of a model at the same endpoint that puts voice messages into words (`/audio/transcriptions`); "
        "empty: a voice message is kept as a file.",
        examples=["whisper-1"],
    )
    timeout: float = Field(60, description="Seconds the model may be silent.", ge=1, le=3600)
    retries: int = Field(2, description="Further attempts when the endpoint is busy or out of reach.", ge=0, le=10)
    max_seconds: float = Field(
        300, description="Seconds one message may take; waiting for you does not count.", ge=5, le=YEAR_SECONDS
    )
    max_steps: int = Field(16, description="Requests to the model for one message.", ge=1, le=1000)
    max_calls: int = Field(32, description="Tool calls for one message.", ge=1, le=1000)
    max_tokens: int = Field(400_000, description="Tokens one message may use, all its requests together.", ge=1000)
    history_tokens: int = Field(
        16_000, description="Tokens of conversation the model is shown, about; older exchanges are left out.", ge=1000
    )

    @field_validator("base_url")
    @classmethod
    def _address(cls, base_url: str) -> str:
        if base_url and not re.fullmatch(r"https?://[^/\s?#]+(/[^\s?#]*)?", base_url):
            raise ValueError(f"{base_url!r} is no address: http or https, a host, perhaps a path")
        return base_url.rstrip("/")

    @model_validator(mode="after")
    def _whole(self) -> AssistantSettings:
        if bool(self.base_url) != bool(self.model):
            there, missing = ("base_url", "model") if self.base_url else ("model", "base_url")
            raise ValueError(f"{there} is set and {missing} is not: set [assistant] {missing}, too, or leave out both")
        if self.transcription_model and not self.base_url:
            raise ValueError("transcription_model needs base_url: it is a model at that endpoint")
        return self

    @property
    def configured(self) -> bool:
        """Whether there is an assistant."""
        return bool(self.base_url)


class WebSettings(Section):
    purpose = "The web, for the assistant and for `/web`. Fetching pages needs no setting, searching needs a key."

    metaso_key: SecretStr = Field(
        SecretStr(""),
        description="Key of Metaso AI Search, begins with `mk-`; from https://metaso.cn. With one, pages "
        "that cannot be read directly are read through Metaso too.",
    )
    metaso_url: Origin = Field("https://metaso.cn", description="Where Metaso is.", examples=["https://metaso.cn"])


class ShellSettings(Section):
    purpose = (
        "Commands from the phone, by `/shell` and by the assistant. Plainly harmless ones run at once, known destructive ones are "
        "refused, all others ask. `[work] sandbox` holds for them too."
    )

    enabled: bool = Field(True, description="`false`: no commands from the phone at all.", examples=[True])
    timeout: float = Field(60, description="Seconds a command may take; then it is ended. 120 at most.", ge=1, le=120)
    max_bytes: int = Field(
        1_000_000,
        description="How much of a command's output is kept: its beginning and its end. 10,000,000 at most.",
        ge=1_000,
        le=10_000_000,
    )
