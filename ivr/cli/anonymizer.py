"""`ivr anonymizer`: make the anonymised copies of recordings, one at a time (started by `ivr up`).

It is a process of its own, and gives way to others: changing voices takes all of a core, and holds Python's lock.
"""

import argparse
import logging
import os
import signal
import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr import logs
from ivr.cli.output import common
from ivr.cli.vault import open_vault
from ivr.problem import Problem
from ivr.settings import Settings, load
from ivr.store.database import Database

log = logging.getLogger(__name__)
LOOK = 0.5  # seconds between looks while nothing waits
AGAIN = 5.0  # after a look that failed
DESTROY = 900.0  # between lots of originals that are destroyed: each lot is an object of the ledger in the store
NICE = 10  # calls come first


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr anonymizer anonymizer-1 --data /srv/numero-nero")
    parser.add_argument("id", metavar="ID", help="its name in the logs and in `ivr recordings pending`")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logs.start(args.id)
    _give_way()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    work(load(args.data), args.id, stop)
    return 0


def _give_way() -> None:
    """Linux may weigh sessions against each other (autogroups), and then a nice value counts within its own alone."""
    os.nice(NICE)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(NICE), "ascii")


def work(settings: Settings, name: str, stop: threading.Event) -> None:
    """Until `stop` is set; what is being made then is left to the next."""
    from anonymizer import Whisper  # large, and reads the environment
    from anonymizer.verifier import installed
    from recordings.copies import Stopped, Terms, make_next

    database = Database(settings.database_url, migrated=True)
    vault, given = open_vault(settings), settings.recordings
    terms = Terms(given.profile, given.originals == "destroy", Whisper(), given.speech, installed())
    holder, looked = f"{name} {socket.gethostname()} {os.getpid()}", 0.0
    while not stop.is_set():
        try:
            made = make_next(database, vault, terms, holder, stop.is_set)
            if time.monotonic() > looked + DESTROY or not looked:
                looked = time.monotonic()
                _destroy(settings, database)
            if not made:
                stop.wait(LOOK)
        except Stopped:
            return
        except Problem as error:
            log.error("looking for what is to be anonymised failed: %s", error)
            stop.wait(AGAIN)


def _destroy(settings: Settings, database: Database) -> None:
    from ivr.cli.vault import open_store
    from recordings.destruction import destroy

    today = datetime.now(UTC).astimezone(ZoneInfo(settings.recordings.timezone)).date()
    destroy(database, open_store(settings), settings.spool, today)
