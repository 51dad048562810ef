"""What an agent runs when something happens to it: tells the server, waits for an answer if one is wanted, prints it.

`python -I -S hook_client.py GATEWAY BACKEND [--hold] [--own] [NAME...]`. GATEWAY: the file with the server's address and token.
--hold: wait as long as the question stands. --own: this agent was started by the server; without it, whatever the server has
started is left alone. NAMEs: environment variables that are told too, under `environment`.

Whatever goes wrong (no server, a slow one, nonsense in return, a token that is refused), nothing is printed and the exit code is
0: the agent goes on as if there were no hook, and asks at its terminal. Only the standard library, and little of that: agents wait
for it.
"""

import json
import os
import socket
import sys

MARK = "AGENT_OF_PHONEWORK"  # in the environment of all that the server starts
CONNECT_WITHIN = 1.0  # seconds
ANSWER_WITHIN = 3.0  # seconds, for what no person is asked about
LARGEST = 1 << 20  # bytes, of the call and of the answer; the server takes no more


def main(words: list[str]) -> str:
    """What is to be printed."""
    gateway, backend, *rest = words
    flags = {word for word in rest if word.startswith("--")}
    if os.environ.get(MARK) and "--own" not in flags:
        return ""
    call = json.loads(sys.stdin.buffer.read(LARGEST + 1))
    call["environment"] = {name: os.environ[name] for name in rest if name not in flags and name in os.environ}
    with open(gateway, "rb") as file:  # noqa: PTH123  # pathlib takes longer to import than all of this
        server = json.loads(file.read(LARGEST))
    answer = _post(server["url"], server["token"], backend, call, None if "--hold" in flags else ANSWER_WITHIN)
    output = json.loads(answer)["output"]
    return json.dumps(output) if isinstance(output, dict) else ""


def _post(url: str, token: str, backend: str, call: object, within: float | None) -> bytes:
    """The body of the answer. within: seconds; None: as long as the server has the connection open."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    if scheme != "http" or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(url)
    body = json.dumps(call).encode()
    head = (
        f"POST /v1/hooks/{backend} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.strip("[]"), int(port)), CONNECT_WITHIN) as connection:
        connection.sendall(head.encode("ascii") + body)
        connection.settimeout(within)
        return _body(connection)


def _body(connection: socket.socket) -> bytes:
    """Of an answer 200 that is there in full; anything else raises."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
        if len(received) > LARGEST:
            raise ValueError("too long")
    head, found, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    if not found or lines[0].split(" ")[1] != "200" or f"content-length: {len(body)}" not in lines:
        raise ValueError("no answer")
    return body


if __name__ == "__main__":
    try:
        said = main(sys.argv[1:])
        if said:
            sys.stdout.write(said)
            sys.stdout.flush()
    except BaseException:  # whatever it is, it must not be the agent's trouble
        pass
    os._exit(0)  # nothing is left to tidy up, and a broken pipe is no matter
