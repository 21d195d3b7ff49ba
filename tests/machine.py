"""Another machine: a network namespace of Linux's with a wire to this one. It has its own loopback, and reaches of this
machine what listens at the wire's end, and nothing else."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


class Machine:
    """`here` and `there`: the addresses of the wire's two ends. The wire goes over a switch (a bridge), so that who is
    cut off is not told so, and nothing that is for the other machine goes elsewhere."""

    def __init__(self, number: int) -> None:
        self.name, self._switch, self._port, other = (f"ivr-{number}{end}" for end in ("", "s", "p", "o"))
        network = f"198.18.{number % 250}"  # RFC 2544: of benchmarks, nobody's
        self.here, self.there, self.network = f"{network}.1", f"{network}.2", f"{network}.1/30"
        _ip("netns", "add", self.name)
        _ip("link", "add", self._switch, "type", "bridge")
        _ip("link", "add", self._port, "type", "veth", "peer", "name", other, "netns", self.name)
        _ip("link", "set", self._port, "master", self._switch)
        _ip("address", "add", self.network, "dev", self._switch)
        for device in (self._port, self._switch):
            _ip("link", "set", device, "up")
        _ip("-n", self.name, "address", "add", f"{self.there}/30", "dev", other)
        for device in (other, "lo"):
            _ip("-n", self.name, "link", "set", device, "up")

    def command(self, *arguments: str) -> list[str]:
        """What runs a program there."""
        return ["ip", "netns", "exec", self.name, *arguments]

    def cut(self) -> None:
        _ip("link", "set", self._port, "down")

    def mend(self) -> None:
        _ip("link", "set", self._port, "up")

    def remove(self) -> None:
        for what in (("netns", self.name), ("link", self._port), ("link", self._switch)):
            subprocess.run(["ip", what[0], "del", what[1]], capture_output=True)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"


def missing() -> str:
    """Why there can be none here; "": there can."""
    if os.getuid() != 0:
        return "network namespaces are root's"
    return "" if shutil.which("ip") else "Debian's package iproute2 is not installed"


@contextmanager
def machine() -> Iterator[Machine]:
    one = Machine(os.getpid())
    try:
        yield one
    finally:
        one.remove()
