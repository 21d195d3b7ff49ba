"""A real Asterisk for tests, from the tree, with our configuration, on ports that nobody else has."""

import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from asterisk_conf import render, tree
from ivr.cli.installation import free_base
from ivr.settings import Ports

PASSWORD = "only-for-tests"
START = 20.0
EDGE = render.Edge()


class Asterisk:
    """`dialplan` is put at the end of ours; `modules` are loaded besides ours. A call that nobody takes is kept, and
    hears nothing."""

    def __init__(
        self, folder: Path, dialplan: str = "", modules: tuple[str, ...] = (), edge: render.Edge = EDGE
    ) -> None:
        self.ports = Ports.model_validate({"base": free_base()})
        self.folder, self._tree = folder, tree.ensure(print)
        ports = self.ports
        sockets = render.Sockets(
            "127.0.0.1", ("127.0.0.1",), ports.sip, ports.sips, ports.ari, ports.ami, ports.rtp_first, ports.rtp_last
        )
        self._configuration = render.render(
            self._tree,
            folder,
            logs=folder / "logs",
            sockets=sockets,
            password=PASSWORD,
            fallback=render.Fallback(("silence/1",), "silence/1", "silence/1"),
            edge=edge,
            plain_dialplan=dialplan,
        )
        with (self._configuration.parent / "modules.conf").open("a") as file:
            file.writelines(f"load = {module}.so\n" for module in modules)

    def start(self) -> None:
        """Returns when it can be called."""
        with (self.folder / "output.log").open("ab") as log:
            self._process = subprocess.Popen(
                self._tree.argv("asterisk", "-f", "-C", str(self._configuration)), stdout=log, stderr=log
            )
        deadline = time.monotonic() + START
        while "fully booted" not in self.command("core waitfullybooted"):
            assert time.monotonic() < deadline and self._process.poll() is None, "Asterisk did not start"
            time.sleep(0.1)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def output(self) -> str:
        """What it has printed and logged."""
        return "".join(path.read_text("utf-8", "replace") for path in self.folder.glob("**/*log*") if path.is_file())

    def command(self, line: str) -> str:
        """What Asterisk answers to a line at its console."""
        argv = self._tree.argv("asterisk", "-C", str(self._configuration), "-rx", line)
        return subprocess.run(argv, capture_output=True, text=True, timeout=START).stdout


def addresses(pid: int) -> set[tuple[str, str, int]]:
    """Where a process listens: (`tcp` or `udp`, address, port), IPv4 and IPv6."""
    own = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            own.add(descriptor.readlink().name)
    found = set()
    for kind in ("tcp", "udp", "tcp6", "udp6"):
        for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            fields = line.split()
            listens = kind.startswith("udp") or fields[3] == "0A"
            if listens and f"socket:[{fields[9]}]" in own:
                address, port = fields[1].split(":")
                words = bytes.fromhex(address)  # 32-bit words in this machine's order
                swapped = b"".join(words[at : at + 4][::-1] for at in range(0, len(words), 4))
                family = socket.AF_INET6 if kind.endswith("6") else socket.AF_INET
                found.add((kind[:3], socket.inet_ntop(family, swapped), int(port, 16)))
    return found
