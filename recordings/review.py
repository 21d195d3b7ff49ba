"""What a reviewer hears: the anonymised copy of a recording, and no other."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from ivr.problem import Problem
from ivr.store.database import Database
from ivr.store.schema import CatalogueRow, Recording, RecordingKey, Waveform
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
