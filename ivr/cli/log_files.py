"""What the programs of `ivr up` have logged, kept in files that do not grow for ever: NAME.log, NAME.log.1, …"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

LOOK = 10.0  # seconds between two looks


def turn(folder: Path, most: int, kept: int) -> list[Path]:
    """Move what is in log files larger than `most` bytes to NAME.log.1, what was there to .2, and so on to `kept`; what
    was there is deleted. Returns the files that were emptied.

    Programs have their file open, at its end, and go on with it: so it is copied, and then emptied. A line written
    between the last look and that is lost, which is microseconds.
    """
    large = [file for file in sorted(folder.rglob("*.log")) if file.stat().st_size > most]
    for file in large:
        if kept:
            part = _numbered(file, 0)
            with file.open("rb") as source, part.open("wb") as copy:
                os.fchmod(copy.fileno(), file.stat().st_mode)
                shutil.copyfileobj(source, copy)
                os.truncate(file, 0)
            for number in range(kept - 1, -1, -1):
                with suppress(FileNotFoundError):
                    _numbered(file, number).replace(_numbered(file, number + 1))
        else:
            os.truncate(file, 0)
    return large


def _numbered(file: Path, number: int) -> Path:
    """Number 0 is being made."""
    return file.with_name(f"{file.name}.{number or 'part'}")
