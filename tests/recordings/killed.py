"""Purges a house and is killed at the step that is asked for: python -m tests.recordings.killed URL ROOT AT STEP

A step is a moment before or after something reaches the disk: a file of the store, or a commit. Exit status 0: there
are fewer steps than that.
"""

import os
import signal
import sys
from collections.abc import Iterable
from itertools import count
from pathlib import Path

from sqlalchemy import Connection, event

from ivr.store.database import Database
from recordings.purge import Purge
from recordings.stores.folder import Folder
from tests.recordings.house import House

_steps = count(1)


def step() -> None:
    if next(_steps) == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)


class Stepping(Folder):
    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        step()
        super().put(name, pieces)
        step()

    def delete(self, name: str) -> None:
        step()
        super().delete(name)
        step()


def before_commit(connection: Connection) -> None:
    step()


def main() -> None:
    url, root, at = sys.argv[1:4]
    house = House(Database(url), Path(root))
    event.listen(house.database.engine, "commit", before_commit)
    given = house.purge(at)
    purge = Purge(house.database, Stepping(house.root / "kept"), house.spool, given.rules, given.at)
    for _ in purge.run("killed"):
        step()


if __name__ == "__main__":
    main()
