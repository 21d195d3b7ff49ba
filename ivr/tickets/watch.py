"""The other way: where the tickets stand at the backend, and whether they are still there."""

import logging
from datetime import datetime

from ivr.store import outbox as store
from ivr.store.database import Database
from ivr.tickets.backend import Backend

log = logging.getLogger(__name__)
AT_ONCE = 50
MOST = 200  # states read in one turn


def look(database: Database, backend: Backend, name: str, before: datetime, now: datetime) -> int:
    """Read the state of the open tickets that nobody has looked at since `before`; returns how many have changed. When
    one is gone, all that could be are looked for. Raises BackendError."""
    changed = 0
    for _ in range(MOST // AT_ONCE):
        with database.read() as session:
            entries = store.to_look(session, name, before, AT_ONCE)
        if not entries:
            break
        seen = backend.find([entry.call_id for entry in entries])
        with database.transaction() as session:
            states = {entry.call_id: seen[entry.call_id].state for entry in entries if entry.call_id in seen}
            changed += sum(states.get(entry.call_id, entry.state) != entry.state for entry in entries)
            store.looked(session, [entry.call_id for entry in entries], states, now)
        if len(states) < len(entries):
            reconcile(database, backend, name, now)
    return changed


def reconcile(database: Database, backend: Backend, name: str, now: datetime) -> int:
    """After the backend was restored from a backup: what it had got since then is due again; returns how many. From the
    newest ticket back, until so many in a row are there that none before can be missing. Raises BackendError."""
    missing, since, last = 0, None, None
    while True:
        with database.read() as session:
            entries = store.made_before(session, name, last, AT_ONCE)
        seen = backend.find([entry.call_id for entry in entries]) if entries else {}
        for entry in entries:
            if entry.call_id not in seen:
                missing, since = missing + 1, None
            elif missing and since is None:
                since = entry.made_at  # the backup is younger; what was changed after it may be lost, too
        if all(entry.call_id in seen for entry in entries):
            break
        last = entries[-1]
    if not missing:
        return 0
    with database.transaction() as session:
        number = store.due_again(session, name, since, now)
    log.error("%d tickets are gone at the backend (a backup?); %d are delivered again", missing, number)
    return number
