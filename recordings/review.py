"""What a reviewer hears: the anonymised copy of a recording, and no other."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store import anonymisations
from ivr.store.database import Database
from ivr.store.schema import Anonymisation, CatalogueRow, Recording, RecordingKey, Waveform
from recordings.catalogue import CatalogueError
from recordings.keys.ring import ANONYMISED
from recordings.reader import Reader
from recordings.sealed import Damaged
from recordings.vault import Vault
from recordings.waveform import NotSound, picture


class Deleted(CatalogueError):
    """Its time was over."""


class Pending(Problem):
    """The anonymised copy is not made yet: nothing can be heard."""


@dataclass(frozen=True)
class Covered:
    """Seconds of the recording that nobody hears; `kind`: of what stood there, or `unspoken`: not understood."""

    start: float
    end: float
    kind: str


@dataclass(frozen=True)
class Standing:
    """How the anonymised copy stands. `state`: there (it was made with `profile`), waiting `since`, failed. `problem`:
    of the last attempt, a word of `recordings/copies.py`."""

    state: str
    profile: str = ""
    problem: str = ""
    since: datetime | None = None
    covered: Sequence[Covered] = ()


def row_of(session: Session, id: str) -> CatalogueRow:
    """By its whole id. Raises CatalogueError, Deleted."""
    row = session.scalar(select(CatalogueRow).where(CatalogueRow.recording_id == id))
    if row is not None:
        return row
    if session.get(Recording, id) is not None:
        raise Deleted("this recording was deleted")
    raise CatalogueError(f"there is no recording {id}")


def copy_of(session: Session, id: str) -> RecordingKey:
    """The key of its anonymised copy; when it was made tells one such copy from another. Raises CatalogueError,
    Deleted, Pending."""
    row_of(session, id)
    key = session.get(RecordingKey, (id, ANONYMISED))
    if key is None:
        raise Pending(f"the anonymised copy of recording {id} is not made yet")
    return key


def standing(session: Session, id: str) -> Standing:
    """Of a recording that is there."""
    job = anonymisations.get(session, id)
    is_there = session.get(RecordingKey, (id, ANONYMISED)) is not None
    if job is None:
        return Standing("there" if is_there else "waiting")
    if is_there:
        unspoken = [one for channel in job.report.get("unspoken", []) for one in channel]
        covered = [Covered(**one) for one in [*job.report.get("covered", []), *unspoken]]
        return Standing("there", profile=job.made_with, covered=covered)
    return Standing(job.state, problem=job.problem, since=job.asked_at)


def waiting(session: Session, ids: Collection[str]) -> set[str]:
    """Those of them that are there and whose copy is still to be made."""
    id, key, job = CatalogueRow.recording_id, RecordingKey, Anonymisation
    chosen = (
        select(id)
        .outerjoin(key, and_(key.recording_id == id, key.copy == ANONYMISED))
        .outerjoin(job, job.recording_id == id)
        .where(id.in_(ids), key.kek.is_(None), func.coalesce(job.state, "waiting") == "waiting")
    )
    return set(session.scalars(chosen))


def open_copy(session: Session, vault: Vault, id: str) -> Reader:
    """Its WAV. Raises what `copy_of` and `Vault.open` raise."""
    return vault.open(session, id, row_of(session, id).day, ANONYMISED)


def waveform(database: Database, vault: Vault, id: str) -> Waveform:
    """Measured when it is first asked for, and kept. Raises what `open_copy` raises."""
    with database.read() as session:
        of = copy_of(session, id).created_at
        kept = session.get(Waveform, id)
        if kept is not None and kept.of == of:
            return kept
        sound = open_copy(session, vault, id)
    try:
        seen = picture(sound)
    except NotSound as error:
        raise Damaged(f"the anonymised copy of recording {id} is no WAV: {error}; make it anew") from None
    row = Waveform(
        recording_id=id,
        of=of,
        seconds=seen.seconds,
        channels=len(seen.levels),
        levels=b"".join(seen.levels),
        silences=[list(one) for one in seen.silences],
    )
    with database.transaction() as session:
        if copy_of(session, id).created_at == of:  # else it was deleted, or made anew, meanwhile
            session.merge(row)
    return row
