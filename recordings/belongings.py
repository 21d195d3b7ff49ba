"""What belongs to a recording, and goes with it. Whatever comes to keep something of a recording says so here: then the
purge deletes it, and `ivr purge verify` looks for it."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from ivr.store.schema import Anonymisation, CatalogueRow, OriginalRequest, RecordingKey, SampleItem, Waveform
from recordings.keys.ring import ORIGINAL
from recordings.vault import stored_names

# Columns that name a recording; rows of a deleted one are deleted, in this order (see ivr/store/anonymisations.py).
ROWS: tuple[InstrumentedAttribute[Any], ...] = (
    Anonymisation.recording_id,
    RecordingKey.recording_id,
    CatalogueRow.recording_id,
    OriginalRequest.recording_id,
    Waveform.recording_id,
)
# Where a row stays, since it is counted: the column that names the recording → the one that names somebody, which is
# emptied.
PEOPLE: Mapping[InstrumentedAttribute[Any], InstrumentedAttribute[str]] = {
    SampleItem.recording_id: SampleItem.reviewed_by,  # the audit says it
}


def names(recording_id: str, day: date, file: str, copies: int) -> Iterator[str]:
    """All names that it may have in the store; `file` is the original's, `copies` of the anonymised were begun."""
    yield from {file, *stored_names(day, recording_id, copies)}


def forget(session: Session, recording_ids: Collection[str]) -> None:
    """From the commit on, nothing opens them, and no search finds them."""
    for column in ROWS:
        session.execute(delete(column.class_).where(column.in_(recording_ids)))
    for column, person in PEOPLE.items():
        session.execute(update(column.class_).where(column.in_(recording_ids)).values({person: ""}))


def forget_originals(session: Session, recording_ids: Collection[str]) -> None:
    """From the commit on, nothing opens them; their files are to be destroyed, also when they come back."""
    these = update(Anonymisation).where(Anonymisation.recording_id.in_(recording_ids))
    session.execute(these.values(destroy=True))
    keys = delete(RecordingKey).where(RecordingKey.recording_id.in_(recording_ids))
    session.execute(keys.where(RecordingKey.copy == ORIGINAL))
