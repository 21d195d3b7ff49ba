"""Whose turn it is to be called back: pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ivr.flow.calendars import Calendar, status
from ivr.flow.model import Book
from ivr.store.schema import CallbackRequest

BUSY, REFUSED, ABSENT = {17}, {21}, {1, 3, 20, 27, 28}  # Q.850 causes


def due(
    wishes: Iterable[CallbackRequest], now: datetime, today: datetime, calendars: Mapping[str, Calendar | None]
) -> list[CallbackRequest]:
    """Those to take up, who has waited longest first. `now` is what the wishes' times are measured by, `today` what
    opening hours are: they differ only where the house's clock is set. `calendars`: of each queue there is, None for
    one without hours; a wish for a queue that is gone waits until it is back."""
    open_now = opened(today, calendars)
    ready = [wish for wish in wishes if wish.queue in open_now and wish.due_at <= now]
    return sorted(ready, key=lambda wish: (wish.since, wish.call_id))


def opened(today: datetime, calendars: Mapping[str, Calendar | None]) -> frozenset[str]:
    """The queues in which callbacks are made at `today` (aware)."""
    return frozenset(
        queue for queue, calendar in calendars.items() if calendar is None or status(calendar, today) == "open"
    )


def hours(book: Book) -> dict[str, Calendar | None]:
    """Of each queue the calendar that it names, or else the first that there is."""
    first = next(iter(book.calendars.values()), None)
    return {name: book.calendars.get(queue.hours, first) for name, queue in book.queues.items()}


def again(tries: int, now: datetime, distances: Sequence[float]) -> datetime | None:
    """When to try next after so many tries, `distances` (seconds) apart; None: it was the last."""
    return now + timedelta(seconds=distances[tries - 1]) if tries <= len(distances) else None


def why(cause: int) -> str:
    """What became of a ringing, by the Q.850 cause with which it ended; 0: it was ended by us."""
    if cause in BUSY:
        return "busy"
    if cause in REFUSED:
        return "refused"
    return "unreachable" if cause in ABSENT else "no-answer"


def verdict(operator: str, talked: float, hung_up_by_caller: bool, least: float) -> str:
    """What became of a call that was answered: `spoken`, `hung-up` (never came to the operator), or `short` (the
    operator left it at once, as one leaves an answering machine)."""
    if not operator:
        return "hung-up"
    return "short" if talked < least and not hung_up_by_caller else "spoken"
