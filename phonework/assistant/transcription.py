"""Voice messages put into words, by a model behind the assistant's endpoint, through the `openai` package."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from phonework.assistant.client import connect
from phonework.assistant.failures import of_exception
from phonework.assistant.model import ModelError, Trouble
from phonework.errors import BackendError

if TYPE_CHECKING:
    from openai import AsyncOpenAI

log = structlog.get_logger(__name__)

WITHIN: Final = timedelta(seconds=60)
"""How long one voice message may take, all in all."""
_LONGEST: Final = 100_000
"""Characters of words; nobody speaks that long, and a broken server may not end."""


class Transcriber:
    """One model at one endpoint. Each voice message is tried once: the person has a button to try again."""

    def __init__(self, *, base_url: str, api_key: str, model: str, within: timedelta = WITHIN) -> None:
        self._base_url, self._api_key, self._model, self._within = base_url, api_key, model, within

    async def hear(self, path: str) -> str:
        """What is said in the file, whose suffix tells the format. Raises BackendError, in words for the person."""
        place = Path(path)
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                words = await self._asked(place.name, await asyncio.to_thread(place.read_bytes))
        except TimeoutError:
            raise _not_heard(ModelError(Trouble.SLOW), place) from None
        except ModelError as error:
            raise _not_heard(error, place) from error
        except Exception as error:
            raise _not_heard(of_exception(error, secret=self._api_key), place) from error
        if not words:
            raise BackendError("agent.nothing_heard", name=place.name)
        return words

    async def _asked(self, name: str, content: bytes) -> str:
        client = await asyncio.to_thread(connect, self._base_url, self._api_key, self._within)
        async with client:
            return _words(await self._answer(client, name, content))

    async def _answer(self, client: "AsyncOpenAI", name: str, content: bytes) -> object:
        return await client.audio.transcriptions.create(model=self._model, file=(name, content))


def _words(answer: object) -> str:
    """The text of an answer of any quality. Raises ModelError when it has none."""
    found: Any = getattr(answer, "text", None)
    if not isinstance(found, str) or len(found) > _LONGEST:
        raise ModelError(Trouble.GARBAGE)
    return found.strip()


_SENTENCES: Final = {
    Trouble.SLOW: "agent.not_heard_in_time",
    Trouble.UNREACHABLE: "agent.not_heard_in_time",
    Trouble.UNAUTHORISED: "agent.not_heard_key",
    Trouble.NO_MODEL: "agent.not_heard_model",
}


def _not_heard(error: ModelError, place: Path) -> BackendError:
    log.info("a voice message was not put into words", why=str(error)[:200])
    key = _SENTENCES.get(error.trouble, "agent.not_heard")
    return BackendError(key, name=place.name, detail=error.detail)
