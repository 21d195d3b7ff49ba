"""The outbox: delivers the tickets that calls have asked for. Claim, make, mark: a crash at any point leads to the same
ticket once more, never to a second one."""

import hashlib
import logging
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from ivr import plain
from ivr.store import calls
from ivr.store import outbox as store
from ivr.store.calls import MOST_FIELD, MOST_SUBJECT
from ivr.store.database import Database
from ivr.store.outbox import Wanted
from ivr.tickets.backend import Backend, BackendError, Refused, Unavailable
from ivr.tickets.breaker import Breaker, pause
from ivr.tickets.outcome import Draft, Policy, draft, places
from ivr.tickets.states import told

log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
TRIES = 8  # after which one is set aside that fails while others go through
MOST_ERROR = 500  # characters


@dataclass
class Delivery:
    """How a process delivers. `holder`: its name, the same each time it is started. `name`: of the backend. `parallel`:
    how many tickets it delivers at once to a backend that takes one at a time; `lease`: seconds that a claim holds,
    longer than a delivery takes. `pages`: the address of our pages, "" for none that others can open."""

    name: str = "embedded"
    holder: str = "tickets"
    parallel: int = 4
    lease: float = 300.0
    pages: str = ""
    breaker: Breaker = field(default_factory=Breaker)
    succeeded_at: datetime | None = None


@dataclass(frozen=True)
class _Parcel:
    wanted: Wanted
    draft: Draft
    told: dict[str, Any]


Result = str | BackendError | None  # a ticket's number, why there is none, or that it was not tried


def deliver_due(database: Database, backend: Backend, policy: Policy, now: datetime, by: Delivery | None = None) -> int:
    """Deliver some of what is due; returns how many were. What fails is due again after a pause that doubles up to five
    minutes; what the backend will not take is set aside."""
    by = by or Delivery()
    with database.read() as session:
        most = by.breaker.allowed(backend.at_once if backend.at_once > 1 else by.parallel, now)
        if not most or not store.is_due(session, now):
            return 0
    with database.transaction() as session:
        ids = store.claim(session, by.holder, now, by.lease, most)
    with database.read() as session:
        claimed = store.wanted(session, ids)
        given_up = [wanted.call.id for wanted in claimed if wanted.call.outcome == "abandoned"]
        where = places(calls.journeys(session, given_up))
    parcels, results = [], dict[str, Result]()
    for wanted in claimed:
        try:
            parcels.append(_parcel(wanted, draft(wanted.call, policy, where.get(wanted.call.id, "")), backend, by))
        except Exception as error:  # no call may keep the tickets of others
            log.exception("a ticket cannot be made of a call", extra={"call": wanted.call.id})
            results[wanted.call.id] = Refused(f"{type(error).__name__}: {error}")
    results |= _deliver_all(backend, parcels, by, now)
    made = [
        _row(one, results[one.draft.call_id], by) for one in parcels if isinstance(results.get(one.draft.call_id), str)
    ]
    with database.transaction() as session:
        store.delivered(session, by.holder, made, now)
        for wanted in claimed:
            if isinstance(why := results.get(wanted.call.id), BackendError):
                _again(session, wanted, why, now, by)
        store.release(session, by.holder, [one.call.id for one in claimed if results.get(one.call.id) is None])
    if made:
        by.succeeded_at = now
    return len(made)


def _parcel(wanted: Wanted, basic: Draft, backend: Backend, by: Delivery) -> _Parcel:
    entry = wanted.entry
    answers = {f"survey.{one.survey}.{one.question}": str(one.answer) for one in wanted.answers if one.answer}
    fields = {name: plain.paragraphs(str(value), MOST_FIELD) for name, value in (basic.fields | answers).items()}
    said = fields | {"type": basic.type}
    links = {f"{by.pages}/review?recording={id}": "recording" for id in wanted.recordings} if by.pages else {}
    before = entry.told if entry.backend == by.name else {}
    texts = {name: _digest(value) for name, value in said.items() if not backend.holds(name)}
    whole = replace(
        basic,
        subject=plain.line(basic.subject, MOST_SUBJECT),
        fields=fields,
        links={address: title for address, title in links.items() if address not in before.get("links", ())},
        changed=tuple(name for name in said if before.get("fields", {}).get(name) != texts.get(name)),
    )
    return _Parcel(wanted, whole, {"fields": texts, "links": list(links)} if texts or links else {})


def _digest(text: str) -> str:
    """To know again what was said, without keeping it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _row(one: _Parcel, number: Result, by: Delivery) -> dict[str, Any]:
    made = one.draft
    row = {"call": made.call_id, "number": number, "of": made.type, "said": one.told}
    return row | {"at": by.name, "begun": told(made.state), "was": one.wanted.entry.revision}


def _deliver_all(
    backend: Backend, parcels: Sequence[_Parcel], by: Delivery, now: datetime
) -> Iterator[tuple[str, Result]]:
    elsewhere = [one for one in parcels if one.wanted.entry.reference and one.wanted.entry.backend != by.name]
    for one in elsewhere:
        entry = one.wanted.entry
        yield (
            one.draft.call_id,
            Refused(f"its ticket {entry.reference} is in {entry.backend}, which is not tickets.backend any more"),
        )
    here = [one for one in parcels if one not in elsewhere]
    if backend.at_once > 1:
        yield from _together(backend, here, by, now)
        return
    with ThreadPoolExecutor(by.parallel) as threads:
        for one, result in zip(here, threads.map(lambda one: _put(backend, [one]), here), strict=True):
            _tell(by.breaker, result, now)
            yield one.draft.call_id, result if isinstance(result, BackendError) else result[0]


def _together(
    backend: Backend, parcels: Sequence[_Parcel], by: Delivery, now: datetime
) -> Iterator[tuple[str, Result]]:
    """Many in one; when they cannot be put together, each half of them. While the backend is away, one is tried."""
    if not parcels:
        return
    result = _put(backend, parcels)
    _tell(by.breaker, result, now)
    if not isinstance(result, BackendError):
        yield from zip([one.draft.call_id for one in parcels], result, strict=True)
    elif len(parcels) == 1 or by.breaker.away:
        yield parcels[0].draft.call_id, result
    else:
        middle = len(parcels) // 2
        yield from _together(backend, parcels[:middle], by, now)
        if not by.breaker.away:
            yield from _together(backend, parcels[middle:], by, now)


def _put(backend: Backend, parcels: Sequence[_Parcel]) -> list[str] | BackendError:
    try:
        return backend.put([one.draft for one in parcels])
    except BackendError as error:
        return error
    except Exception as error:  # a backend may be anybody's: its mistake holds up no other ticket
        log.exception("the ticketing backend has a mistake", extra={"call": parcels[0].draft.call_id})
        return BackendError(f"{type(error).__name__}: {error}")


def _tell(breaker: Breaker, result: list[str] | BackendError, now: datetime) -> None:
    """A backend that says no to one ticket is there."""
    if isinstance(result, BackendError) and not isinstance(result, Refused):
        breaker.failed(now, result.retry_after, random.random())  # noqa: S311
    else:
        breaker.succeeded()


def _again(session: Any, wanted: Wanted, error: BackendError, now: datetime, by: Delivery) -> None:
    entry, reason = wanted.entry, plain.line(str(error), MOST_ERROR)
    others = by.succeeded_at is not None and by.succeeded_at > entry.since
    if isinstance(error, Refused) or (entry.attempts + 1 >= TRIES and others):
        store.set_aside(session, by.holder, entry.call_id, reason, now)
        log.error("a ticket was set aside; `ivr tickets list --failed` says why", extra={"call": entry.call_id})
        return
    wait = max(pause(entry.attempts + 1, FIRST_PAUSE, LONGEST_PAUSE, random.random()), error.retry_after)  # noqa: S311
    store.put_off(session, by.holder, entry.call_id, reason, now + timedelta(seconds=wait))
    why = reason if isinstance(error, Unavailable) else "see `ivr status`"
    log.error("a ticket was not delivered, next try in %.0f s: %s", wait, why, extra={"call": entry.call_id})
