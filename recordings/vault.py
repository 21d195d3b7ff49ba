"""The vault: sealed recordings in a store, and their data keys, wrapped, in the database and nowhere else.

Each copy of a recording has a data key of its own. `forget` deletes a recording's keys, which is its deletion: what
lies in the store, in its backups and on its disks opens no more. The file goes afterwards, to make room.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store.schema import RecordingKey
from recordings.keys.ring import ANONYMISED, COPIES, ORIGINAL, Kek, KeyProblem, Ring
from recordings.reader import Reader
from recordings.sealed import KEY, context, seal
from recordings.stores import Store


class Forgotten(Problem):
    """The recording has no key: it was deleted, or never had this copy."""


@dataclass(frozen=True)
class Vault:
    store: Store
    ring: Ring

    def put(self, name: str, recording_id: str, copy: str, pieces: Iterable[bytes]) -> bytes:
        """Store `pieces`, put together, under a new data key, which is returned: `keep` it, or nobody opens it.
        Raises StorageError, and what `pieces` raises."""
        key = os.urandom(KEY)
        self.store.put(name, seal(key, context(recording_id, copy), pieces))
        return key

    def read(self, name: str, recording_id: str, copy: str, key: bytes) -> Reader:
        """Raises Damaged, StorageError."""
        fetch = partial(self.store.read, name)
        return Reader(fetch, self.store.size(name), key, context(recording_id, copy), name)

    def keep(self, session: Session, recording_id: str, copy: str, key: bytes, number: int = 0) -> None:
        """In the transaction that writes the recording's row, or puts another copy in place: its key, instead of a
        former one. Raises KeyProblem."""
        kek = self.ring.current(copy)
        session.merge(
            RecordingKey(
                recording_id=recording_id,
                copy=copy,
                kek=kek.id,
                wrapped=wrapped(kek, recording_id, copy, key),
                created_at=datetime.now(UTC),
                number=number,
            )
        )

    def open(self, session: Session, recording_id: str, day: date, copy: str = ORIGINAL) -> Reader:
        """The WAV of a recording of that day. Raises Forgotten, KeyProblem, Damaged, StorageError."""
        row = session.get(RecordingKey, (recording_id, copy))
        if row is None:
            raise Forgotten(f"recording {recording_id} has no key of its {copy} copy: it was deleted, or never made")
        key = self.ring.get(row.kek).unwrap(row.wrapped, context(recording_id, copy))
        return self.read(stored_name(day, recording_id, copy, row.number), recording_id, copy, key)


def wrapped(kek: Kek, recording_id: str, copy: str, key: bytes) -> bytes:
    """A data key as its row has it. Raises KeyProblem, also when it would not come back: nothing relies on it yet."""
    bound = context(recording_id, copy)
    one = kek.wrap(key, bound)
    if kek.unwrap(one, bound) != key:
        raise KeyProblem(f"the key {kek.id} does not unwrap what it wraps; nothing is kept under it")
    return one


def stored_name(day: date, recording_id: str, copy: str, number: int = 0) -> str:
    """A copy's name in the store. Anonymised ones are numbered, so that nobody writes over what another has written."""
    return f"{day:%Y/%m/%d}/{recording_id}.{copy}{f'.{number}' if number else ''}"


def stored_names(day: date, recording_id: str, copies: int = 0) -> list[str]:
    """Of all copies that there may be, when so many anonymised ones were begun."""
    more = [stored_name(day, recording_id, ANONYMISED, number) for number in range(1, copies + 1)]
    return [*(stored_name(day, recording_id, copy) for copy in COPIES), *more]


def forget(session: Session, recording_id: str) -> None:
    """Delete the keys of all its copies: from the commit on, nothing opens them (see `Database.scrub`)."""
    session.execute(delete(RecordingKey).where(RecordingKey.recording_id == recording_id))
