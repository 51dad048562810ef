"""What an agent runs when something happens to it: tells the server, waits for an answer if one is wanted, prints it.

`python -I -S hook_client.py GATEWAY BACKEND [--hold] [--own] [NAME...]`. GATEWAY: the file with the server's address and token.
--hold: wait as long as the question stands. --own: this agent was started by the server; without it, whatever the server has
started is left alone. NAMEs: environment variables that are told too, under `environment`.

A server that is down leaves its port to whoever comes first. So the token itself is never sent: both sides prove with it, by
HMAC-SHA256 (RFC 2104) over the call's random number and what is said, that they know it. An answer without that proof is none.

Whatever goes wrong (no server, a slow one, nonsense in return, a proof that is refused), nothing is printed and the exit code is
0: the agent goes on as if there were no hook, and asks at its terminal. Only the standard library, and little of that: agents wait
for it.
"""

import hashlib
import hmac
import json
import os
import socket
import sys

MARK = "AGENT_OF_PHONEWORK"  # in the environment of all that the server starts
CONNECT_WITHIN = 1.0  # seconds
ANSWER_WITHIN = 3.0  # seconds, for what no person is asked about
LARGEST = 1 << 20  # bytes, of the call and of the answer; the server takes no more
NONCE, DIGEST, PROOF = "phonework-nonce", "phonework-digest", "phonework-proof"  # headers; all three hexadecimal


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


def proof_of_call(token: str, nonce: str, path: str, digest: str) -> str:
    """Of who asks. digest: SHA-256 of the body."""
    return _proof(token, "call", nonce, path, digest)


def proof_of_answer(token: str, nonce: str, path: str, status: int, body: bytes) -> str:
    """Of who answers that very call."""
    return _proof(token, "answer", nonce, path, str(status), hashlib.sha256(body).hexdigest())


def _proof(token: str, *parts: str) -> str:
    return hmac.digest(token.encode(), "\n".join(parts).encode(), "sha256").hex()


def _post(url: str, token: str, backend: str, call: object, within: float | None) -> bytes:
    """The body of the answer. within: seconds; None: as long as the server has the connection open."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition("/")[0].rpartition(":")
    if scheme != "http" or not token or not token.isascii() or not token.isprintable() or " " in token:
        raise ValueError(url)
    nonce, path, body = os.urandom(16).hex(), f"/v1/hooks/{backend}", json.dumps(call).encode()
    digest = hashlib.sha256(body).hexdigest()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
        f"{NONCE}: {nonce}\r\n{DIGEST}: {digest}\r\n{PROOF}: {proof_of_call(token, nonce, path, digest)}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection((host.strip("[]"), int(port)), CONNECT_WITHIN) as connection:
        connection.sendall(head.encode("ascii") + body)
        connection.settimeout(within)
        lines, answer = _answer(connection)
    if f"{PROOF}: {proof_of_answer(token, nonce, path, 200, answer)}" not in lines:
        raise ValueError("whoever listens there does not know the token")
    return answer


def _answer(connection: socket.socket) -> tuple[list[str], bytes]:
    """Lines of the head, in lower case, and the body, of an answer 200 that is there in full; anything else raises."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
        if len(received) > LARGEST:
            raise ValueError("too long")
    head, found, body = received.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    if not found or lines[0].split(" ")[1] != "200" or f"content-length: {len(body)}" not in lines:
        raise ValueError("no answer")
    return lines, body


if __name__ == "__main__":
    try:
        said = main(sys.argv[1:])
        if said:
            sys.stdout.write(said)
            sys.stdout.flush()
    except BaseException:  # whatever it is, it must not be the agent's trouble
        pass
    os._exit(0)  # nothing is left to tidy up, and a broken pipe is no matter
