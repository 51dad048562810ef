"""What was meant by a command that is one slip away from one of ours: asked, and not guessed."""

from phonework.channels.cards.meant import meant_card
from phonework.errors import RefusedError
from phonework.reports import Report, Wanted


async def meant_report(wanted: Wanted) -> Report:
    """params: asked, typed and ours, as the card has them."""
    if wanted.session_id is None:
        raise RefusedError("no_session")
    of = wanted.params
    return Report(card=meant_card(wanted.session_id, of["asked"], of["typed"], of["ours"], wanted.language))
