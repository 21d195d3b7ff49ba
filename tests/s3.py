"""A real S3 server of the tests' own (moto's, over HTTP, in a process of its own), and a network before it that can be
made to fail."""

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from tests.between import Between

PATIENCE = 60.0
BUCKET = "recordings"
BUSY = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@contextmanager
def server() -> Iterator[str]:
    """Runs while it is entered; gives its address. It has the bucket `recordings`, and forgets everything."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(OSError):
                make_bucket(f"http://127.0.0.1:{port}", BUCKET)
                break
            assert process.poll() is None and time.monotonic() < deadline, "the S3 server did not start"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def make_bucket(address: str, name: str) -> None:
    _ask(address, f"/{name}", "PUT")


def uploads(address: str) -> int:
    """How many were begun and neither ended nor taken back."""
    return _ask(address, f"/{BUCKET}?uploads").count(b"<Upload>")


def _ask(address: str, path: str, method: str = "GET") -> bytes:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE)
    with closing(connection):
        connection.request(method, path)
        return connection.getresponse().read()


class Network(Between):
    """Stands before a server, at `address`. `busy`: so many connections from now on get a 503; `cuts`: so many are
    reset, when `after` bytes have come over them. `failed` counts both."""

    def __init__(self, server: str) -> None:
        self.busy, self.cuts, self.after, self.failed = 0, 0, 0, 0
        super().__init__(server)

    def _answer(self, client: socket.socket) -> None:
        if self.busy:
            self.busy, self.failed = self.busy - 1, self.failed + 1
            client.recv(1 << 16)
            client.sendall(BUSY)
            return
        with socket.create_connection(self._server) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            self._there(client, server)
            back.join()

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        taken = 0
        while piece := client.recv(1 << 16):
            taken += len(piece)
            if self.cuts and taken > self.after:
                self.cuts, self.failed = self.cuts - 1, self.failed + 1
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.shutdown(socket.SHUT_RD)
                client.close()
                break
            server.sendall(piece)
        server.shutdown(socket.SHUT_WR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
