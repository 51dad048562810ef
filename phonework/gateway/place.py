"""Which server a program on this machine, or in a container on it, speaks to, and the token it shows."""

import http.client
import json
import os
import re
import stat
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from phonework.backends.hook_client import MARK
from phonework.errors import RemoteError
from phonework.gateway.mapping import NO_MAPPING, VARIABLE, PathMapping, parse
from phonework.places import data_dir, peek
from phonework.proof import PROOF, new_call, same

URL: Final = "PHONEWORK_GATEWAY_URL"
TOKEN: Final = "PHONEWORK_GATEWAY_TOKEN"
TOKEN_FILE: Final = "PHONEWORK_GATEWAY_TOKEN_FILE"
VARIABLES: Final = (URL, TOKEN, TOKEN_FILE)
"""Not settings of the server: they say to a program where it is."""

AGENT: Final = MARK
"""In the environment of all that a server starts: where the kind of agent has its data, a colon, and whose agent it is."""

_NAME_A_SERVER: Final = {"PHONEWORK_SERVER__DATA_DIR", "PHONEWORK_CONFIG"}

FILE_NAME: Final = "gateway.json"
LARGEST: Final = 64 * 1024
HOSTS_OF_CONTAINERS: Final = ("host.docker.internal", "host.containers.internal")
DEFAULT_PORT: Final = 8420
PROBE_SECONDS: Final = 1.0
ROUTES: Final = Path("/proc/net/route")
HOW_TO_START: Final = "start it with `phonework serve`, or for good with `phonework service install`"


@dataclass(frozen=True, slots=True)
class Place:
    """A server. url: its origin. source: where that is written. mapping: of paths here to paths there.

    remote: it is on another machine, or out of a container: its terminals are not here.
    """

    url: str
    token: str = field(repr=False)
    source: str
    mapping: PathMapping = NO_MAPPING
    remote: bool = False


def find_place() -> Place:
    """Where the environment says, else the host of this container, else the one that began this agent, or this machine's. Raises RemoteError."""
    if url := os.environ.get(URL):
        return Place(_origin(url, URL), _token(), URL, _mapping(), remote=True)
    path = _directory() / FILE_NAME
    if os.environ.get("IS_SANDBOX") == "1" and not path.exists():
        return _host_of_container()
    return from_file(path)


def _directory() -> Path:
    """The data directory of the server that began this agent, unless the environment names one; elsewhere, as always.

    An agent has none of the server's own settings in its environment, and the server may have been told where by them, or by --config.
    """
    named = {name.upper() for name, value in os.environ.items() if value} & _NAME_A_SERVER
    kept = Path(os.environ.get(AGENT, "").rpartition(":")[0])  # <data_dir>/backends/<kind>
    return kept.parents[1] if kept.is_absolute() and kept.parent.name == "backends" and not named else data_dir()


def from_file(path: Path) -> Place:
    """The server that wrote this file. Raises RemoteError."""
    try:
        raw = _private(path)
    except FileNotFoundError as error:
        raise RemoteError("unreachable", f"no server has run here: {path} does not exist", hint=HOW_TO_START) from error
    except OSError as error:
        raise _token_error(path, f"cannot be read ({_why(error)})", "mend its permissions, it must be yours") from error
    found = _parsed(raw)
    url, token = (found.get("url"), found.get("token")) if found else (None, None)
    if found and "url" not in found and isinstance(token, str) and _fit(token):
        raise RemoteError("unreachable", f"no server runs: {path} names none", hint=HOW_TO_START)
    if not isinstance(url, str) or not isinstance(token, str) or not _fit(token):
        raise _token_error(path, "is damaged", "restart the server: it writes it anew")
    return Place(_origin(url, str(path)), token, str(path))


def _private(path: Path) -> bytes:
    """What the file holds; nobody else may be able to read it. Raises OSError, RemoteError."""
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        if about.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
            raise _token_error(path, "belongs to somebody else", "use your own server, or run this as its owner")
        if stat.S_IMODE(about.st_mode) & 0o077:
            raise _token_error(
                path,
                "can be read by others, so its token is no secret",
                f"stop the server, remove {path}, and start it again: it makes a new token",
            )
        return file.read(LARGEST)


def _token() -> str:
    """The token as the environment gives it, or the file it names: the token alone, or a copy of gateway.json."""
    if token := os.environ.get(TOKEN):
        return _checked(token.strip(), TOKEN)
    named = os.environ.get(TOKEN_FILE)
    if not named:
        raise RemoteError(
            "token",
            f"{URL} is set, but no token",
            hint=f"set {TOKEN}, or {TOKEN_FILE} to a file that holds it: it is in {FILE_NAME} of the server's data directory",
        )
    try:
        with Path(named).expanduser().open("rb") as file:
            raw = file.read(LARGEST)
    except (OSError, RuntimeError) as error:
        raise RemoteError("token", f"{TOKEN_FILE}: {named} cannot be read ({_why(error)})", hint="check the path and its permissions") from error  # fmt: skip
    found = _parsed(raw)
    return _checked(str(found.get("token")) if found else raw.decode("utf-8", "replace").strip(), TOKEN_FILE)


def _checked(token: str, source: str) -> str:
    if not _fit(token):
        raise RemoteError("token", f"{source}: this is no token", hint=f"copy it from {FILE_NAME} of the server")
    return token


def _fit(token: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9._~+/=-]{1,512}", token) is not None


def _parsed(raw: bytes) -> dict[str, object] | None:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _origin(url: str, source: str) -> str:
    if not re.fullmatch(r"https?://[^/\s?#@]+/?", url) or not _hostname(url):
        raise RemoteError(
            "url", f"{source}: {url[:200]!r} is not an origin like http://127.0.0.1:8420", hint="http or https, a host, and no path"
        )  # fmt: skip
    return url.rstrip("/")


def _hostname(url: str) -> str:
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.port != 0 else ""
    except ValueError:
        return ""


def _mapping() -> PathMapping:
    return parse(os.environ.get(VARIABLE, ""))


# In a container


def _host_of_container() -> Place:
    """The first of its usual addresses where a server of ours answers. Raises RemoteError."""
    token, mapping, port = _token_in_container(), _mapping(), _port()
    # Names last: where nobody answers for them, asking takes long.
    tried = [f"http://{host}:{port}" for host in (*_default_gateway(), *HOSTS_OF_CONTAINERS)]
    for url in tried:
        if _answers(url, token):
            return Place(url, token, "IS_SANDBOX", mapping, remote=True)
    raise RemoteError(
        "unreachable",
        f"no server answers at {', '.join(tried)}",
        hint=f"start it on the host with `phonework serve`, let it listen where this container reaches it, or set {URL}",
    )


def _token_in_container() -> str:
    if os.environ.get(TOKEN) or os.environ.get(TOKEN_FILE):
        return _token()
    raise RemoteError(
        "token",
        "this is a sandbox (IS_SANDBOX=1) without a token of the host's server",
        hint=f"give the container {TOKEN} or {TOKEN_FILE}, and {URL} if the host is not found; or start a server here",
    )


def _port() -> int:
    found, _base = peek("server", "port")
    return int(str(found)) if str(found).isdecimal() and 0 < int(str(found)) < 65536 else DEFAULT_PORT


def _default_gateway() -> tuple[str, ...]:
    """Through which this container reaches everything else. Source: proc(5), /proc/net/route, numbers as in memory."""
    try:
        lines = ROUTES.read_text(encoding="ascii").splitlines()[1:]
    except (OSError, ValueError):
        return ()
    fields = (line.split() for line in lines)
    return tuple(
        ".".join(str(byte) for byte in int(each[2], 16).to_bytes(4, sys.byteorder))
        for each in fields
        if len(each) > 2 and each[1] == "00000000" and re.fullmatch(r"[0-9A-F]{8}", each[2]) and each[2] != "00000000"
    )


def _answers(url: str, token: str) -> bool:
    """Whether a server that knows the token is there, however it is."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=PROBE_SECONDS)
    try:
        call = new_call("GET", "/health")
        connection.request("GET", "/health", headers={"Host": f"localhost:{parts.port}", **call.headers(token)})
        response = connection.getresponse()
        body = response.read(LARGEST)
        return same(response.getheader(PROOF, ""), call.proof_of_answer(token, response.status, body))
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _token_error(path: Path, what: str, hint: str) -> RemoteError:
    return RemoteError("token", f"{path} {what}", hint=hint)


def _why(error: Exception) -> str:
    return ((error.strerror if isinstance(error, OSError) else "") or str(error)).lower()
