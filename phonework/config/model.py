"""The settings themselves: sections, fields, defaults, and what each one means."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from phonework import sandbox
from phonework.config.secrets import UNREAD
from phonework.fsm.types import Timeouts

YEAR_SECONDS = 366 * 24 * 3600
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Item = TypeVar("Item")


def _split(value: object) -> object:
    """A list as the environment writes it: JSON, or words between commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _mapping(value: object) -> object:
    """A table as the environment writes it: JSON."""
    return json.loads(value) if isinstance(value, str) else value


def _expanded(place: str) -> str:
    try:
        return str(Path(place).expanduser())
    except RuntimeError as error:  # nobody of that name
        raise ValueError(str(error)) from error


def _home(value: object) -> object:
    return Path(_expanded(value)) if isinstance(value, str) and value else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Variables = Annotated[dict[str, str], NoDecode, BeforeValidator(_mapping)]
Place = Annotated[Path, BeforeValidator(_home)]
Seconds = Annotated[float, Field(ge=0, le=YEAR_SECONDS, allow_inf_nan=False)]


def default_data_dir() -> Path:
    """Where a program keeps its data on this system. Source: XDG base directories; Apple's file system guide."""
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/phonework").expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "phonework"


class Section(BaseModel):
    """What all sections share: no unknown keys, no changes after loading, no truth values taken for numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, validate_default=False)
    purpose: ClassVar[str] = ""

    @field_validator("*", mode="before")
    @classmethod
    def _not_a_truth_value(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[info.field_name or ""]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError(f"must not be {str(value).lower()}")
        return value


class FeishuSettings(Section):
    purpose = "The Feishu app the bot belongs to. docs/feishu-setup.md says where to find these values."

    app_id: str = Field(
        "", description="App ID from the developer console, begins with `cli_`.", examples=["cli_a1b2c3"]
    )
    app_secret: SecretStr = Field(
        SecretStr(""),
        description="App secret; better in the environment, a file of its own or the keyring than in config.toml.",
    )
    domain: str = Field(
        "https://open.feishu.cn",
        description="Where the API is: Feishu, Lark (`https://open.larksuite.com`) or an emulator on loopback.",
        examples=["https://open.feishu.cn"],
    )

    @field_validator("domain")
    @classmethod
    def _origin(cls, domain: str) -> str:
        if not re.fullmatch(r"https?://[^/\s?#]+/?", domain):
            raise ValueError(f"{domain!r} is not an origin: http or https, a host, and no path")
        return domain.rstrip("/")


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
            if not person or "*" in person or "@" in person or person.startswith(("on_", "cli_", "oc_")):
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
        description="`bwrap`: Claude Code, `/shell` and all they start run in bubblewrap (Linux): they may write only in the "
        "session's directory, Claude Code's own, an own `/tmp` and `sandbox_write`, and see neither our data nor "
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
        found = tuple(_expanded(place) for place in places)
        for place in found:
            if why := sandbox.unfit(place):
                raise ValueError(why)
        return found


class ServerSettings(Section):
    purpose = "The HTTP port and the place for data."

    host: str = Field("127.0.0.1", description="Address to listen on.", min_length=1, examples=["127.0.0.1"])
    port: int = Field(8420, description="Port to listen on; 0 takes a free one.", ge=0, le=65535, examples=[8420])
    token: SecretStr = Field(
        SecretStr(""),
        description="Bearer token for everything but `/health`; without one nothing else is served. Required when "
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


class AgentSettings(Section):
    purpose = "Which agents run, and how many."

    default: str = Field(
        "claude", description="Backend of a new session: `claude` or `demo`.", min_length=1, examples=["claude"]
    )
    max_live: int = Field(
        4, description="Agent processes at once; an idle one is let go to make room (Claude Code takes about 215 MB).",
        ge=1, le=1000, examples=[4],
    )  # fmt: skip


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


class DemoSettings(Section):
    purpose = "The demo agent, which needs no account."

    delay: float = Field(0.03, description="Seconds between two streamed pieces of an answer.", ge=0, le=5)


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
            raise ValueError("base_url and model belong together; leave both empty to do without an assistant")
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
    metaso_url: str = Field("https://metaso.cn", description="Where Metaso is.", examples=["https://metaso.cn"])

    @field_validator("metaso_url")
    @classmethod
    def _origin(cls, url: str) -> str:
        if not re.fullmatch(r"https?://[^/\s?#]+/?", url):
            raise ValueError(f"{url!r} is not an origin: http or https, a host, and no path")
        return url.rstrip("/")


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


class Config(BaseSettings):
    """Everything that can be set. Made by `phonework.config.load`, which also knows where each value came from."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="PHONEWORK_", env_nested_delimiter="__", env_ignore_empty=True
    )

    feishu: FeishuSettings = Field(default_factory=FeishuSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    work: WorkSettings = Field(default_factory=WorkSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    agent: AgentSettings = Field(default_factory=AgentSettings)
    timeouts: TimeoutSettings = Field(default_factory=TimeoutSettings)
    claude: ClaudeSettings = Field(default_factory=ClaudeSettings)
    demo: DemoSettings = Field(default_factory=DemoSettings)
    assistant: AssistantSettings = Field(default_factory=AssistantSettings)
    web: WebSettings = Field(default_factory=WebSettings)
    shell: ShellSettings = Field(default_factory=ShellSettings)
    ui: UiSettings = Field(default_factory=UiSettings)
    log: LogSettings = Field(default_factory=LogSettings)

    _places: dict[str, str] = PrivateAttr(default_factory=dict)  # dotted key → where the value came from
    _path: Path | None = PrivateAttr(default=None)  # the file that was read

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` merged: it keeps the place of each value, which a stack of sources forgets."""
        return (init_settings,)

    @property
    def path(self) -> Path | None:
        """The file that was read; None: there was none."""
        return self._path

    @property
    def database(self) -> Path:
        """The database's file."""
        return self.server.data_dir / "phonework.db"

    def agent_settings(self, name: str) -> dict[str, object]:
        """What the backend of this name is built with: its own section and what holds for agents in general."""
        section = getattr(self, name, None)
        found: dict[str, object] = section.model_dump() if isinstance(section, Section) else {}
        if name == "claude":
            found |= {"max_live": self.agent.max_live, "sandbox": self.sandbox_of_agents()}
        return found

    def own_places(self) -> tuple[Path, ...]:
        """What is ours alone, wherever it lies: no agent and no tool reads or writes it."""
        ours = [self.server.data_dir, *([self._path] if self._path else [])]
        return tuple(place.absolute() for place in ours)

    def sandbox_of_agents(self) -> sandbox.Sandbox | None:
        """What agents may write and must not see; None: they are not confined."""
        if self.work.sandbox == "off":
            return None
        return sandbox.Sandbox(
            write=self.work.sandbox_write,
            hide=tuple(map(str, self.own_places())),
            untrusted=(str(self.work.root.absolute()),),
        )

    def secrets(self) -> tuple[str, ...]:
        """Every secret value that is set, for the log to leave out."""
        ours = (self.feishu.app_secret, self.server.token, self.assistant.api_key, self.web.metaso_key)
        values = [one.get_secret_value() for one in ours]
        return tuple(value for value in (*values, *self.claude.env.values()) if value not in ("", UNREAD))

    def default_timeouts(self) -> Timeouts:
        """The timeouts of a new session."""
        chosen = self.timeouts
        return Timeouts(
            wait=timedelta(seconds=chosen.wait),
            turn=timedelta(seconds=chosen.turn),
            idle=timedelta(seconds=chosen.idle),
            stop=timedelta(seconds=chosen.stop),
            remind=timedelta(seconds=chosen.remind),
            background=timedelta(seconds=chosen.background),
        )


def sections() -> dict[str, type[Section]]:
    """Section name → its model, in the order of the documentation."""
    found: dict[str, type[Section]] = {}
    for name, field in Config.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, Section)
        found[name] = model
    return found


def is_secret(section: str, key: str) -> bool:
    """Whether the value must never be shown."""
    model = sections().get(section)
    field = model.model_fields.get(key) if model else None
    if field is None:
        return False
    extra = field.json_schema_extra
    return field.annotation is SecretStr or (isinstance(extra, dict) and bool(extra.get("secret")))


def may_be_elsewhere(section: str) -> tuple[str, ...]:
    """The keys for which `<key>_file` or `<key>_keyring` may say where the value is kept."""
    model = sections().get(section)
    fields = model.model_fields.items() if model else ()
    return tuple(key for key, field in fields if field.annotation is SecretStr)
