"""What was meant by a command that is one slip away from one of ours: asked, and not guessed."""

from phonework.channels.cards.clicks import MeantClick
from phonework.channels.cards.meant import meant_card
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted


async def meant_report(wanted: Wanted) -> Report:
    """params: asked, typed, ours, active, reply_to and topic, as the card has them."""
    if wanted.session_id is None:
        raise RefusedError("no_session")
    of = wanted.params
    typed = MeantClick(
        session_id=wanted.session_id,
        asked=of["asked"],
        text=of["typed"],
        as_is=True,
        active=of["active"],
        reply_to=of["reply_to"],
        topic=of.get("topic", ""),
    )
    return Report(card=meant_card(typed, of["ours"], wanted.language))
