"""What an agent runs when something happens to it: tells the server, waits for an answer if one is wanted, prints it.

`python -I -S hook_client.py GATEWAY BACKEND [--hold] [--own] [NAME...]`. GATEWAY: the file with the server's address and token.
--hold: wait as long as the question stands. --own: this agent was started by the server; without it, whatever the server has
started is left alone. NAMEs: environment variables that are told too, under `environment`.

A server that is down leaves its port to whoever comes first. So the token itself is never sent: both sides prove that they know it
(phonework/proof.py), the server before it is told anything. An answer without that proof is none. Where there is no such file, as in a container, the server is the one that
PHONEWORK_GATEWAY_URL and PHONEWORK_GATEWAY_TOKEN, or the file PHONEWORK_GATEWAY_TOKEN_FILE names, tell of.

With --hold, that the answer was printed is reported in turn, under the random `hook` of the call: until then nobody knows whether it
was heard.

Whatever goes wrong (no server, a slow one, nonsense in return, a proof that is refused), nothing is printed and the exit code is
0: the agent goes on as if there were no hook, and asks at its terminal. Only the standard library, and little of that: agents wait
for it.
"""

import json
import os
import socket
import sys

MARK = "AGENT_OF_PHONEWORK"  # in the environment of all that the server starts; not PHONEWORK_…, which are settings
PRINTED = "HookPrinted"  # what is reported when the agent has the answer to what was held
CONNECT_WITHIN = 1.0  # seconds
ANSWER_WITHIN = 3.0  # seconds, for what no person is asked about
LARGEST = 1 << 20  # bytes, of the call and of the answer; the server takes no more


def main(words: list[str]) -> None:
    """Tell, print what is answered, and then tell that it is printed."""
    gateway, backend, *rest = words
    flags = {word for word in rest if word.startswith("--")}
    if os.environ.get(MARK) and "--own" not in flags:
        return
    call = json.loads(sys.stdin.buffer.read(LARGEST + 1))
    call["environment"] = {name: os.environ[name] for name in rest if name not in flags and name in os.environ}
    call["hook"] = os.urandom(16).hex()
    server = _server(gateway)
    _ask(*server, "GET", "/v1/openapi.json", b"", CONNECT_WITHIN)
    path = f"/v1/hooks/{backend}"
    output = _told(server, path, call, None if "--hold" in flags else ANSWER_WITHIN)
    if not isinstance(output, dict):
        return
    sys.stdout.write(json.dumps(output))
    sys.stdout.flush()
    if "--hold" in flags:
        known = {name: call[name] for name in ("session_id", "cwd", "environment", "hook") if name in call}
        _told(server, path, {**known, "hook_event_name": PRINTED}, ANSWER_WITHIN)


def _server(gateway: str) -> tuple[str, str]:
    """Address and token. The file goes first: whoever sets variables for an agent must not choose who answers for its person."""
    try:
        server = json.loads(_read(gateway))
    except FileNotFoundError:
        token = os.environ.get("PHONEWORK_GATEWAY_TOKEN") or _read(os.environ["PHONEWORK_GATEWAY_TOKEN_FILE"]).decode()
        if token.lstrip().startswith("{"):  # a copy of the file
            token = json.loads(token)["token"]
        return os.environ["PHONEWORK_GATEWAY_URL"].rstrip("/"), token.strip()
    return server["url"], server["token"]


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  # pathlib takes longer to import than all of this
        return file.read(LARGEST)


def _told(server: tuple[str, str], path: str, call: object, within: float | None) -> object:
    """What is answered. within: seconds; None: as long as the server has the connection open."""
    status, answer = _ask(*server, "POST", path, json.dumps(call).encode(), within)
    if status != 200:
        raise ValueError("refused")
    return json.loads(answer)["output"]


def _ask(url: str, token: str, method: str, path: str, body: bytes, within: float | None) -> tuple[int, bytes]:
    """Status and body of an answer that the server proves to be its own; anything else raises."""
    from phonework.proof import PROOF, new_call  # here, where a mistake is caught

    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    if scheme != "http" or not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(url)
    made = new_call(method, path, body)
    proofs = "".join(f"{name}: {value}\r\n" for name, value in made.headers(token).items())
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\n{proofs}"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.strip("[]"), int(port)), CONNECT_WITHIN) as connection:
        connection.sendall(head.encode("ascii") + body)
        connection.settimeout(within)
        status, lines, answer = _answer(connection)
    if f"{PROOF}: {made.proof_of_answer(token, status, answer)}" not in lines:
        raise ValueError("whoever listens there does not know the token")
    return status, answer


def _answer(connection: socket.socket) -> tuple[int, list[str], bytes]:
    """Status, lines of the head, in lower case, and the body, of an answer that is there in full; anything else raises."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
        if len(received) > LARGEST:
            raise ValueError("too long")
    head, found, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    if not found or f"content-length: {len(body)}" not in lines:
        raise ValueError("no answer")
    return int(lines[0].split(" ")[1]), lines, body


if __name__ == "__main__":
    try:
        # What this is a part of is found last: what Python brings is not looked for there.
        sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))  # noqa: PTH100, PTH120
        main(sys.argv[1:])
    except BaseException:  # whatever it is, it must not be the agent's trouble
        pass
    os._exit(0)  # nothing is left to tidy up, and a broken pipe is no matter
