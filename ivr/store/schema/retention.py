"""What was deleted, and what is held."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class PurgeEntry(Base):
    """The ledger of deletions, without anything about the call. Chained; the database refuses to change or delete a
    row."""

    __tablename__ = "purge_ledger"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recording_id: Mapped[str] = mapped_column(unique=True)
    day: Mapped[date]
    purged_at: Mapped[datetime]
    rule: Mapped[str]
    sha256: Mapped[str]
    hash: Mapped[str]


class Hold(Base):
    """A legal hold: what is held is kept beyond its time, through the day `until`."""

    __tablename__ = "holds"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), index=True)
    recording_id: Mapped[str] = mapped_column(default="")  # "": all of the call
    reason: Mapped[str]
    until: Mapped[date]
    added_by: Mapped[str]
    added_at: Mapped[datetime]
    lifted_by: Mapped[str] = mapped_column(default="")
    lifted_at: Mapped[datetime | None]


class PurgeRun(Base):
    """One run of the purge. `ended_at` is empty while it runs, and stays so when it was cut off."""

    __tablename__ = "purge_runs"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    by: Mapped[str]  # nightly, or who gave the command
    as_of: Mapped[datetime]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    deleted: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)  # what could not be deleted; the next run tries again
    held: Mapped[int] = mapped_column(default=0)  # what is over and on hold
    pseudonyms: Mapped[int] = mapped_column(default=0)  # calls whose caller's number became one
    findings: Mapped[list[str]] = mapped_column(default=list)  # of the proof after a nightly run; the first of them
