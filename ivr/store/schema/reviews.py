"""What reviewers listen to, and what they find."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.store.schema.base import Base


class Sample(Base):
    """Recordings drawn to be listened to. `asked`: size or share, equal, by, criteria, messages. `strata`: of each, its
    values, how many were there and how many drawn. Operators are named by pseudonym in both."""

    __tablename__ = "samples"
    name: Mapped[str] = mapped_column(primary_key=True)
    drawn_at: Mapped[datetime]
    drawn_by: Mapped[str]
    seed: Mapped[int] = mapped_column(BigInteger)
    asked: Mapped[dict[str, Any]]
    strata: Mapped[list[Any]]
    left_out: Mapped[int]  # that other samples had drawn


class SampleItem(Base):
    """A recording is in one sample at most: its call has one day, and so one quarter. `state`: open, reviewed."""

    __tablename__ = "sample_items"
    __table_args__ = (UniqueConstraint("sample", "place"),)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    sample: Mapped[str] = mapped_column(ForeignKey("samples.name"))
    place: Mapped[int]  # in the list, from 1
    stratum: Mapped[int]  # its index in the sample's `strata`
    state: Mapped[str] = mapped_column(default="open")
    reviewed_by: Mapped[str] = mapped_column(default="")
    reviewed_at: Mapped[datetime | None]


class Waveform(Base):
    """How loud the anonymised copy is over time, for its picture, and where it is silent. `of`: when that copy's key
    was made; another time is another sound."""

    __tablename__ = "waveforms"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    of: Mapped[datetime]
    seconds: Mapped[float]
    channels: Mapped[int]
    levels: Mapped[bytes] = mapped_column(LargeBinary)  # of one channel after the other: peaks, 255 is full scale
    silences: Mapped[list[Any]]  # [[start, end], ...] in seconds, both channels


class Evaluation(Base):
    """What one reviewer found of one recording: marks from 1 to 5, with the weights that they had then. It stays when
    the recording is deleted."""

    __tablename__ = "evaluations"
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"), primary_key=True)
    reviewer: Mapped[str] = mapped_column(primary_key=True)  # the user
    at: Mapped[datetime] = mapped_column(index=True)
    correctness: Mapped[int]
    completeness: Mapped[int]
    clarity: Mapped[int]
    proactivity: Mapped[int]
    courtesy: Mapped[int]
    weights: Mapped[dict[str, Any]]
    comment: Mapped[str]
