"""Recordings: their keys, their anonymised copies, what they are searched by, and who asks for originals."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base

KEPT = text("purged_at IS NULL")
UNERASED = text("purged_at IS NOT NULL AND erased_at IS NULL")
TO_MAKE = text("state = 'waiting'")
SET_ASIDE = text("state = 'failed'")


class Recording(Base):
    """One recorded conversation, or one message that a caller left (`kind`: conversation, message). `day` is the
    calendar day of its call in the contract's zone. `file` is the original's name in the store; `bytes` and `sha256`
    are those of its WAV, as it is exported. `copies`: how many anonymised ones were begun; each has a number."""

    __tablename__ = "recordings"
    __table_args__ = (
        Index("recordings_kept", "day", sqlite_where=KEPT, postgresql_where=KEPT),
        Index("recordings_unerased", "id", sqlite_where=UNERASED, postgresql_where=UNERASED),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), index=True)
    day: Mapped[date] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(default="conversation")
    file: Mapped[str]
    rate: Mapped[int] = mapped_column(default=8000)  # samples a second: 8000, or 16000 of a wideband call
    seconds: Mapped[float]
    bytes: Mapped[int]
    sha256: Mapped[str]
    complete: Mapped[bool]  # False when part of the conversation could not be written
    stored_at: Mapped[datetime]
    purged_at: Mapped[datetime | None]  # when it ceased to be: its line is in the ledger
    erased_at: Mapped[datetime | None]  # when its last file was gone, too
    copies: Mapped[int] = mapped_column(default=0)
    original_gone_at: Mapped[datetime | None]  # when its original alone was destroyed: that has a line in the ledger


class RecordingKey(Base):
    """The data key of one copy of a recording (`copy`: original, anonymised), wrapped by the key-encryption key `kek`.
    It is nowhere else: when its row is deleted, the recording is. `number`: which of the anonymised copies that were
    begun it opens; 0 of the original."""

    __tablename__ = "recording_keys"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    copy: Mapped[str] = mapped_column(primary_key=True)
    kek: Mapped[str] = mapped_column(index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    number: Mapped[int] = mapped_column(default=0)


class Anonymisation(Base):
    """How the anonymised copy of a recording stands; the job to make it, too. `state`: waiting (who claims it has it
    until `held_until`), done, failed (set aside, until somebody asks for it again). Each claim has a number, which
    `Recording.copies` counts: only who has the newest may put a copy in place."""

    __tablename__ = "anonymisations"
    __table_args__ = (
        Index("anonymisations_waiting", "due_at", sqlite_where=TO_MAKE, postgresql_where=TO_MAKE),
        Index("anonymisations_failed", "asked_at", sqlite_where=SET_ASIDE, postgresql_where=SET_ASIDE),
        Index(
            "anonymisations_to_destroy",
            "recording_id",
            sqlite_where=text("destroy = 1"),
            postgresql_where=text("destroy"),
        ),
    )
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    state: Mapped[str] = mapped_column(default="waiting")
    profile: Mapped[str] = mapped_column(default="")  # wanted; "": as the settings say when it is made
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]  # no try before; those that became due last come first
    attempts: Mapped[int] = mapped_column(default=0)  # since it was asked for
    holder: Mapped[str] = mapped_column(default="")  # who is at it
    held_until: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="")  # of the last attempt, a word of recordings/copies.py
    last_error: Mapped[str] = mapped_column(default="")  # the same in full
    made_at: Mapped[datetime | None]  # of the copy that is in place, as are `made_with`, a profile, and `report`
    made_with: Mapped[str] = mapped_column(default="")
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what was covered, and the check's figures; no words
    destroy: Mapped[bool] = mapped_column(default=False)  # the original is to be destroyed, now that the copy is there


class CatalogueRow(Base):
    """What a recording that is there is searched and sampled by: narrow, and in the order it is shown in, so that a
    million are gone through in 0.1 s. Copied from elsewhere, by `ivr.store.catalogue`; a deleted recording has none."""

    __tablename__ = "catalogue"
    __table_args__ = (
        *(Index(f"catalogue_{name}", name, "started_at") for name in ("operator", "language", "reason", "type")),
        {"sqlite_with_rowid": False},
    )
    started_at: Mapped[datetime] = mapped_column(primary_key=True)  # of the call
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True, index=True, unique=True)
    call_id: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]
    seconds: Mapped[float]
    day: Mapped[date]  # of the call, in the contract's zone, as are `minute` of that day and `weekday`, 1 for Monday
    minute: Mapped[int]
    weekday: Mapped[int]
    lot: Mapped[int]  # what samples are drawn by: chance, yet always the same for this recording; below 2³¹ - 1
    queue: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    operator: Mapped[str] = mapped_column(default="")
    outcome: Mapped[str] = mapped_column(default="")
    disposition: Mapped[str] = mapped_column(default="")
    flow: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=0)
    waited: Mapped[float] = mapped_column(default=0.0)
    answers: Mapped[str] = mapped_column(default="")  # to surveys, see `ivr.store.catalogue.mark`
    type: Mapped[str] = mapped_column(default="")  # of the ticket, as the backend has it
    ticket: Mapped[str] = mapped_column(default="", index=True)  # its number there


class OriginalRequest(Base):
    """Somebody asks to hear the original of a recording; when another has approved, they may, before `until`."""

    __tablename__ = "original_requests"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), index=True)
    reason: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    approved_by: Mapped[str] = mapped_column(default="")
    approved_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
