"""Which server a program speaks to, and every way in which that is not plain."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from phonework.config import load
from phonework.errors import PhoneWorkError, RemoteError
from phonework.gateway import place as places
from phonework.gateway.place import AGENT, find_place, from_file
from phonework.places import data_dir, peek
from phonework.proof import PROOF
from phonework.testing.loopback import LoopbackServer, Request, answer
from phonework.testing.proving import call_of

TOKEN = "t0ken-of_43.characters"
WRITTEN = {"url": "http://127.0.0.1:8420", "token": TOKEN}


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine the tests run on."""
    for name in os.environ:
        if name.upper().startswith("PHONEWORK_") or name in ("HOST_PATH", "IS_SANDBOX", AGENT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "share"))
    monkeypatch.chdir(tmp_path)


def written(directory: Path, content: object = WRITTEN, mode: int = 0o600) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "gateway.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def refusal() -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        find_place()
    assert caught.value.hint
    return caught.value


def test_the_server_of_this_machine_is_in_its_data_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "share/phonework")
    assert find_place() == from_file(path)
    assert find_place().url == WRITTEN["url"]
    assert TOKEN not in repr(find_place())

    elsewhere = written(tmp_path / "else", {**WRITTEN, "url": "http://127.0.0.1:1"})
    monkeypatch.setenv("PHONEWORK_SERVER__DATA_DIR", str(elsewhere.parent))
    assert find_place().url == "http://127.0.0.1:1"


def test_an_agent_finds_the_server_that_began_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which was told where its data is by its environment, or by --config; an agent has neither."""
    written(tmp_path / "share/phonework")
    written(tmp_path / "da:ta", {**WRITTEN, "url": "http://127.0.0.1:1"})
    monkeypatch.setenv(AGENT, f"{tmp_path}/da:ta/backends/claude:fizz-top")
    assert find_place().url == "http://127.0.0.1:1"

    written(tmp_path / "else", {**WRITTEN, "url": "http://127.0.0.1:2"})
    monkeypatch.setenv("PHONEWORK_SERVER__DATA_DIR", str(tmp_path / "else"))
    assert find_place().url == "http://127.0.0.1:2"


@pytest.mark.parametrize(
    "mark", ["", ":", "fizz-top", "data/backends/claude:fizz-top", "/:x", "/nowhere:x", "~/backends/x:y"]
)
def test_what_names_no_server_leads_to_the_usual_one(
    mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path / "share/phonework")
    monkeypatch.setenv(AGENT, mark)
    assert find_place().url == WRITTEN["url"]


@pytest.mark.parametrize("value", ["data", "/srv/data", "~/data", ""])
def test_the_data_directory_is_the_one_the_server_uses(value: str, tmp_path: Path) -> None:
    home = tmp_path / ".config/phonework"
    home.mkdir(parents=True)
    (home / "config.toml").write_text(f"[server]\ndata_dir = {value!r}\n" if value else "")

    assert data_dir() == load(None, {}).server.data_dir


def test_a_file_in_the_current_directory_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Agents write there."""
    written(tmp_path / "share/phonework")
    written(tmp_path / "planted", {**WRITTEN, "url": "http://127.0.0.1:1"})
    (tmp_path / "config.toml").write_text("[server]\ndata_dir = 'planted'\nport = 1\n")
    assert find_place().url == WRITTEN["url"]
    assert peek("server", "port")[0] is None

    monkeypatch.setenv("PHONEWORK_CONFIG", str(tmp_path / "config.toml"))
    assert find_place().url == "http://127.0.0.1:1"


def test_a_broken_config_file_is_named(tmp_path: Path) -> None:
    home = tmp_path / ".config/phonework"
    home.mkdir(parents=True)
    (home / "config.toml").write_text("[server\n")
    with pytest.raises(PhoneWorkError, match=r"config\.toml: cannot be read") as caught:
        find_place()
    assert "phonework config show" in caught.value.hint


def test_no_server_has_run(tmp_path: Path) -> None:
    error = refusal()
    assert (error.code, "phonework serve" in error.hint) == ("unreachable", True)
    assert str(tmp_path / "share/phonework/gateway.json") in str(error)


def test_a_server_that_ended_is_not_looked_for(tmp_path: Path) -> None:
    written(tmp_path / "share/phonework", {"token": TOKEN})
    error = refusal()
    assert (error.code, "no server runs" in str(error)) == ("unreachable", True)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "[" * 100_000, "null", '"x"', "{}", '{"url": 1, "token": 2}', {**WRITTEN, "token": ""},
     {**WRITTEN, "token": "a b"}, {**WRITTEN, "token": "a\r\nX: y"}, {"url": WRITTEN["url"]}],
)  # fmt: skip
def test_a_damaged_token_file_is_refused(content: object, tmp_path: Path) -> None:
    written(tmp_path / "share/phonework", content)
    error = refusal()
    assert error.code == "token"
    assert "is damaged" in str(error)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8420", "ftp://x", "http://", "http://x/y", "http://u:p@x", "http://x:0", "http://x:99999", "http://[::1"])  # fmt: skip
def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    written(tmp_path / "share/phonework", {**WRITTEN, "url": url})
    assert refusal().code == "url"


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "share/phonework", mode=0o640)
    assert "can be read by others" in str(refusal())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    written(tmp_path / "share/phonework", mode=0o000)
    assert "permission denied" in str(refusal())


def test_a_directory_in_its_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "share/phonework/gateway.json").mkdir(parents=True)
    assert "is a directory" in str(refusal())


# By the environment


def test_the_environment_names_another_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_GATEWAY_URL", "http://10.0.0.1:8420/")
    assert "PHONEWORK_GATEWAY_TOKEN" in refusal().hint

    monkeypatch.setenv("PHONEWORK_GATEWAY_TOKEN_FILE", str(written(tmp_path / "mounted", mode=0o644)))
    monkeypatch.setenv("HOST_PATH", "/work:/home/ada/work")
    found = find_place()
    assert (found.url, found.token, found.remote) == ("http://10.0.0.1:8420", TOKEN, True)
    assert found.mapping.outward("/work/x") == "/home/ada/work/x"

    (tmp_path / "token").write_text("another\n")
    monkeypatch.setenv("PHONEWORK_GATEWAY_TOKEN_FILE", str(tmp_path / "token"))
    assert find_place().token == "another"
    monkeypatch.setenv("PHONEWORK_GATEWAY_TOKEN", "first")
    assert find_place().token == "first"
    load(None, {})  # those are no settings, and no mistake either


@pytest.mark.parametrize("value", ["", "missing", "~nobody-of-that-name/x", "/"])
def test_a_token_file_that_cannot_be_read_is_named(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_GATEWAY_URL", "http://10.0.0.1:8420")
    monkeypatch.setenv("PHONEWORK_GATEWAY_TOKEN_FILE", value)
    assert refusal().code == "token"


def test_a_mapping_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHONEWORK_GATEWAY_URL", "http://10.0.0.1:8420")
    monkeypatch.setenv("PHONEWORK_GATEWAY_TOKEN", TOKEN)
    monkeypatch.setenv("HOST_PATH", "/work")
    assert refusal().code == "mapping"


# In a container


class Healthy(LoopbackServer):
    """Tells how it is, as our server does; of another server it knows another token."""

    token = TOKEN

    async def respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        call, body = call_of(request, self.token), b'{"status": "down", "version": "1"}'
        await answer(writer, 503, body, extra={PROOF: call.proof_of_answer(TOKEN, 503, body)} if call else {})


@pytest.mark.skipif(sys.byteorder == "big", reason="the routes are written as on a small-endian machine")
async def test_in_a_sandbox_the_host_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    routes = "Iface\tDestination\tGateway\nlo\t0000007F\t00000000\neth0\t00000000\t0100007F\neth0\t000011AC\t00000000\n"
    (tmp_path / "route").write_text(routes)
    monkeypatch.setattr(places, "ROUTES", tmp_path / "route")
    monkeypatch.setattr(places, "HOSTS_OF_CONTAINERS", ("host.invalid",))
    monkeypatch.setenv("IS_SANDBOX", "1")
    assert "without a token" in str(refusal())

    monkeypatch.setenv("PHONEWORK_GATEWAY_TOKEN", TOKEN)
    async with Healthy() as server:
        port = server.url.rpartition(":")[2]
        monkeypatch.setenv("PHONEWORK_SERVER__PORT", port)
        found = await asyncio.to_thread(find_place)
        assert (found.url, found.token, found.remote) == (f"http://127.0.0.1:{port}", TOKEN, True)

        server.token = "another"
        error = await asyncio.to_thread(refusal)
        assert error.code == "unreachable"
        assert f"http://127.0.0.1:{port}, http://host.invalid:{port}" in str(error)


def test_a_server_in_the_sandbox_itself_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IS_SANDBOX", "1")
    written(tmp_path / "share/phonework")
    assert find_place().url == WRITTEN["url"]
