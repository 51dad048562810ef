"""`phonework init`'s talk with a phone: connect, pair, send a card, and see its tap."""

from collections.abc import Callable

from phonework.config import Config
from phonework.errors import PhoneWorkError
from phonework.setup import console
from phonework.setup.phone import Tell, Visit, connected, offer, pair, tapped
from phonework.texts import spoken

MESSAGE_SECONDS = 900.0
"""Setting two lists and publishing a version takes a while."""


async def first_talk(config: Config, tell: Tell, admit: Callable[[str], None], *, wait_s: float) -> None:
    """Return when a message and a tap arrived. admit: takes the open_id of who sent the code.

    wait_s: how long the tap may take; after as long without a message it is said what may be missing. Raises
    PhoneWorkError, which names what the console lacks.
    """
    from phonework.channels.feishu.channel import FeishuChannel

    channel = FeishuChannel(config.feishu.app_id, config.feishu.app_secret, config.feishu.domain)
    visit = Visit(language=config.ui.language)
    tell("Connecting to Feishu ...")
    async with connected(channel, visit):
        tell("Connected. While this runs, save in the developer console, if you have not yet:")
        for line in console.list_steps():
            tell(f"  {line}")
        tell("Then send the bot, in a private chat, what follows the colon:")
        # The next server fetches what was said meanwhile: in a chat it knows the code must be nothing to work on.
        before = "/help " if config.database.exists() else ""
        said = await pair(channel, visit, tell, patience_s=MESSAGE_SECONDS, remind_s=wait_s, before=before)
        admit(said.user)
        tell(f"A message arrived, from {said.user}: messages work, and this person may use the bot.")
        visit.language = spoken("", said.language, config.ui.language)
        await offer(channel, visit, said.user, said.chat)
        tell("A card with a button is in the chat. Tap it.")
        if not await tapped(visit, wait_s):
            raise PhoneWorkError(
                f"the message arrived, but no tap within {wait_s:g} s",
                hint=f"{console.missing_callbacks()}. Then run `phonework init` again",
            )
        tell("The tap arrived: cards work.")
