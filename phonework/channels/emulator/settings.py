"""Every limit and time of the emulated platform, each changeable while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

KILOBYTE = 1024


class UnknownSetting(ValueError):
    """A setting was named that does not exist, or its value has another type."""


@dataclass(slots=True, kw_only=True)
class Settings:
    """Defaults follow the platform's documentation; what nobody has confirmed is marked as a guess.

    Times end in `_s` (seconds), sizes in `_bytes`. 0 or less switches a rate limit off.
    """

    app_id: str = "cli_demo"
    app_secret: str = "demo-secret"
    any_credentials: bool = True
    """Accept every app id and secret; False: only the two above, others get 10014."""
    bot_name: str = "PhoneWork"
    bot_open_id: str = "ou_phonework"
    tenant_key: str = "2ca1d211f64f6438"
    language: str = ""
    """Of the default person: `zh` or `en`; empty: as it was, at first `en`."""

    server_pid: int = 0
    """Of the bot's process, for the page to say how to kill it; 0: not known, and nothing is said."""

    token_lives_s: float = 7200
    token_renewed_below_s: float = 1800

    ping_interval_s: int = 120
    reconnect_interval_s: int = 120
    reconnect_nonce_s: int = 30
    reconnect_count: int = -1
    connections_per_app: int = 50

    answer_within_s: float = 3.0
    redelivery_s: list[float] = field(default_factory=lambda: [15, 300, 3600, 21600])
    time_scale: float = 1.0
    """The waiting times of `redelivery_s` are multiplied by this."""
    group_all_messages: bool = False
    """True: the app has `im:message.group_msg` and hears a group's every message, not only mentions."""

    contact_base: bool = True
    """The app has `contact:contact.base:readonly`; without it people cannot be looked up."""
    contact_names: bool = True
    """The app has `contact:user.base:readonly`; without it people have no names."""

    user_agents: bool = False
    """The app has `im:user_agent:read`: messages tell their client, and with it its language."""
    scopes_withheld: list[str] = field(default_factory=list)
    """Scopes of the app that nobody granted, as the list of its scopes tells. They are not enforced."""
    scopes_absent: list[str] = field(default_factory=list)
    """Scopes that the app does not even ask for; they are not in that list (that it leaves them out is a guess)."""

    chat_per_s: int = 5
    patch_per_s: int = 5
    pin_per_s: int = 5
    app_per_s: int = 50
    app_per_minute: int = 1000

    text_bytes: int = 150 * KILOBYTE
    card_bytes: int = 30 * KILOBYTE
    """Both measure the request's body; the documents leave open whether it is only `content` (a guess)."""
    card_elements: int = 200
    card_depth: int = 5
    card_tables: int = 5
    markdown_tables: int = 4
    unknown_image_keys: bool = True
    """Refuse cards with images this app has not uploaded."""

    uuid_window_s: float = 3600
    editable_s: float = 14 * 86400
    edits: int = 20
    file_bytes: int = 30 * KILOBYTE * KILOBYTE
    image_bytes: int = 10 * KILOBYTE * KILOBYTE
    resource_bytes: int = 100 * KILOBYTE * KILOBYTE
    p2p_topics: bool = False
    """Whether `reply_in_thread` works in a private chat (a guess: refused with 230071)."""
    cardkit: bool = True
    """The app has `cardkit:card:write`; without it there are no card entities."""
    cardkit_per_s: int = 10
    patch_streaming: bool = True
    """Whether a message can be patched while its card streams, which ends it (a guess; False: refused with 200850)."""
    streaming_s: float = 600

    def update(self, values: dict[str, Any]) -> None:
        """Set several at once. Raises UnknownSetting, and then changes nothing."""
        known = {each.name: getattr(self, each.name) for each in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise UnknownSetting(f"no setting {name!r}; known: {', '.join(sorted(known))}")
            if not _fits(known[name], value):
                raise UnknownSetting(f"{name} is a {type(known[name]).__name__}, not {value!r}")
        for name, value in values.items():
            setattr(self, name, value)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _fits(current: object, value: object) -> bool:
    if isinstance(current, bool) or isinstance(value, bool):
        return isinstance(current, bool) and isinstance(value, bool)
    if isinstance(current, int | float):
        return isinstance(value, int | float)
    return isinstance(value, type(current))
