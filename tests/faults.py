"""A server that stands before another and fails as it is told: over real TCP, one request a connection."""

import socket
import struct
import time
from collections.abc import Callable

from tests.between import Between

Fault = Callable[[socket.socket, Callable[[], bytes]], None]
"""What is done with a request: `forward()` carries it out at the server and returns the answer."""


def through(client: socket.socket, forward: Callable[[], bytes]) -> None:
    client.sendall(forward())


def refuses(client: socket.socket, forward: Callable[[], bytes]) -> None:
    """It never reaches the server; the connection is reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drops_the_answer(client: socket.socket, forward: Callable[[], bytes]) -> None:
    """It is carried out, and nobody hears of it."""
    forward()


def cuts_the_answer(client: socket.socket, forward: Callable[[], bytes]) -> None:
    answer = forward()
    client.sendall(answer[: len(answer) - 5])


def slow(seconds: float) -> Fault:
    """Carried out at once, answered so late."""

    def fault(client: socket.socket, forward: Callable[[], bytes]) -> None:
        answer = forward()
        time.sleep(seconds)
        client.sendall(answer)

    return fault


def says(status: str, body: str = "", *headers: str) -> Fault:
    """It never reaches the server."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    told = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def fault(client: socket.socket, forward: Callable[[], bytes]) -> None:
        client.sendall(told)

    return fault


def says_after(status: str, body: str = "") -> Fault:
    """The same, of what was carried out."""

    def fault(client: socket.socket, forward: Callable[[], bytes]) -> None:
        forward()
        says(status, body)(client, forward)

    return fault


class Faults(Between):
    """`fault(line)` says what happens to a request of that first line; `seen`: all of them."""

    def __init__(self, server: str) -> None:
        self.fault: Callable[[str], Fault] = lambda line: through
        self.seen: list[str] = []
        super().__init__(server)

    def _answer(self, client: socket.socket) -> None:
        client.settimeout(120)
        request = _request(client)
        line = request.partition(b"\r\n")[0].decode()
        self.seen.append(line)
        self.fault(line)(client, lambda: self._forward(request))

    def _forward(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:")]
        with socket.create_connection(self._server, timeout=120) as server:
            server.sendall(b"\r\n".join([*kept, b"Connection: close", b"", b""]) + body)
            answer = b""
            while piece := server.recv(1 << 16):
                answer += piece
        return answer


def _request(client: socket.socket) -> bytes:
    taken = b""
    while b"\r\n\r\n" not in taken:
        if not (piece := client.recv(1 << 16)):
            raise ConnectionError
        taken += piece
    head, _, body = taken.partition(b"\r\n\r\n")
    lengths = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < sum(lengths):
        if not (piece := client.recv(1 << 16)):
            raise ConnectionError
        body += piece
    return head + b"\r\n\r\n" + body
