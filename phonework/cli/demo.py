"""`phonework demo`: emulator, server and agent in one process tree, and one URL to open."""

import asyncio
import json
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.request import ProxyHandler, build_opener

import click

from phonework.backends import registry
from phonework.cli.options import make_private, start_logging
from phonework.cli.running import run
from phonework.config import Config, load
from phonework.errors import PhoneWorkError
from phonework.places import default_data_dir
from phonework.store.lock import holder

START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 2.0
LOOK_SECONDS: Final = 0.1
MODEL: Final = "by-rules"


@click.command()
@click.option("--port", default=8700, show_default=True, help="Port of the page; 0 takes a free one.")
@click.option("--browser/--no-browser", default=True, help="Open the page.  [default: if there is a browser]")
@click.option(
    "--agent",
    type=click.Choice(registry.names()),
    default=registry.without_account,
    show_default="one that needs no account",
    help="Who works.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Everything the demo keeps.  [default: the user's data directory]",
)
@click.option("--verbose", is_flag=True, help="Show the server's log.")
def demo(port: int, browser: bool, agent: str, data_dir: Path | None, verbose: bool) -> None:
    """Try everything in the browser, without any account. Ctrl-C ends all of it; what was said is kept."""
    place = (data_dir or default_data_dir().with_name("phonework-demo")).absolute()
    _refuse_second(place)
    make_private(place / "server")
    make_private(place / "work" / "hello")  # so that the first `/new hello` needs no more words
    make_private(place / "work" / "shop")  # for `/resume`: somebody works there, at the desk
    run(_demo(place, port, agent, browser, verbose))


def _refuse_second(place: Path) -> None:
    """Raises PhoneWorkError when a demo runs on this data already."""
    if owner := holder(place / "server"):
        url = _last_url(place)
        where = f" at {url}" if url else ""
        raise PhoneWorkError(
            f"the demo runs already{where} ({owner})",
            hint="open that, or start another one with its own --data-dir and --port",
        )


async def _demo(place: Path, port: int, agent: str, browser: bool, verbose: bool) -> None:
    async with _emulator(place, port) as (url, ended), _search() as search, _model() as model:
        made_up = {**search, **model}
        config = _settings(place, url, _people(await _state(url)), agent, verbose, made_up)
        start_logging(config)
        await _require_agent(config)
        (place / "demo.json").write_text(json.dumps({"url": url}), encoding="utf-8")
        server = asyncio.create_task(_serve(config), name="server")
        welcome = asyncio.create_task(_welcome(url, browser), name="welcome")
        try:
            await asyncio.wait({server, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not server.done():
                raise PhoneWorkError(f"the emulator ended; {place / 'emulator.log'} may say why")
        finally:
            welcome.cancel()
            server.cancel()
            await asyncio.wait({server, welcome})
        await server


async def _require_agent(config: Config) -> None:
    """Better said now than at the first message. Raises PhoneWorkError when the agent does not work here."""
    from phonework.cli.checking import Verdict
    from phonework.cli.checks import check_agent

    kind = registry.kinds()[config.agent.default]
    if (check := await check_agent(config, kind)).verdict is Verdict.BAD:
        raise PhoneWorkError(check.found, hint=check.remedy)


async def _serve(config: Config) -> None:
    from phonework import app

    await app.serve(config)


async def _welcome(url: str, browser: bool) -> None:
    """Print the URL when somebody would answer there."""
    while not (await _state(url))["bot"]["connected"]:  # noqa: ASYNC110  # it is in another process
        await asyncio.sleep(LOOK_SECONDS)
    click.echo(
        f"PhoneWork's demo is ready: {url}\nChoose the chat there and write: /new hello\nCtrl-C ends it.\n"
        f"`kill -9 {os.getpid()}` in another terminal loses nothing: start the demo again and go on."
    )
    if browser and _has_browser():
        webbrowser.open(url)


@asynccontextmanager
async def _search() -> AsyncIterator[Mapping[str, object]]:
    """Settings of a search whose results are made up, unless there is a key to search for real."""
    from phonework.testing.fake_metaso import KEY, MADE_UP, FakeMetaso

    if any(name.upper().startswith("PHONEWORK_WEB__METASO_KEY") for name in os.environ):
        yield {}
        return
    async with FakeMetaso(label=MADE_UP) as api:
        yield {"web.metaso_key": KEY, "web.metaso_url": api.url}


@asynccontextmanager
async def _model() -> AsyncIterator[Mapping[str, object]]:
    """Settings of an assistant whose model goes by rules, unless the environment names a real one."""
    from phonework.testing.demo_model import wishes
    from phonework.testing.fake_openai import FakeOpenAI

    if os.environ.get("PHONEWORK_ASSISTANT__BASE_URL"):
        yield {}
        return
    async with FakeOpenAI(rules=[wishes]) as api:
        yield {
            "assistant.base_url": api.base_url,
            "assistant.model": MODEL,
            "assistant.mode": "direct",  # this model would not know what to do with words meant for the demo agent
            "assistant.transcription_model": MODEL,
        }


@asynccontextmanager
async def _emulator(place: Path, port: int) -> AsyncIterator[tuple[str, "asyncio.Task[int]"]]:
    """A Feishu in a process of its own; yields its URL and a task that is done when it ended.

    Its own process: the SDK and the emulator would share one event loop otherwise. Its own session: Ctrl-C is for us,
    and the server is to leave before Feishu does. Its stdin is ours: it ends when we do, however that is.
    """
    command = [sys.executable, "-m", "phonework.cli.tether", "emulator", "--port", str(port)]
    with (place / "emulator.log").open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *command, "--data-dir", str(place / "emulator"), "--language", _language(),
            "--server-pid", str(os.getpid()), start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    ended = asyncio.create_task(process.wait(), name="emulator")
    try:
        yield await _said_url(process.stdout, place), ended
    finally:
        process.stdin.close()
        done, _ = await asyncio.wait({ended}, timeout=STOP_SECONDS)
        if not done:
            process.kill()
            await ended


async def _said_url(stdout: asyncio.StreamReader, place: Path) -> str:
    try:
        async with asyncio.timeout(START_SECONDS):
            line = (await stdout.readline()).decode().strip()
    except TimeoutError:
        line = ""
    if line.startswith("http://"):
        return line
    said = (place / "emulator.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    why = said[-1].removeprefix("Error: ") if said else "it did not start in time"
    raise PhoneWorkError(
        f"the emulator did not start: {why}", hint="choose another port: `make demo PORT=8701`, or --port 0"
    )


async def _state(url: str) -> dict[str, Any]:
    """What the phone shows. Past any proxy: it is on loopback."""

    def ask() -> dict[str, Any]:
        with build_opener(ProxyHandler({})).open(f"{url}/phone/api/state", timeout=START_SECONDS) as answer:
            state: dict[str, Any] = json.load(answer)
            return state

    return await asyncio.to_thread(ask)


def _people(state: Mapping[str, Any]) -> tuple[str, ...]:
    """Who has a phone in the emulator."""
    return tuple(str(user["open_id"]) for user in state["users"])


def _settings(
    place: Path, url: str, people: tuple[str, ...], agent: str, verbose: bool, made_up: Mapping[str, object]
) -> Config:
    """The server's settings. No file is read: a real app's must not get in here; the environment may change the rest."""
    kind = registry.kinds()[agent]
    fixed: Mapping[str, object] = {
        "feishu.app_id": "cli_demo",
        "feishu.app_secret": "demo-secret",
        "feishu.domain": url,
        "access.allow": list(people),
        "work.root": str(place / "work"),
        "server.host": "127.0.0.1",
        "server.port": 0,
        "server.data_dir": str(place / "server"),
        "agent.default": agent,
        "ui.language": _language(),
        "log.level": "info" if verbose else "error",
        **{f"{kind.section}.{key}": value for key, value in kind.about.showcase(place / "work").items()},
        **made_up,
    }
    return load(None, fixed, serving=True, look_for_file=False)


def _language() -> str:
    """Of the page and of the bot: as set, else that of the terminal."""
    names = ("PHONEWORK_UI__LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
    set_to = next((os.environ[name] for name in names if os.environ.get(name)), "")
    return "zh" if set_to.startswith("zh") else "en"


def _last_url(place: Path) -> str:
    try:
        return str(json.loads((place / "demo.json").read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _has_browser() -> bool:
    """A browser with a window; not one that would take the terminal."""
    if sys.platform == "darwin":
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
