"""The settings themselves: all sections together, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

from pydantic import Field, PrivateAttr, SecretStr, create_model
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from phonework import sandbox
from phonework.backends import registry
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
    ShellSettings,
    TimeoutSettings,
    WebSettings,
)
from phonework.fsm.types import Timeouts


class Config(BaseSettings):
    """Everything that can be set but for what kinds of agents bring, which `whole` adds.

    Made by `phonework.config.load`, which also knows where each value came from.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="PHONEWORK_", env_nested_delimiter="__", env_ignore_empty=True
    )

    feishu: FeishuSettings = Field(default_factory=FeishuSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    work: WorkSettings = Field(default_factory=WorkSettings)
    server: ServerSettings = Field(default_factory=ServerSettings)
    agent: AgentSettings = Field(default_factory=AgentSettings)
    timeouts: TimeoutSettings = Field(default_factory=TimeoutSettings)
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

    @classmethod
    def sections(cls) -> dict[str, type[Section]]:
        """Section name → its model, in the order they are written down in."""
        found: dict[str, type[Section]] = {}
        for name, field in cls.model_fields.items():
            assert isinstance(field.annotation, type)
            assert issubclass(field.annotation, Section)
            found[name] = field.annotation
        return found

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
        section = getattr(self, registry.section_of(name), None)
        own: dict[str, object] = section.model_dump() if isinstance(section, Section) else {}
        general = (self.agent.max_live, self.sandbox_of_agents(), self.ui.language)
        return own | dict(zip(registry.GENERAL, general, strict=True))

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
        found = (
            value
            for name, model in type(self).sections().items()
            for key in model.model_fields
            if _hides(model, key)
            for value in _words(getattr(getattr(self, name), key))
        )
        return tuple(value for value in found if value not in ("", UNREAD))

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


@cache
def whole() -> type[Config]:
    """The settings with the section of each kind of agent that is installed."""
    kinds = [kind for kind in registry.kinds().values() if kind.factory is not None]
    models = {kind.section: kind.settings or Section for kind in kinds}
    fields = {name: (model, Field(default_factory=model)) for name, model in models.items()}
    return create_model("Config", __base__=Config, **fields)  # type: ignore[call-overload,no-any-return]  # by name


def sections() -> dict[str, type[Section]]:
    """Section name → its model, in the order of the documentation; those of the kinds of agents come last."""
    return whole().sections()


def is_secret(section: str, key: str) -> bool:
    """Whether the value must never be shown."""
    model = sections().get(section)
    return model is not None and _hides(model, key)


def _hides(model: type[Section], key: str) -> bool:
    field = model.model_fields.get(key)
    if field is None:
        return False
    extra = field.json_schema_extra
    return field.annotation is SecretStr or (isinstance(extra, dict) and bool(extra.get("secret")))


def _words(value: object) -> tuple[str, ...]:
    """The texts a secret setting is made of."""
    if isinstance(value, Mapping):
        return tuple(str(item) for item in value.values())
    return (value.get_secret_value() if isinstance(value, SecretStr) else str(value),)


def may_be_elsewhere(section: str) -> tuple[str, ...]:
    """The keys for which `<key>_file` or `<key>_keyring` may say where the value is kept."""
    model = sections().get(section)
    fields = model.model_fields.items() if model else ()
    return tuple(key for key, field in fields if field.annotation is SecretStr)
