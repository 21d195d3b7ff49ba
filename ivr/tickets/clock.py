"""The clock of a ticket's target: how long is left, counted in opening hours. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

Spans = Sequence[tuple[datetime, datetime]]
MOST_DAYS = 3660  # without an open hour, after which a calendar is taken for one that never opens


@dataclass(frozen=True)
class Terms:
    """`targets`: seconds by type; a type without one has no clock. `hours`: when it is open on a day (aware times, in
    order); None: always."""

    targets: Mapping[str, float] = field(default_factory=dict)
    hours: Callable[[date], Spans] | None = None
    zone: tzinfo = UTC

    def due(self, now: datetime, left: float) -> datetime:
        """When `left` seconds are over; negative: when they were."""
        if self.hours is None:
            return now + timedelta(seconds=left)
        return self._after(now, left) if left >= 0 else self._before(now, -left)

    def left(self, now: datetime, due: datetime) -> float:
        """Seconds from now until then, negative when it is past."""
        if self.hours is None:
            return (due - now).total_seconds()
        return self._open(now, due) if due >= now else -self._open(due, now)

    def _after(self, now: datetime, seconds: float) -> datetime:
        for begin, end in self._spans(now, 1):
            begin = max(begin, now)
            if begin < end:
                if (length := (end - begin).total_seconds()) >= seconds:
                    return (begin + timedelta(seconds=seconds)).astimezone(UTC)
                seconds -= length
        return now + timedelta(seconds=seconds)

    def _before(self, now: datetime, seconds: float) -> datetime:
        for begin, end in self._spans(now, -1):
            end = min(end, now)
            if begin < end:
                if (length := (end - begin).total_seconds()) >= seconds:
                    return (end - timedelta(seconds=seconds)).astimezone(UTC)
                seconds -= length
        return now - timedelta(seconds=seconds)

    def _open(self, since: datetime, until: datetime) -> float:
        total = 0.0
        for begin, end in self._spans(since, 1):
            if begin >= until:
                break
            total += max(0.0, (min(end, until) - max(begin, since)).total_seconds())
        return total

    def _spans(self, now: datetime, way: int) -> Iterator[tuple[datetime, datetime]]:
        """From the day of `now` on, or back. Times are compared in UTC: within one zone Python compares clocks."""
        assert self.hours
        day = now.astimezone(self.zone).date()
        for number in range(MOST_DAYS):
            try:
                spans = self.hours(day + timedelta(days=way * number))
            except OverflowError:
                return
            for begin, end in spans if way > 0 else reversed(spans):
                yield begin.astimezone(UTC), end.astimezone(UTC)
