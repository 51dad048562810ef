"""The names of people, from the company's directory.

Source: Feishu Open Platform, "Get single user information" (`contact/v3/users`).
"""

from typing import Final

from phonework.channels.feishu.api import Api, Call
from phonework.channels.feishu.untrusted import mapping, string
from phonework.one_line import one_line

_LONGEST: Final = 60


async def name_of(api: Api, open_id: str) -> str:
    """The person's name on one line; empty when the app may not read it. Raises ChannelError.

    Without the scope `contact:contact.base:readonly` the call is refused, without `contact:user.base:readonly` it
    succeeds and gives no name.
    """
    call = Call(
        method="GET",
        path="/open-apis/contact/v3/users/:user_id",
        parts={"user_id": open_id},
        query=(("user_id_type", "open_id"),),
        changes=False,
    )
    data = mapping((await api.call(call)).get("data"))
    return one_line(string(mapping(data.get("user")).get("name")), _LONGEST)
