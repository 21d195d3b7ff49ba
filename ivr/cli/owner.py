"""Whose rights we work with: root, on data that belongs to somebody else, becomes that user.

So Asterisk and all our programs run without privileges when the data folder has a user of its own, and a command that
root gives leaves no file there that they could not write.
"""

import os
import pwd
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

# What they must be able to read: Python, its packages, our own.
PROGRAM = (Path(sys.base_prefix), Path(sys.prefix), Path(__file__).parent)


def become_owner(folder: Path, program: Iterable[Path] = PROGRAM) -> None:
    """Give up root's rights for good, if we have them and the folder is not root's; otherwise nothing.

    A user who cannot read the program could not go on: then root stays root, and is told why.
    """
    if os.geteuid() != 0 or not folder.is_dir() or (user := folder.stat().st_uid) == 0:
        return
    try:
        entry = pwd.getpwuid(user)
        name, group, home = entry.pw_name, entry.pw_gid, entry.pw_dir
    except KeyError:  # a number without a name, as in some containers
        name, group, home = "", folder.stat().st_gid, str(folder.resolve())
    if closed := next((place for path in program if (place := _closed(path, user, group))), None):
        print(
            f"ivr: runs as root: {folder} belongs to user {name or user}, who cannot read {closed}; put Python and "
            "Numero Nero where they can, or give the folder to root",
            file=sys.stderr,
        )
        return
    os.initgroups(name, group) if name else os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    os.environ["HOME"] = home  # root's cannot be read any more


def _closed(path: Path, user: int, group: int) -> Path | None:
    """The first folder on the way to `path`, itself included, that they may not enter."""
    resolved = path.resolve()
    for place in (*reversed(resolved.parents), resolved):
        about = place.stat()
        whose = stat.S_IXUSR if about.st_uid == user else stat.S_IXGRP if about.st_gid == group else stat.S_IXOTH
        if not about.st_mode & whose:
            return place
    return None
