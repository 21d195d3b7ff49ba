"""The tables. Times are UTC (aware in Python), durations seconds as floats, JSON for what only people read whole.

A call has a row from its first event, so that a crash of everything still leaves something to make a ticket of.

A module a noun. Whoever uses tables imports them from here, and so do the migrations, which see all of them.
"""

from ivr.store.schema.audit import AuditEntry, ChainHead
from ivr.store.schema.base import Base, UtcTime, Words
from ivr.store.schema.callbacks import LIVE_WISH, CallbackRequest, CallbackTry
from ivr.store.schema.calls import Call, JourneyEntry, SurveyAnswer
from ivr.store.schema.controllers import Controller, Lease
from ivr.store.schema.flows import FlowActivation, FlowFile, FlowVersion, FlowVersionFile
from ivr.store.schema.operators import Operator, Presence, PresenceEvent
from ivr.store.schema.people import ApiAnswer, ApiKey, SignIn, User
from ivr.store.schema.recordings import (
    KEPT,
    SET_ASIDE,
    TO_MAKE,
    UNERASED,
    Anonymisation,
    CatalogueRow,
    OriginalRequest,
    Recording,
    RecordingKey,
)
from ivr.store.schema.retention import Hold, PurgeEntry, PurgeRun
from ivr.store.schema.reviews import Evaluation, Sample, SampleItem, Waveform
from ivr.store.schema.tickets import (
    FAILED,
    ON_THE_CLOCK,
    OPEN,
    OutboxEntry,
    Ticket,
    TicketChange,
    TicketComment,
    TicketLink,
)

__all__ = [
    "FAILED",
    "KEPT",
    "LIVE_WISH",
    "ON_THE_CLOCK",
    "OPEN",
    "SET_ASIDE",
    "TO_MAKE",
    "UNERASED",
    "Anonymisation",
    "ApiAnswer",
    "ApiKey",
    "AuditEntry",
    "Base",
    "Call",
    "CallbackRequest",
    "CallbackTry",
    "CatalogueRow",
    "ChainHead",
    "Controller",
    "Evaluation",
    "FlowActivation",
    "FlowFile",
    "FlowVersion",
    "FlowVersionFile",
    "Hold",
    "JourneyEntry",
    "Lease",
    "Operator",
    "OriginalRequest",
    "OutboxEntry",
    "Presence",
    "PresenceEvent",
    "PurgeEntry",
    "PurgeRun",
    "Recording",
    "RecordingKey",
    "Sample",
    "SampleItem",
    "SignIn",
    "SurveyAnswer",
    "Ticket",
    "TicketChange",
    "TicketComment",
    "TicketLink",
    "User",
    "UtcTime",
    "Waveform",
    "Words",
]
