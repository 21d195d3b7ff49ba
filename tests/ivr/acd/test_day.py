"""An operator's day adds up to the second, whatever happened in it."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.acd.day import account
from ivr.days import bounds

ROME = ZoneInfo("Europe/Rome")
STATES = ["signed-out", "ready", "offered", "talking", "wrap-up", "paused", "unreachable"]
LONG_AFTER = datetime(2030, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stood:
    at: datetime
    state: str
    reason: str = ""


def at(text: str) -> datetime:
    """A time in Rome."""
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


def day(text: str) -> tuple[datetime, datetime]:
    return bounds(date.fromisoformat(text), ROME)


def test_a_day_at_work() -> None:
    worked = account(
        [
            Stood(at("2026-11-24 08:00:00.900"), "ready"),
            Stood(at("2026-11-24 08:10:00.100"), "paused", "lunch"),
            Stood(at("2026-11-24 08:40:00"), "signed-out"),
            Stood(at("2026-11-24 14:00:00"), "paused", "training"),
            Stood(at("2026-11-24 14:01:00"), "ready"),
            Stood(at("2026-11-24 15:00:00"), "signed-out"),
        ],
        *day("2026-11-24"),
        LONG_AFTER,
    )
    assert worked is not None
    assert worked.states == {"ready": 600 + 3540, "paused": 1860, "signed-out": 19200}
    assert worked.pauses == {"lunch": 1800, "training": 60}
    assert (worked.seconds, worked.open) == (7 * 3600, False)


def test_midnight_parts_a_night_in_two_days() -> None:
    changes = [Stood(at("2026-11-24 22:00:00"), "ready"), Stood(at("2026-11-25 02:00:00"), "signed-out")]
    evening = account(changes, *day("2026-11-24"), LONG_AFTER)
    morning = account(changes, *day("2026-11-25"), LONG_AFTER)
    assert evening and morning
    assert (evening.seconds, morning.seconds) == (2 * 3600, 2 * 3600)
    assert evening.last == morning.first == at("2026-11-25 00:00:00") and not evening.open


@pytest.mark.parametrize(("on", "hours"), [("2026-10-25", 25), ("2027-03-28", 23), ("2026-11-24", 24)])
def test_a_day_on_which_the_clocks_change(on: str, hours: int) -> None:
    begin, end = day(on)
    changes = [Stood(begin - timedelta(hours=1), "ready"), Stood(begin + timedelta(hours=2), "paused", "night")]
    worked = account(changes, begin, end, LONG_AFTER)
    assert worked and worked.states == {"ready": 7200, "paused": (hours - 2) * 3600} and worked.seconds == hours * 3600


def test_a_day_that_is_not_over() -> None:
    changes = [Stood(at("2026-11-24 08:00:00"), "ready")]
    worked = account(changes, *day("2026-11-24"), at("2026-11-24 09:00:00"))
    assert worked and (worked.seconds, worked.open) == (3600, True)
    assert account(changes, *day("2026-11-25"), at("2026-11-24 09:00:00")) is None, "tomorrow"


def test_who_was_not_at_work_has_no_day() -> None:
    assert account([], *day("2026-11-24"), LONG_AFTER) is None
    assert account([Stood(at("2026-11-23 18:00:00"), "signed-out")], *day("2026-11-24"), LONG_AFTER) is None


@settings(max_examples=60, deadline=None)  # each looks up every second of a day
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 20_000_000_000),  # microseconds since the change before
            st.sampled_from(STATES),
            st.sampled_from(["missed", "lunch", "training"]),
        ),
        min_size=1,
        max_size=60,
    ),
    on=st.sampled_from(["2026-10-25", "2027-03-28", "2026-11-24"]),
    before=st.integers(0, 30_000_000_000),
    known=st.integers(0, 200_000),
)
def test_the_parts_add_up_to_the_whole(steps: list[tuple[int, str, str]], on: str, before: int, known: int) -> None:
    begin, end = day(on)
    moment, changes = begin - timedelta(microseconds=before), []
    for microseconds, state, reason in steps:
        moment += timedelta(microseconds=microseconds)
        changes.append(Stood(moment, state, reason if state == "paused" else ""))
    now = begin + timedelta(seconds=known)
    worked = account(changes, begin, end, now)
    counted = [one for one in changes if one.at < min(end, now)]
    earlier = sum(one.at <= begin for one in counted)
    inside = counted[max(0, earlier - 1) :] if now > begin else []
    assert (worked is None) == all(one.state == "signed-out" for one in inside)
    if worked:
        assert sum(worked.states.values()) == worked.seconds
        assert sum(worked.pauses.values()) == worked.states.get("paused", 0)
        assert min(worked.states.values()) >= 0
        assert begin <= worked.first <= worked.last <= min(end, now)
        # Second by second, by looking up the change that held at its beginning.
        for state in ("ready", "paused", "talking"):
            assert worked.states.get(state, 0) == _by_looking(counted, state, begin, min(end, now))


def _by_looking(changes: list[Stood], state: str, begin: datetime, until: datetime) -> int:
    seconds, number = 0, 0
    whole = [one.at.replace(microsecond=0) for one in changes]
    for second in range(int((until - begin).total_seconds())):
        moment = begin + timedelta(seconds=second)
        while number < len(changes) and whole[number] <= moment:
            number += 1
        seconds += number > 0 and changes[number - 1].state == state
    return seconds
