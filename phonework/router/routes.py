"""Which node serves a person."""

from phonework.fsm.types import UserId
from phonework.link.local import LOCAL


class Routes:
    """One machine: it serves everybody."""

    def node_of(self, user_id: UserId) -> str:
        return LOCAL
