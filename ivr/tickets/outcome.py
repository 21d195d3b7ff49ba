"""What ticket a call makes: pure."""

from dataclasses import dataclass, field

from ivr.store.schema import Call


@dataclass(frozen=True)
class Types:
    """Types for calls that neither their flow nor an operator gave one."""

    served: str = "Q"
    abandoned: str = "Q"
    callback: str = "Q"
    self_served: str = "B"
    other: str = "B"


@dataclass(frozen=True)
class Draft:
    """A ticket as a backend gets it; `call_id` is the key that makes it one. `links`: address → title, of those that
    are not known to be there. `changed`: the fields that are not as they were delivered last."""

    call_id: str
    type: str
    subject: str
    fields: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()


def type_of(outcome: str, disposition: str, said: str, types: Types) -> str:
    """The operator's disposition first, then what the flow `said`, then what the outcome says."""
    by_outcome = {
        "served": types.served,
        "abandoned": types.abandoned,
        "callback": types.callback,
        "self-served": types.self_served,
    }
    return disposition or said or by_outcome.get(outcome, types.other)


def draft(call: Call, types: Types) -> Draft:
    said = call.ticket or {}
    kind = type_of(call.outcome, call.disposition, said.get("type", ""), types)
    fields = {
        "outcome": call.outcome,
        "queue": call.queue,
        "operator": call.operator,
        "language": call.language,
        "started_at": call.started_at.isoformat(),
        "talked": f"{call.talked:.0f}",
    }
    if call.callback_of:
        fields["callback_of"] = call.callback_of
    if call.note:
        fields["note"] = call.note
    return Draft(call.id, kind, said.get("subject") or f"Call, {call.outcome}", fields | said.get("fields", {}))
