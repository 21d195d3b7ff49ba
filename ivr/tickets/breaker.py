"""Whether to ask a backend now: pure. While it is away it is asked by one ticket now and then, not by all that wait."""

from dataclasses import dataclass
from datetime import datetime, timedelta

SOON = 3  # failures in a row after which it counts as away
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0


def pause(failures: int, first: float, longest: float, chance: float) -> float:
    """Seconds to wait after so many failures: doubled by each, up to `longest`; `chance` (0 to 1) spreads them over
    the half before, so that many do not come together."""
    whole = min(first * 2.0 ** min(failures - 1, 30), longest)
    return whole * (0.5 + chance / 2)


@dataclass
class Breaker:
    """`failures`: in a row, over all tickets. `until`: no try before."""

    failures: int = 0
    until: datetime | None = None

    @property
    def away(self) -> bool:
        return self.failures >= SOON

    def allowed(self, most: int, now: datetime) -> int:
        """How many tickets may be tried now."""
        if self.until and now < self.until:
            return 0
        return 1 if self.away else most

    def succeeded(self) -> None:
        self.failures, self.until = 0, None

    def failed(self, now: datetime, retry_after: float, chance: float) -> None:
        """`retry_after`: what the backend asked for, 0 for nothing."""
        self.failures += 1
        wait = retry_after
        if self.away:
            wait = max(wait, pause(self.failures - SOON + 1, FIRST_PAUSE, LONGEST_PAUSE, chance))
        if wait:
            until = now + timedelta(seconds=wait)
            self.until = max(self.until, until) if self.until else until
