"""A new KEK for old data keys. The sound is not touched: only the bytes that wrap each data key are new."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store import audit
from ivr.store.database import Database
from ivr.store.schema import RecordingKey
from recordings.keys.ring import COPIES, Kek, KeyProblem, Ring, copy_of, newest
from recordings.sealed import context
from recordings.vault import wrapped

BATCH = 500


class StillNeeded(Problem):
    """A KEK that something depends on."""


@dataclass(frozen=True)
class Listed:
    """`state`: in use, former, or missing: data keys are wrapped by it, and it is nowhere."""

    id: str
    copy: str
    state: str
    place: str
    wraps: int  # data keys


@dataclass(frozen=True)
class Rewrapped:
    """`kek` wraps `keys` more data keys. `problems`: those that could not be opened, each with its reason."""

    kek: str
    keys: int
    problems: list[str]


def listed(session: Session, ring: Ring) -> list[Listed]:
    """Every KEK, by name."""
    wraps = {kek: number for kek, number in session.execute(select(RecordingKey.kek, func.count()).group_by("kek"))}
    places = {id: place for place in reversed(ring.places) for id in place.ids()}
    used = {newest(ring.places[0].ids(), copy) for copy in COPIES}
    return [
        Listed(
            id=id,
            copy=copy_of(id),
            state="in use" if id in used else "former" if id in places else "missing",
            place=places[id].name if id in places else "",
            wraps=wraps.get(id, 0),
        )
        for id in sorted({*wraps, *places})
    ]


def rewrap(database: Database, ring: Ring, copy: str) -> Rewrapped:
    """All data keys of a copy that another KEK wraps are wrapped by the one in use. In batches, each a transaction: cut
    off in the midst, it goes on where it was when it is done again. Raises KeyProblem when there is none in use."""
    kek = ring.current(copy)
    done, problems, after = 0, list[str](), ""
    while rows := _batch(database, ring, kek, copy, after, problems):
        done, after = done + len(rows), rows[-1]
    database.scrub()  # what the old one has wrapped
    return Rewrapped(kek.id, done - len(problems), problems)


def _batch(database: Database, ring: Ring, kek: Kek, copy: str, after: str, problems: list[str]) -> list[str]:
    """The recordings after `after` that were looked at."""
    chosen = (
        select(RecordingKey)
        .where(RecordingKey.copy == copy, RecordingKey.kek != kek.id, RecordingKey.recording_id > after)
        .order_by(RecordingKey.recording_id)
        .limit(BATCH)
        .with_for_update()
    )
    former: dict[str, Kek] = {}
    with database.transaction() as session:
        rows = session.scalars(chosen).all()
        for row in rows:
            try:
                old = former.get(row.kek) or former.setdefault(row.kek, ring.get(row.kek))
                key = old.unwrap(row.wrapped, context(row.recording_id, copy))
            except KeyProblem as error:
                problems.append(f"{row.recording_id}: {error}")
                continue
            row.wrapped, row.kek = wrapped(kek, row.recording_id, copy, key), kek.id
    return [row.recording_id for row in rows]


def remove(database: Database, ring: Ring, id: str, by: str) -> None:
    """Destroy a KEK that wraps nothing any more. Raises StillNeeded, KeyProblem."""
    place = ring.place(id)
    if id == newest(ring.places[0].ids(), copy_of(id)):
        raise StillNeeded(f"the key {id} is the one in use; `ivr keys rotate` first")
    with database.transaction() as session:  # on SQLite nobody else writes meanwhile
        if number := session.scalar(select(func.count()).where(RecordingKey.kek == id)):
            raise StillNeeded(f"the key {id} still wraps {number} data keys; `ivr keys rewrap` first")
        audit.write(session, by, "remove-key", id)
        place.remove(id)
