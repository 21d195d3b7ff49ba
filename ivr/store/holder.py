"""Who holds the lock of a file, by the kernel's list; and the end of who does not let go of it."""

import os
import signal
from contextlib import suppress
from pathlib import Path

LOCKS = Path("/proc/locks")


def holder(path: Path) -> int:
    """The process that has it; 0 for nobody, or nobody who can be seen from here."""
    wanted = path.stat()
    with suppress(OSError):
        for line in LOCKS.read_text("ascii").splitlines():  # 7: FLOCK  ADVISORY  WRITE 4271 08:01:1316 0 EOF
            _, kind, _, _, pid, place = line.split()[:6]
            if kind == "FLOCK" and place.rpartition(":")[2] == str(wanted.st_ino) and _has_open(pid, wanted):
                return int(pid)
    return 0


def _has_open(pid: str, wanted: os.stat_result) -> bool:
    """Other disks have files of the same number."""
    with suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(file.stat(), wanted):
                    return True
    return False


def end(path: Path, process: int) -> bool:
    """Kill this process, if it is the one that holds the lock of this file."""
    try:
        found = os.pidfd_open(process)
    except OSError:
        return False
    try:
        if holder(path) != process:  # asked only now: from here on the number is nobody else's
            return False
        signal.pidfd_send_signal(found, signal.SIGKILL)
    except OSError:
        return False
    finally:
        os.close(found)
    return True
