"""What ticket a call makes: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ivr.store.calls import CUT_OFF
from ivr.store.numbers import MARK, pseudonym, swapper
from ivr.store.schema import Call
from ivr.tickets.table import DEFAULT, Facts, Row, deciding, filled, type_of

Shown = Literal["none", "digits", "pseudonym", "whole"]


@dataclass(frozen=True)
class Policy:
    """`caller`: how much of a caller's number a ticket may show; `digits`: the last so many; `key`: of pseudonyms."""

    table: tuple[Row, ...] = DEFAULT
    caller: Shown = "pseudonym"
    digits: int = 3
    key: str = field(default="", repr=False)

    def shown(self, number: str) -> str:
        """ "" for a number that is withheld. One that has become a pseudonym with time stays one."""
        if not number or self.caller == "none":
            return ""
        if number.startswith(MARK):
            return "" if self.caller == "digits" else number
        return {
            "whole": number,
            "digits": f"…{number[-self.digits :]}",
            "pseudonym": pseudonym(number, self.key),
        }[self.caller]


@dataclass(frozen=True)
class Draft:
    """A ticket as a backend gets it; `call_id` is the key that makes it one. `links`: address → title, of those that
    are not known to be there. `changed`: the fields that are not as they were delivered last. `state`: it begins in."""

    call_id: str
    type: str
    subject: str
    fields: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    queue: str = ""
    language: str = ""
    priority: str = "normal"
    state: str = "new"
    caller: str = ""  # as far as the settings allow


def facts(call: Call, place: str = "") -> Facts:
    """`place`: where it was given up, see `given_up_in`."""
    said = call.ticket or {}
    return Facts(
        outcome=call.outcome,
        place=place if call.outcome == "abandoned" else "",
        flow=call.flow,
        said=said.get("type", ""),
        disposition=call.disposition,
        reason=said.get("fields", {}).get("reason") or said.get("subject", ""),
        queue=call.queue,
        language=call.language,
    )


def draft(call: Call, policy: Policy, place: str = "") -> Draft:
    """The ticket that the policy's table makes of a call."""
    known = facts(call, place)
    row = policy.table[deciding(known, policy.table)]
    said, caller = call.ticket or {}, policy.shown(call.caller)
    veil = _veil(call.caller, caller, policy)
    values = {**vars(known), "subject": said.get("subject", ""), "caller": caller, "call": call.id}
    subject = filled(row.subject, values) or said.get("subject") or f"Call, {call.outcome}"
    queue, language = row.queue or call.queue, row.language or call.language
    fields = {
        "outcome": call.outcome,
        "queue": queue,
        "operator": call.operator,
        "language": language,
        "started_at": call.started_at.isoformat(),
        "talked": f"{call.talked:.0f}",
    }
    for name, value in (("callback_of", call.callback_of), ("caller", caller)):
        if value:
            fields[name] = value
    words = {"note": call.note} if call.note else {}
    words |= {name: filled(text, values) for name, text in row.fields.items()} | said.get("fields", {})
    return Draft(
        call_id=call.id,
        type=type_of(known, row),
        subject=veil(subject),
        fields=fields | {name: veil(str(text)) for name, text in words.items()},
        queue=queue,
        language=language,
        priority=row.priority,
        state=row.state,
        caller=caller,
    )


def _veil(number: str, shown: str, policy: Policy) -> Any:
    """The caller's number in the words of flows and operators shows no more than the ticket may."""
    if not number or number.startswith(MARK) or policy.caller == "whole":
        return str
    return swapper({number: shown or "***"})


def given_up_in(journey: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """Where a caller was who hung up: `flow`, `queue`, or `ringing` when an operator's phone rang for them. `journey`:
    kind and detail of what happened, in order."""
    waiting, rung = False, set()
    for kind, detail in journey:
        if kind in ("caller-hung-up", CUT_OFF, "ended"):
            break
        if kind == "queue":
            waiting = True
        elif kind == "queue-exit":
            waiting = False
        elif kind == "offer":
            rung.add(detail.get("operator"))
        elif kind in ("offer-missed", "offer-withdrawn"):
            rung.discard(detail.get("operator"))
        elif kind == "operator-lost":
            rung.clear()
    if not waiting:
        return "flow"
    return "ringing" if rung else "queue"


def places(journeys: Iterable[tuple[str, str, Mapping[str, Any]]]) -> dict[str, str]:
    """Where each of several calls was given up, by its id; `journeys`: call, kind and detail, each in its order."""
    calls: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}
    for call, kind, detail in journeys:
        calls.setdefault(call, []).append((kind, detail))
    return {call: given_up_in(journey) for call, journey in calls.items()}
