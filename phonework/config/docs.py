"""The settings as a page for people and as an example file, both drawn from the model."""

import json

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from phonework.backends import registry
from phonework.config.layers import PREFIX
from phonework.config.model import sections
from phonework.config.section import Section

PAGE_HEAD = """\
# Configuration

<!-- Written by `phonework config docs`; `make check` compares. -->

Every setting can be given in four places. The first one that has it wins:

1. a flag of `phonework serve` (`--host`, `--port`, `--data-dir`, `--log-level`, `--log-format`),
2. an environment variable: `PHONEWORK_` + section + `__` + key in capitals, like `PHONEWORK_FEISHU__APP_SECRET`;
   lists are words between commas or JSON, tables are JSON; empty counts as unset,
3. `config.toml`: the file named with `--config`, else by `$PHONEWORK_CONFIG`, else `./config.toml`, else `config.toml`
   in the user's configuration directory (`~/.config/phonework`, on macOS `~/Library/Application Support/phonework`);
   `phonework session`, `hooks` and `service` are used where agents write, and never read `./config.toml`,
4. the default.

Relative paths in `config.toml` are relative to the file.

A secret (`app_secret`, `token`) can also be kept elsewhere:

- in a file of its own: `app_secret_file = "/run/secrets/feishu"`, or `PHONEWORK_FEISHU__APP_SECRET_FILE`;
- in the system's keyring (macOS Keychain, GNOME Keyring, KWallet): `app_secret_keyring = "phonework/app_secret"`, a service
  and a user, or `PHONEWORK_FEISHU__APP_SECRET_KEYRING`. Install `phonework[keyring]`; `keyring set phonework app_secret`
  then asks for the value and stores it. The keyring must be unlocked when PhoneWork starts: on a server that nobody logs
  in to, use a file.

`phonework inspect` and `phonework db` need no secret, and read none that is kept elsewhere.

`phonework config show --origin` prints every value with the place it came from; secrets are shown as `***`.
An unknown key, a wrong type or a missing secret stops the start with exit code 2 and one line for each problem:
key, place, remedy.
"""

EXAMPLE_HEAD = """\
# PhoneWork's settings. Copy to config.toml and fill in what is not commented out; docs/configuration.md explains.
# Secrets are better in the environment: PHONEWORK_FEISHU__APP_SECRET. Or write, instead of app_secret,
# app_secret_file: the name of a file that holds it, or app_secret_keyring: where the system's keyring holds it, as
# "service/user"; the same goes for token.
"""

FILLED = {("feishu", "app_id"): "cli_a1b2c3", ("access", "allow"): ["ou_0123456789abcdef"]}


def page() -> str:
    """docs/configuration.md."""
    return PAGE_HEAD + "".join(_table(name, model) for name, model in _documented().items())


def example() -> str:
    """config.example.toml."""
    return EXAMPLE_HEAD + "".join(_block(name, model) for name, model in _documented().items())


def _documented() -> dict[str, type[Section]]:
    """The sections that everybody has, whatever else is installed here."""
    others = {kind.section for kind in registry.kinds().values() if not kind.ours}
    return {name: model for name, model in sections().items() if name not in others}


def _table(section: str, model: type[Section]) -> str:
    rows = [f"| `{key}` | {_default(field)} | {field.description} |" for key, field in model.model_fields.items()]
    head = f"\n## [{section}]\n\n{model.purpose}\n\n| key | default | meaning |\n| --- | --- | --- |\n"
    return head + "\n".join(rows) + f"\n\nEnvironment: `{PREFIX}{section.upper()}__{next(iter(model.model_fields)).upper()}`"\
        + (" and so on.\n" if len(rows) > 1 else ".\n")  # fmt: skip


def _block(section: str, model: type[Section]) -> str:
    lines = [f"\n[{section}]"]
    for key, field in model.model_fields.items():
        filled = FILLED.get((section, key))
        value = filled if filled is not None else _plain(field)
        lines += [f"# {field.description}", f"{'' if filled is not None else '# '}{key} = {_toml(value)}"]
    return "\n".join(lines) + "\n"


def _plain(field: FieldInfo) -> object:
    """The default, or an example where the default depends on the machine or says nothing."""
    value = _default_value(field)
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return field.examples[0] if value in (None, "", (), {}) and field.examples else value


def _default(field: FieldInfo) -> str:
    value = _default_value(field)
    value = value.get_secret_value() if isinstance(value, SecretStr) else value
    return "none" if value in ("", (), {}) else f"`{_toml(value)}`"


def _default_value(field: FieldInfo) -> object:
    """An example stands for what depends on the machine."""
    return (
        field.examples[0] if field.default_factory and field.examples else field.get_default(call_default_factory=True)
    )


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, float):
        return f"{value:g}"
    return json.dumps(value, ensure_ascii=False)
