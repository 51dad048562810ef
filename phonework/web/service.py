"""What the tools and commands use of the web: Metaso if there is a key, and pages in whatever way they can be read."""

from contextlib import suppress
from typing import Final

from phonework.config.workers import WebSettings
from phonework.errors import RefusedError
from phonework.web.addresses import Address
from phonework.web.fetching import Fetcher
from phonework.web.metaso import Metaso
from phonework.web.pages import Page, is_html, knows_main_text, text_of

_ANOTHER_WAY: Final = frozenset(
    {"web_unreachable", "web_slow", "web_broken", "web_status", "web_not_text", "web_empty", "web_unreadable"}
)
"""What keeps us from a page and may not keep Metaso; never that the address is not public."""


class Web:
    """metaso: None without a key."""

    def __init__(self, *, fetcher: Fetcher, metaso: Metaso | None) -> None:
        self._fetcher, self._metaso = fetcher, metaso

    @property
    def metaso(self) -> Metaso:
        """Raises RefusedError, which says how to get a key."""
        if self._metaso is None:
            raise RefusedError("web_no_key")
        return self._metaso

    def checked(self, url: str) -> Address:
        """The address, as far as it can be judged without asking anybody. Raises RefusedError."""
        return self._fetcher.checked(url)

    async def page(self, url: str) -> Page:
        """What a page says. Raises RefusedError."""
        address = self.checked(url)
        try:
            return await self._read(address)
        except RefusedError as error:
            if self._metaso is None or error.text not in _ANOTHER_WAY:
                raise
            with suppress(RefusedError):
                return await self._metaso.read(str(address))
            raise

    async def _read(self, address: Address) -> Page:
        fetched = await self._fetcher.fetch(str(address))
        if self._metaso is not None and is_html(fetched) and not knows_main_text():
            with suppress(RefusedError):  # it tells what the page is about, which our plain way cannot
                return await self._metaso.read(fetched.url)
        return await text_of(fetched)


def web_of(settings: WebSettings) -> Web:
    """The web as `[web]` describes it."""
    key = settings.metaso_key.get_secret_value()
    return Web(fetcher=Fetcher(), metaso=Metaso(settings.metaso_url, key) if key else None)
