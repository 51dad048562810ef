"""The internet around one process: names have the numbers a test says, and public numbers lead to servers on loopback.

What the process would ask DNS and connect to is told on stderr, a line of JSON each, so that a test can see it.
"""

import errno
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Any

Plan = Mapping[str, Any]
"""{"names": {name: [[number, …], …]}, "routes": {number: port on loopback}}: of a name's answers each is given once, the last one for ever."""


def install(plan: Plan) -> None:
    """Put it around this process, for good. Loopback stays as it is; what has no route is not reachable."""
    answers: dict[str, list[list[str]]] = {name: list(each) for name, each in plan["names"].items()}
    look_up, routes = socket.getaddrinfo, dict(plan["routes"])

    def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name is None or name == "localhost" or _number(name):
            return look_up(host, port, *rest, **more)
        _tell(looked_up=name)
        numbers = answers.get(name)
        if not numbers:
            raise socket.gaierror(socket.EAI_NONAME, "no such host")
        return _found(numbers.pop(0) if len(numbers) > 1 else numbers[0], port)

    class Socket(socket.socket):
        def connect(self, address: Any) -> None:
            super().connect(_led(address, routes))

        def connect_ex(self, address: Any) -> int:
            try:
                return super().connect_ex(_led(address, routes))
            except OSError as error:
                return error.errno or errno.ENETUNREACH

    socket.getaddrinfo = getaddrinfo
    socket.socket = Socket  # type: ignore[misc]


def _number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _found(numbers: Sequence[str], port: Any) -> list[Any]:
    kinds = {4: socket.AF_INET, 6: socket.AF_INET6}
    places = [(kinds[ip_address(one).version], one) for one in numbers]
    return [(kind, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, int(port or 0))) for kind, one in places]


def _led(address: Any, routes: Mapping[str, int]) -> Any:
    """Where a connection really goes. Raises OSError."""
    if not isinstance(address, tuple) or ip_address(address[0]).is_loopback:
        return address
    _tell(connected_to=address[0])
    if address[0] not in routes:
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    return ("127.0.0.1", routes[address[0]])


def _tell(**what: str) -> None:
    print(json.dumps({"event": "internet", **what}), file=sys.stderr, flush=True)
