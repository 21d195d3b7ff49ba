from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.calls.due import again, due, hours, opened, verdict, why
from ivr.flow.calendars import Calendar
from ivr.flow.model import Book
from ivr.flow.queues import Queue
from ivr.store.schema import CallbackRequest

ROME = ZoneInfo("Europe/Rome")
OFFICE = Calendar.model_validate({"holidays": "IT", "weekly": {"mon-sun": "08:00-20:00"}})
NIGHT = Calendar.model_validate({"weekly": {"sun": "01:30-04:00"}})


def wish(call: str, since: datetime, due_at: datetime, queue: str = "payments") -> CallbackRequest:
    return CallbackRequest(call_id=call, queue=queue, since=since, due_at=due_at)


def taken(now: datetime, *wishes: CallbackRequest, calendar: Calendar | None = OFFICE) -> list[str]:
    return [one.call_id for one in due(wishes, now, now, {"payments": calendar})]


def test_who_has_waited_longest_is_first_and_nobody_before_the_time() -> None:
    now = datetime(2026, 11, 24, 10, tzinfo=ROME)
    early, late = now - timedelta(hours=2), now - timedelta(hours=1)
    wishes = [wish("b", late, late), wish("a", early, early), wish("c", early, now + timedelta(seconds=1))]
    assert taken(now, *wishes) == ["a", "b"]
    assert taken(now + timedelta(seconds=1), *wishes) == ["a", "c", "b"]


def test_a_wish_for_a_queue_that_is_gone_waits() -> None:
    now = datetime(2026, 11, 24, 10, tzinfo=ROME)
    assert taken(now, wish("a", now, now, queue="gone")) == []


@pytest.mark.parametrize(
    ("day", "clock", "open_"),
    [
        (date(2026, 11, 24), time(7, 59), False),
        (date(2026, 11, 24), time(8), True),
        (date(2026, 11, 24), time(20), False),
        (date(2026, 12, 8), time(10), False),  # the Immaculate Conception
        (date(2026, 12, 7), time(10), True),  # Milan's patron saint: worked
        (date(2026, 4, 6), time(10), False),  # Easter Monday
    ],
)
def test_only_in_opening_hours(day: date, clock: time, open_: bool) -> None:
    now = datetime.combine(day, clock, ROME)
    assert taken(now, wish("a", now, now)) == (["a"] if open_ else [])


def test_opening_hours_are_those_of_the_clock_on_the_wall() -> None:
    """Eight in Rome is seven in UTC in winter, six in summer: the change is in the night to the last Sunday."""
    calendars = {"payments": OFFICE}
    assert not opened(datetime(2026, 10, 24, 5, 59, tzinfo=UTC), calendars)
    assert opened(datetime(2026, 10, 24, 6, tzinfo=UTC), calendars)
    assert not opened(datetime(2026, 10, 25, 6, 59, tzinfo=UTC), calendars)
    assert opened(datetime(2026, 10, 25, 7, tzinfo=UTC), calendars)


def test_the_night_in_which_the_clock_goes_back_or_leaps() -> None:
    half_hours = [datetime(2026, 10, 24, 22, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(12)]
    assert sum(bool(opened(now, {"q": NIGHT})) for now in half_hours) == 7, "01:30 to 04:00, with two o'clock twice"
    half_hours = [datetime(2026, 3, 28, 22, tzinfo=UTC) + timedelta(minutes=30 * n) for n in range(12)]
    assert sum(bool(opened(now, {"q": NIGHT})) for now in half_hours) == 3, "and with no two o'clock"


def test_tries_are_apart_by_real_time_and_three_at_most() -> None:
    now = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert again(1, now, [900, 7200]) == now + timedelta(seconds=900)
    assert again(2, now, [900, 7200]) == now + timedelta(seconds=7200)
    assert again(3, now, [900, 7200]) is None


def test_a_queue_has_the_calendar_it_names_or_the_first() -> None:
    queues = {"a": Queue(hours="night"), "b": Queue()}
    assert hours(Book({}, {"office": OFFICE, "night": NIGHT}, queues)) == {"a": NIGHT, "b": OFFICE}
    assert hours(Book({}, {}, queues)) == {"a": None, "b": None}
    assert opened(datetime(2026, 12, 25, 3, tzinfo=UTC), {"b": None}), "no hours: always"


@pytest.mark.parametrize(("cause", "said"), [(17, "busy"), (21, "refused"), (20, "unreachable"), (19, "no-answer")])
def test_why_nobody_was_reached(cause: int, said: str) -> None:
    assert why(cause) == said


@pytest.mark.parametrize(
    ("operator", "talked", "caller_first", "said"),
    [
        ("", 0, True, "hung-up"),
        ("4271", 5, False, "short"),
        ("4271", 5, True, "spoken"),
        ("4271", 9, False, "spoken"),
    ],
)
def test_whether_it_was_a_conversation(operator: str, talked: float, caller_first: bool, said: str) -> None:
    assert verdict(operator, talked, caller_first, least=8) == said
