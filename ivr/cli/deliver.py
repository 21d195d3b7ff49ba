"""`ivr deliver`: bring tickets to the backend (started by `ivr up`).

A process of its own: however slow the backend is, no call and no operator waits for it. One thread delivers; another
reads how the tickets stand over there.
"""

import argparse
import fcntl
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from ivr import logs
from ivr.cli.installation import given_secret, secret
from ivr.cli.output import common
from ivr.settings import Settings, load
from ivr.store import outbox as store
from ivr.store.database import Database, StoreError
from ivr.tickets.backend import Backend, BackendError
from ivr.tickets.backends import Means, make
from ivr.tickets.outbox import Delivery, deliver_due
from ivr.tickets.watch import look, reconcile

log = logging.getLogger(__name__)
POLL, GATHER, AFTER_FAILURE = 0.2, 1.0, 2.0
RECONCILE = 3600.0
ALARM = 10.0
SECTIONS = ("rt", "zammad", "glpi")  # of [tickets]; what other backends want to know stands in [tickets.options]
REQUESTS = 8  # that one delivery makes at most, each with its timeout


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr deliver --data /srv/numero-nero")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logs.start("tickets")
    settings = load(args.data)
    database = Database(settings.database_url, migrated=True)
    backend = open_backend(settings, database)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with (settings.data / "deliver.lock").open("w") as alone:
        fcntl.flock(alone, fcntl.LOCK_EX)  # so that what its name holds is from a process that is gone
        deliver(settings, database, backend, stop)
    return 0


def open_backend(settings: Settings, database: Database, name: str = "") -> Backend:
    """`name`: "" for the one of the settings. Raises NoBackend."""
    given, name = settings.tickets, name or settings.tickets.backend
    options = getattr(given, name).model_dump() if name in SECTIONS else given.options
    if name == "embedded":
        options = {"terms": given.terms()}
    return make(name, Means(database, options, partial(given_secret, settings), given.timeout))


def faults(settings: Settings) -> list[str]:
    """What the ticketing backend of the settings lacks, or why it does not answer. Raises NoBackend."""
    backend = open_backend(settings, Database(settings.database_url))
    try:
        return list(backend.check())
    except BackendError as error:
        return [str(error)]
    finally:
        backend.close()


def delivery(settings: Settings) -> Delivery:
    given = settings.tickets
    return Delivery(
        name=given.backend,
        holder=f"{socket.gethostname()}:{settings.data.resolve()}",
        parallel=given.parallel,
        lease=REQUESTS * given.timeout + 30,
        pages=settings.web.address,
    )


def deliver(settings: Settings, database: Database, backend: Backend, stop: threading.Event) -> None:
    """Until `stop` is set; what is on its way then is ended."""
    by, policy = delivery(settings), settings.tickets.policy(secret(settings, "callers"))
    watching = threading.Thread(target=_watch, args=(settings, database, backend, stop), daemon=True)
    watching.start()
    release = True
    while not stop.is_set():
        try:
            if release:
                with database.transaction() as session:
                    store.release(session, by.holder)
                release = False
            done = deliver_due(database, backend, policy, datetime.now(UTC), by)
        except StoreError as error:
            log.error("tickets wait for the store: %s", error)
            release = True
            stop.wait(AFTER_FAILURE)
        else:
            stop.wait(_rest(done, backend))
    backend.close()


def _rest(done: int, backend: Backend) -> float:
    """Seconds to the next turn. A backend that takes many at once is given many: each turn costs the store three
    transactions, for which the ends of calls wait."""
    if not done:
        return POLL
    return 0.0 if backend.at_once == 1 or done >= backend.at_once else GATHER


def _watch(settings: Settings, database: Database, backend: Backend, stop: threading.Event) -> None:
    given = settings.tickets

    def states() -> None:
        now = datetime.now(UTC)
        look(database, backend, given.backend, now - timedelta(seconds=given.look_every), now)

    def missing() -> None:
        reconcile(database, backend, given.backend, datetime.now(UTC))

    def problems() -> None:
        for problem in backend.check():
            log.error("the ticketing backend: %s", problem)

    turns = [
        _every(RECONCILE, problems),
        _every(RECONCILE, missing),
        _every(min(given.look_every, 2.0), states),
        _every(ALARM, _alarm(database, given.alarm_after)),
    ]
    while not stop.wait(POLL):
        for turn in turns:
            try:
                turn()
            except (BackendError, StoreError) as error:
                log.warning("how tickets stand could not be read: %s", error)
            except Exception:  # a backend may be anybody's; the next turn tries again
                log.exception("the ticketing backend has a mistake")


def _every(seconds: float, work: Callable[[], None]) -> Callable[[], None]:
    next_at = 0.0

    def turn() -> None:
        nonlocal next_at
        if time.monotonic() >= next_at:
            next_at = time.monotonic() + seconds
            work()

    return turn


def _alarm(database: Database, after: float) -> Callable[[], None]:
    """A loud line when it begins, and one when it is over."""
    was = False

    def turn() -> None:
        nonlocal was
        with database.read() as session:
            view = store.standing(session, datetime.now(UTC))
        if view.alarms(after) and not was:
            log.critical(
                "tickets are late: %d due, the oldest for %.0f s, %d set aside; `ivr status` says why",
                *(view.pending, view.lag, view.failed),
            )
        elif was and not view.alarms(after):
            log.warning("tickets are delivered again, and none is set aside")
        was = view.alarms(after)

    return turn
