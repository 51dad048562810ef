"""What is logged can be read by people and machines, and holds no secret."""

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog

from phonework import logs
from phonework.redact import MASK


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class FullDisk(io.StringIO):
    def write(self, text: str, /) -> int:
        raise OSError(28, "No space left on device")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_with_fields_and_context() -> None:
    stream = io.StringIO()
    logs.configure("info", "auto", stream=stream)

    with structlog.contextvars.bound_contextvars(session_id="fizz-top"):
        structlog.get_logger("phonework.engine").info("session moved", target="idle", size_bytes=7)

    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("session moved", "info", "phonework.engine")
    assert (line["session_id"], line["target"], line["size_bytes"]) == ("fizz-top", "idle", 7)
    assert str(line["timestamp"]).endswith("Z")


def test_on_a_terminal_it_is_for_people() -> None:
    stream = Terminal()
    logs.configure("info", "auto", stream=stream)

    structlog.get_logger().info("session moved", target="idle")

    assert "session moved" in stream.getvalue()
    assert "{" not in stream.getvalue()


def test_text_can_be_asked_for_and_has_no_colours_in_a_file() -> None:
    stream = io.StringIO()
    logs.configure("info", "text", stream=stream)

    structlog.get_logger().warning("session moved", target="idle")

    assert "target=idle" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_logger_made_before_follows() -> None:
    log = structlog.get_logger("early")
    stream = io.StringIO()
    logs.configure("info", "json", stream=stream)

    log.info("now")

    assert lines(stream)[0]["event"] == "now"


def test_the_level_is_kept_to() -> None:
    stream = io.StringIO()
    logs.configure("warning", "json", stream=stream)

    structlog.get_logger().info("quiet")
    logging.getLogger("other").info("quiet")
    structlog.get_logger().warning("loud")

    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_the_standard_library_is_routed_through() -> None:
    stream = io.StringIO()
    logs.configure("debug", "json", stream=stream)

    with structlog.contextvars.bound_contextvars(session_id="fizz-top"):
        logging.getLogger("vendor").info("called %s", "home", extra={"attempt": 2})
    logging.getLogger("websockets.client").debug("> GET /?ticket=abcdef")

    (line,) = lines(stream)
    assert (line["event"], line["logger"], line["attempt"]) == ("called home", "vendor", 2)
    assert line["session_id"] == "fizz-top"


def test_warnings_are_routed_through(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logs.configure("info", "json", stream=stream)
        warnings.warn("old ways", UserWarning, stacklevel=1)
        logging.captureWarnings(False)

    assert "old ways" in str(lines(stream)[0]["event"])


@pytest.mark.parametrize("kind", ["json", "text"])
def test_no_secret_gets_out_by_any_way(kind: logs.Format) -> None:
    stream = io.StringIO()
    logs.configure("info", kind, secrets=["hunter2-hunter2"], stream=stream)
    log = structlog.get_logger()

    log.info(
        "with hunter2-hunter2", header="Bearer abcdef0123456789", app_secret="x", nested={"deep": ["hunter2-hunter2"]}
    )
    logging.getLogger("vendor").warning("sent %s", "hunter2-hunter2", extra={"password": "pw"})
    structlog.contextvars.bind_contextvars(context="hunter2-hunter2")
    log.info("context", thing=ValueError("hunter2-hunter2"))
    try:
        raise ValueError("hunter2-hunter2")
    except ValueError:
        log.exception("failed")
        logging.getLogger("vendor").exception("failed too")

    written = stream.getvalue()
    assert "hunter2" not in written
    assert "abcdef0123456789" not in written
    assert written.count("Traceback") == 2
    assert written.count(MASK) >= 8


def test_counts_of_tokens_are_no_secret() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", stream=stream)

    structlog.get_logger().info("used", input_tokens=12)

    assert lines(stream)[0]["input_tokens"] == 12


def test_what_is_no_json_is_written_all_the_same() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", stream=stream)

    structlog.get_logger().info("odd", thing=object(), text="\ud800", many={1: {2}, "a": b"x"})

    assert lines(stream)[0]["event"] == "odd"


def test_a_full_disk_does_not_stop_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info", "json", stream=FullDisk())

    structlog.get_logger().error("nobody will read this")

    assert capsys.readouterr().err == ""


def test_configuring_twice_writes_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure("info", "json", stream=first)
    logs.configure("info", "json", stream=second)

    structlog.get_logger().info("once")

    assert first.getvalue() == ""
    assert len(lines(second)) == 1


async def test_tasks_keep_their_own_context() -> None:
    stream = io.StringIO()
    logs.configure("info", "json", stream=stream)

    async def work(name: str) -> None:
        with structlog.contextvars.bound_contextvars(session_id=name):
            await asyncio.sleep(0)
            structlog.get_logger().info("worked", expected=name)

    await asyncio.gather(work("a"), work("b"))

    assert {(line["session_id"], line["expected"]) for line in lines(stream)} == {("a", "a"), ("b", "b")}
