"""Builds the assistant from its settings."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from urllib.parse import urlsplit

from phonework.assistant.backend import AssistantBackend
from phonework.assistant.client import OpenAIModel, Pause
from phonework.assistant.loop import Kit, Limits
from phonework.assistant.surroundings import House
from phonework.assistant.tally import Tally
from phonework.assistant.tools.office import Office
from phonework.assistant.tools.registry import tools
from phonework.assistant.transcription import Transcriber
from phonework.backends.base import Sink
from phonework.clock import Clock
from phonework.config import Config
from phonework.shell.runner import Runner
from phonework.web.service import web_of


def hearing(config: Config) -> Callable[[str], Awaitable[str]] | None:
    """What puts voice messages into words; None when no model for that is configured."""
    chosen = config.assistant
    if not chosen.transcription_model:
        return None
    key = chosen.api_key.get_secret_value()
    return Transcriber(base_url=chosen.base_url, api_key=key, model=chosen.transcription_model).hear


def assistant(
    *, config: Config, sink: Sink, office: Office, clock: Clock, pause: Pause, tally: Tally, runner: Runner | None
) -> AssistantBackend:
    """The assistant that `[assistant]` describes. office, runner: what its tools act through; tally: counts how its model does."""
    chosen = config.assistant
    model = OpenAIModel(
        base_url=chosen.base_url,
        api_key=chosen.api_key.get_secret_value(),
        model=chosen.model,
        timeout=timedelta(seconds=chosen.timeout),
        retries=chosen.retries,
        tally=tally,
        pause=pause,
    )
    kit = Kit(
        writer=office.writer,
        clock=clock,
        model=model,
        tools=tools(office, web_of(config.web), hidden=config.own_places(), runner=runner),
        limits=Limits(
            seconds=chosen.max_seconds,
            steps=chosen.max_steps,
            calls=chosen.max_calls,
            tokens=chosen.max_tokens,
            history=chosen.history_tokens,
        ),
        house=House(
            root=config.work.root,
            language=config.ui.language,
            zone=config.ui.zone,
        ),
        at={"model": chosen.model, "host": urlsplit(chosen.base_url).netloc.rpartition("@")[2]},
    )
    return AssistantBackend(sink=sink, kit=kit)
