"""Where a caller stood who was cut off, by the journey of that call."""

from datetime import UTC, datetime, timedelta

import pytest

from ivr.calls.redial import place
from ivr.store.schema import JourneyEntry

BEGUN = datetime(2026, 11, 24, 9, tzinfo=UTC)


def journey(kinds: str) -> list[JourneyEntry]:
    """One entry a second; `queue:NAME` comes to a queue."""
    return [
        JourneyEntry(
            call_id="c", seq=number, at=BEGUN + timedelta(seconds=number), kind=kind, node="", detail={"queue": queue}
        )
        for number, (kind, _, queue) in enumerate((one.partition(":") for one in kinds.split()), 1)
    ]


@pytest.mark.parametrize(
    ("kinds", "queue", "second"),
    [
        ("node prompt", "", 0),
        ("node queue:a offer", "a", 2),
        ("node queue:a cut-off caller-hung-up conversation-ended ended", "a", 2),
        ("node queue:a offer connected cut-off conversation-ended", "a", 2),
        ("node queue:a queue-exit node prompt cut-off", "", 0),
        ("node queue:a connected conversation-ended node survey cut-off", "", 0),
        ("node queue:a connected conversation-ended transferred queue:b cut-off", "b", 6),
        ("node queue:a queue:b cut-off", "b", 2),
    ],
)
def test_the_place_is_that_of_the_time_they_came(kinds: str, queue: str, second: int) -> None:
    expected = (queue, BEGUN + timedelta(seconds=second)) if queue else None
    assert place(journey(kinds)) == expected
