"""The settings themselves: all sections together, and what follows from them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pydantic import Field, PrivateAttr, SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from phonework import sandbox
from phonework.config.program import (
    AccessSettings,
    FeishuSettings,
    GatewaySettings,
    LogSettings,
    ServerSettings,
    UiSettings,
    WorkSettings,
)
from phonework.config.secrets import UNREAD
from phonework.config.section import Section
from phonework.config.workers import (
    AgentSettings,
    AssistantSettings,
    ClaudeSettings,
    DemoSettings,
    ShellSettings,
    TimeoutSettings,
    WebSettings,
)
from phonework.fsm.types import Timeouts


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
    gateway: GatewaySettings = Field(default_factory=GatewaySettings)
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
        if name == "demo":
            found |= {"language": self.ui.language}
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
