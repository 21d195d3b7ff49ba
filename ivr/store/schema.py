"""The tables. Times are UTC (aware in Python), durations seconds as floats, JSON for what only people read whole.

A call has a row from its first event, so that a crash of everything still leaves something to make a ticket of.
"""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Date, DateTime, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps no zone, PostgreSQL one of its own; read, both are UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Words(TypeDecorator[list[str]]):
    """Words to be found by, each once: a `tsvector` without places on PostgreSQL, text for FTS5 on SQLite, whose
    tokenizer knows the letters of Unicode 6.1 alone and so is given hexadecimal for what is not ASCII."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(TSVECTOR() if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        if dialect.name == "postgresql":
            return " ".join(f"'{word}'" for word in value)
        return " ".join(self.ascii(word) for word in value)

    @staticmethod
    def ascii(word: str) -> str:
        return word if word.isascii() else f"u{word.encode().hex()}"


LIVE_WISH = text("state IN ('waiting', 'calling')")
KEPT = text("purged_at IS NULL")
FAILED = text("failed_at IS NOT NULL")
OPEN = text("state IN ('new', 'open', 'waiting')")
UNERASED = text("purged_at IS NOT NULL AND erased_at IS NULL")
ON_THE_CLOCK = text("due_at IS NOT NULL")
TO_MAKE = text("state = 'waiting'")
SET_ASIDE = text("state = 'failed'")


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012
        datetime: UtcTime,
        date: Date,
        dict[str, Any]: JSON,
        dict[str, int]: JSON,
        list[str]: JSON,
        list[Any]: JSON,
    }


class Call(Base):
    """One call of a citizen. `ended_at` is empty while it lives."""

    __tablename__ = "calls"
    __table_args__ = (Index("calls_of_caller", "caller", "started_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(index=True)
    controller: Mapped[str]
    called: Mapped[str]
    caller: Mapped[str]  # E.164, "" when withheld: personal data, never in a log
    flow: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=0)  # of the flows; 0 from before there were versions
    language: Mapped[str] = mapped_column(default="")
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(default="")
    queue: Mapped[str] = mapped_column(default="")
    operator: Mapped[str] = mapped_column(default="")
    disposition: Mapped[str] = mapped_column(default="")  # Q, PQ, A, PA, I, PI, or "" when none was given
    note: Mapped[str] = mapped_column(default="")  # what the operator wrote; it goes into the ticket
    waited: Mapped[float] = mapped_column(default=0.0)  # seconds in the queue
    talked: Mapped[float] = mapped_column(default=0.0)  # seconds with the operator
    ticket: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the flow said: type, subject, fields
    callback_of: Mapped[str] = mapped_column(default="")  # the call in which this one was asked for


class JourneyEntry(Base):
    """One thing that happened in a call, in order: (call_id, seq)."""

    __tablename__ = "journey"
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    node: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class SurveyAnswer(Base):
    """`answer` is empty when the caller left that question unanswered."""

    __tablename__ = "survey_answers"
    __table_args__ = (Index("survey_answers_given", "question", "answer", "call_id"),)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    survey: Mapped[str] = mapped_column(primary_key=True)
    question: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[int | None]


class Operator(Base):
    __tablename__ = "operators"
    code: Mapped[str] = mapped_column(primary_key=True)  # 3 to 8 digits, spoken to callers
    name: Mapped[str]
    languages: Mapped[list[str]]
    skills: Mapped[dict[str, int]] = mapped_column(default=dict)  # name → level 1 to 9, languages among them
    queues: Mapped[list[str]]  # ["all"] or names
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class Presence(Base):
    """Where an operator stands now: signed-out, ready, offered, talking, wrap-up, paused, unreachable."""

    __tablename__ = "presence"
    code: Mapped[str] = mapped_column(ForeignKey("operators.code"), primary_key=True)
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")  # of a pause; of `unreachable`: of the pause it began in
    phone: Mapped[str] = mapped_column(default="")  # the account they are rung at
    since: Mapped[datetime]
    call_id: Mapped[str] = mapped_column(default="")


class PresenceEvent(Base):
    """Each change of where an operator stands; only ever added to. An operator's day is recomputed from these."""

    __tablename__ = "presence_events"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(ForeignKey("operators.code"))
    at: Mapped[datetime]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    call_id: Mapped[str] = mapped_column(default="")
    by: Mapped[str] = mapped_column(default="")  # phone, page, api, supervisor NAME; "" the router

    __table_args__ = (Index("presence_events_of", "code", "at"),)


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
    type: Mapped[str] = mapped_column(default="")  # of the ticket, as the backend has it
    ticket: Mapped[str] = mapped_column(default="", index=True)  # its number there


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


class CallbackRequest(Base):
    """A caller's wish to be called back by a queue. `state`: waiting, calling (a controller has it, until
    `held_until`), done, given-up, cancelled. A number has one wish that is waiting or calling."""

    __tablename__ = "callback_requests"
    __table_args__ = (
        Index("callback_requests_live", "state", "number"),
        Index("callback_requests_one", "number", unique=True, sqlite_where=LIVE_WISH, postgresql_where=LIVE_WISH),
    )
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    queue: Mapped[str]
    number: Mapped[str]  # E.164: personal data, never in a log
    language: Mapped[str]
    asked_at: Mapped[datetime]
    state: Mapped[str]
    since: Mapped[datetime]  # when the caller began to wait in that queue: the place that is kept
    skills: Mapped[list[str]]
    priority: Mapped[int]
    due_at: Mapped[datetime]  # no try before
    tries: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(default="")  # the controller
    held_until: Mapped[datetime | None]
    attempt: Mapped[str] = mapped_column(default="")  # id of the call that is being made


class CallbackTry(Base):
    """One time that a citizen's phone was rung: `result` is ringing, or spoken, no-answer, busy, refused, unreachable,
    hung-up (before the operator), short (an answering machine, most likely), operator-left, lost (a crash)."""

    __tablename__ = "callback_tries"
    attempt: Mapped[str] = mapped_column(primary_key=True)  # the id of its call, which has a row when it was answered
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), index=True)  # of the wish
    at: Mapped[datetime]
    operator: Mapped[str]
    result: Mapped[str]
    ended_at: Mapped[datetime | None]


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


class OutboxEntry(Base):
    """A call's ticket as it is wanted at the backend: written with the end of the call, or while it lives when its flow
    tells the number. Each change makes it due anew (`revision`), so what is delivered last is what is true."""

    __tablename__ = "ticket_outbox"
    __table_args__ = (
        Index("ticket_outbox_due", "delivered_at", "due_at"),
        Index("ticket_outbox_made", "made_at"),
        Index("ticket_outbox_reference", "reference"),
        Index("ticket_outbox_failed", "failed_at", sqlite_where=FAILED, postgresql_where=FAILED),
        Index("ticket_outbox_open", "looked_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), primary_key=True)
    due_at: Mapped[datetime]  # no try before
    since: Mapped[datetime]  # it has been due
    revision: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str] = mapped_column(default="")  # who delivers it now, until `held_until`
    held_until: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    failed_at: Mapped[datetime | None]  # set aside: the backend will not take it
    delivered_at: Mapped[datetime | None]
    made_at: Mapped[datetime | None]  # delivered for the first time
    backend: Mapped[str] = mapped_column(default="")  # that has it
    reference: Mapped[str] = mapped_column(default="")  # the backend's number for it
    type: Mapped[str] = mapped_column(default="")  # it was delivered with
    told: Mapped[dict[str, Any]] = mapped_column(default=dict)  # links and fields that the backend keeps as text
    state: Mapped[str] = mapped_column(default="")  # at the backend: new, open, waiting, closed
    looked_at: Mapped[datetime | None]  # when the state was read; empty: is to be read now


class Ticket(Base):
    """The embedded backend's own table; `call_id` is unique, so a repeated delivery makes no second one. A listing's
    index ends with what it is ordered by, so that its page is read off."""

    __tablename__ = "tickets"
    __table_args__ = (
        UniqueConstraint("call_id"),
        Index("tickets_newest", "created_at", "number"),
        Index("tickets_due", "due_at", "number", sqlite_where=ON_THE_CLOCK, postgresql_where=ON_THE_CLOCK),
        *(
            Index(f"tickets_{name}", name, "created_at", "number")
            for name in ("state", "type", "queue", "assignee", "caller")
        ),
        Index("tickets_words", "words", postgresql_using="gin").ddl_if(dialect="postgresql"),
    )
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]
    fields: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    queue: Mapped[str] = mapped_column(default="")
    language: Mapped[str] = mapped_column(default="")
    priority: Mapped[str] = mapped_column(default="normal")  # low, normal, high
    caller: Mapped[str] = mapped_column(default="")  # as far as the settings allow
    state: Mapped[str] = mapped_column(default="new")  # new, open, waiting, resolved, closed
    assignee: Mapped[str] = mapped_column(default="")  # a user; "" nobody yet
    specialist: Mapped[bool] = mapped_column(default=False)  # the buyer's specialists were needed
    due_at: Mapped[datetime | None]  # when its target is missed; empty while the clock stands still
    time_left: Mapped[float | None]  # seconds of the target then, negative when it was missed; empty: it has no target
    drafted: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what the call said of it last
    words: Mapped[list[str] | None] = mapped_column(Words, deferred=True)


class TicketChange(Base):
    """Something about a ticket that became another: `what` is the column. Only ever added to."""

    __tablename__ = "ticket_changes"
    __table_args__ = (Index("ticket_changes_of", "ticket", "id"), Index("ticket_changes_to", "what", "new", "at"))
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket: Mapped[int] = mapped_column(ForeignKey("tickets.number"))
    at: Mapped[datetime]
    by: Mapped[str]  # a user; "operator CODE" in the call itself; "" nobody
    what: Mapped[str]
    old: Mapped[str]
    new: Mapped[str]


class TicketComment(Base):
    """What somebody wrote to a ticket."""

    __tablename__ = "ticket_comments"
    __table_args__ = (Index("ticket_comments_of", "ticket", "id"),)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket: Mapped[int] = mapped_column(ForeignKey("tickets.number"))
    at: Mapped[datetime]
    by: Mapped[str]  # a user; "" what the call itself told
    text: Mapped[str]


class TicketLink(Base):
    """Something to look at with a ticket, as the recording of its call."""

    __tablename__ = "ticket_links"
    ticket: Mapped[int] = mapped_column(ForeignKey("tickets.number"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    at: Mapped[datetime]


class FlowFile(Base):
    """A file of published flows, once for all versions that have it."""

    __tablename__ = "flow_files"
    sha256: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class FlowVersion(Base):
    """A published state of the designers' folder; it never changes."""

    __tablename__ = "flow_versions"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime]
    author: Mapped[str]
    note: Mapped[str]


class FlowVersionFile(Base):
    """`path` is relative to the designers' folder, with slashes."""

    __tablename__ = "flow_version_files"
    version: Mapped[int] = mapped_column(ForeignKey("flow_versions.number"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("flow_files.sha256"))


class FlowActivation(Base):
    """Which version new calls take; the newest row counts. Rows are only ever added, by publish and rollback."""

    __tablename__ = "flow_activations"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    version: Mapped[int] = mapped_column(ForeignKey("flow_versions.number"))
    at: Mapped[datetime]
    author: Mapped[str]
    note: Mapped[str]


class Controller(Base):
    """A running controller's heartbeat."""

    __tablename__ = "controllers"
    id: Mapped[str] = mapped_column(primary_key=True)
    pid: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    calls: Mapped[int]
    waiting: Mapped[int] = mapped_column(default=0)  # of them, in a queue
    address: Mapped[str] = mapped_column(default="")  # of its link, `host:port`


class Lease(Base):
    """Who decides for all controllers which operator takes which call: one row. `epoch` grows with each holder."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    address: Mapped[str]
    epoch: Mapped[int]
    until: Mapped[float]  # seconds since 1970 by the database's clock


class User(Base):
    """Who may sign in to the pages and the API. Roles: see `ivr/web/access.py`."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(primary_key=True)
    password: Mapped[str]  # Argon2 hash with its parameters and salt; "" for who signs in at an OpenID provider
    role: Mapped[str]
    operator: Mapped[str] = mapped_column(default="")  # the operator code, for the role operator
    subject: Mapped[str] = mapped_column(default="")  # issuer and subject at an OpenID provider; "" for a local user
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class SignIn(Base):
    """A browser that is signed in. `key` is the digest of what its cookie holds."""

    __tablename__ = "sign_ins"
    key: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.name"), index=True)
    at: Mapped[datetime]
    until: Mapped[datetime]


class ApiKey(Base):
    """What a program of another house shows to use `/api/v1`. It is kept as its digest; whoever has the key is in the
    audit by its name, so a name is never given twice. `minute` and `used`: the requests of the newest minute."""

    __tablename__ = "api_keys"
    name: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(unique=True)  # SHA-256
    scopes: Mapped[list[str]]  # of ivr/web/v1/scopes.py
    per_minute: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    minute: Mapped[int] = mapped_column(default=0)  # since 1970
    used: Mapped[int] = mapped_column(default=0)


class ApiAnswer(Base):
    """What was answered to a request that had an `Idempotency-Key`, for whoever sends it again. `status` is empty while
    the request is being carried out."""

    __tablename__ = "api_answers"
    key: Mapped[str] = mapped_column(ForeignKey("api_keys.name"), primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]  # of method, path and body
    at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


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


class ChainHead(Base):
    """The newest entry of a table whose rows are chained (`ivr/store/chained.py`)."""

    __tablename__ = "chain_heads"
    name: Mapped[str] = mapped_column(primary_key=True)  # the table's
    seq: Mapped[int]
    hash: Mapped[str]


class AuditEntry(Base):
    """Who did what. Chained; the database refuses to change or delete a row. Written by `ivr/store/audit.py` alone."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(index=True)
    user: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    detail: Mapped[str] = mapped_column(default="")  # the reason that was given, what was asked for
    hash: Mapped[str]
