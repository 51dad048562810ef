"""The sections about the program itself: its app, its people, its places, what it shows and logs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from phonework import sandbox
from phonework.config.section import Origin, Place, Section, Words, expanded
from phonework.errors import SandboxError
from phonework.places import default_data_dir

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class FeishuSettings(Section):
    purpose = "The Feishu app the bot belongs to. docs/feishu-setup.md says where to find these values."

    app_id: str = Field(
        "", description="App ID from the developer console, begins with `cli_`.", examples=["cli_a1b2c3"]
    )
    app_secret: SecretStr = Field(
        SecretStr(""),
        description="App secret; better in the environment, a file of its own or the keyring than in config.toml.",
    )
    domain: Origin = Field(
        "https://open.feishu.cn",
        description="Where the API is: Feishu, Lark (`https://open.larksuite.com`) or an emulator on loopback.",
        examples=["https://open.feishu.cn"],
    )


class AccessSettings(Section):
    purpose = "Who may use the bot."

    allow: Words = Field(
        (),
        description="People who may use the bot, by `open_id`. Empty: the first one in pairs with the code shown at the "
        'console. `["*"]`: everybody, which is rarely wise.',
        examples=[["ou_0123456789abcdef"]],
    )
    admins: Words = Field(
        (),
        description="People who administer it; they may use it too, listed above or not.",
        examples=[["ou_0123456789abcdef"]],
    )

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody who is listed: those who may use the bot."""
        return tuple(dict.fromkeys((*self.allow, *self.admins)))

    @field_validator("allow", "admins")
    @classmethod
    def _people(cls, people: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for person in people:
            if person == "*" and info.field_name == "allow":
                continue
            if not re.fullmatch(r"ou_[A-Za-z0-9_-]+", person):
                raise ValueError(f"{person!r} is not an open_id; those begin with ou_")
        return people


class WorkSettings(Section):
    purpose = "Where the agents work."

    root: Place = Field(
        default_factory=lambda: Path("~/phonework").expanduser(),
        description="The working root. Sessions live in directories below it; nothing outside is touched.",
        examples=["~/phonework"],
    )
    sandbox: Literal["off", "bwrap"] = Field(
        "off",
        description="`bwrap`: agents, `/shell` and all they start run in bubblewrap (Linux): they may write only in the "
        "session's directory, the agent's own, an own `/tmp` and `sandbox_write`, and see neither our data nor "
        "`config.toml`; the network stays. Where that does not work nothing is run. `off`: they may do what you may. "
        "SECURITY.md says what it holds and what not.",
    )
    sandbox_write: Words = Field(
        (),
        description="Further files and directories that may be written in the sandbox, by their real paths: caches of "
        "package managers, or a socket below `/run`.",
        examples=[["~/.cache", "~/.npm"]],
    )

    max_file_mb: float = Field(
        50,
        description="Largest picture, file or voice message that is fetched from the chat, in MB; Feishu gives 100 at most.",
        gt=0,
        le=100,
    )

    @property
    def max_file_bytes(self) -> int:
        return int(self.max_file_mb * 1024 * 1024)

    @field_validator("sandbox_write")
    @classmethod
    def _can_be_lent(cls, places: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(expanded(place) for place in places)
        for place in found:
            if why := sandbox.unfit(place):
                raise ValueError(str(SandboxError(why.key, **why.params)).rstrip("."))
        return found


class ServerSettings(Section):
    purpose = "The HTTP port and the place for data."

    host: str = Field("127.0.0.1", description="Address to listen on.", min_length=1, examples=["127.0.0.1"])
    port: int = Field(8420, description="Port to listen on; 0 takes a free one.", ge=0, le=65535, examples=[8420])
    token: SecretStr = Field(
        SecretStr(""),
        description="A bearer token for everything but `/health`, beside the one in `gateway.json`. Required when "
        "`host` is not loopback.",
    )
    data_dir: Place = Field(
        default_factory=default_data_dir,
        description="Database, backups, audit logs. One process at a time owns it. "
        "Default: `~/.local/share/phonework`, on macOS `~/Library/Application Support/phonework`.",
        examples=["~/.local/share/phonework"],
    )

    @model_validator(mode="after")
    def _guarded(self) -> ServerSettings:
        if self.host not in LOOPBACK and not self.token.get_secret_value():
            raise ValueError("token is needed when host is not loopback; set PHONEWORK_SERVER__TOKEN")
        return self


class GatewaySettings(Section):
    purpose = "Sessions from scripts and from terminals of this machine."

    user: str = Field(
        "",
        description="Whose sessions those are, by `open_id`; empty: the only person who may use the bot.",
        pattern=r"^(ou_[A-Za-z0-9_-]+)?$",
        examples=["ou_0123456789abcdef"],
    )


class UiSettings(Section):
    purpose = "What people see."

    language: Literal["zh", "en"] = Field(
        "zh", description="Language for people who chose none: `zh` or `en`.", examples=["zh"]
    )
    timezone: str = Field(
        "", description="Time zone of the times in chat; empty: this machine's.", examples=["Asia/Shanghai"]
    )
    max_parts: int = Field(
        6, description="A longer answer than this many messages is sent as a file with its beginning.", ge=1, le=50
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            if name:
                ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {name!r}") from error
        return name

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of people who chose none; None: this machine's."""
        return ZoneInfo(self.timezone) if self.timezone else None


class LogSettings(Section):
    purpose = "The log goes to stderr."

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="`debug`, `info`, `warning` or `error`."
    )
    format: Literal["auto", "json", "text"] = Field(
        "auto", description="`json`, `text`, or `auto`: text on a terminal, JSON elsewhere."
    )
