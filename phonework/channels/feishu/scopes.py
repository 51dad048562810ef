"""Which permissions the app has.

Source: Feishu Open Platform, "Query the tenant's authorization status" (`application/v6/scopes`); it needs no permission itself.
"""

from collections.abc import Mapping
from typing import Final

from phonework.channels.feishu.api import Api, Call
from phonework.channels.feishu.untrusted import mapping, sequence, string

_GRANTED: Final = 1


async def granted(api: Api) -> Mapping[str, bool]:
    """Each permission that the app asks for, and whether it was granted. Raises ChannelError."""
    answer = await api.call(Call(method="GET", path="/open-apis/application/v6/scopes", changes=False))
    return read(mapping(answer.get("data")))


def read(data: Mapping[str, object]) -> dict[str, bool]:
    """Of the app's own; those of people (`scope_type: user`, undocumented, yet seen) do not help the bot."""
    found: dict[str, bool] = {}
    for one in map(mapping, sequence(data.get("scopes"))):
        name = string(one.get("scope_name"))
        if name and one.get("scope_type") != "user":
            found[name] = found.get(name, False) or one.get("grant_status") == _GRANTED
    return found
