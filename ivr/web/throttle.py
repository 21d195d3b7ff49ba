"""How often a wrong password may be given: for one user from one address, for one user, and from one address."""

from collections import deque
from threading import Lock

WITHIN = 300.0  # seconds
FROM_ONE_PLACE, IN_ALL = 5, 50


class Throttle:
    """Times are seconds of any clock that never goes back. Used from several threads."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], deque[float]] = {}
        self._lock = Lock()

    def refuses(self, name: str, address: str, now: float) -> bool:
        with self._lock:
            self._forget(now - WITHIN)
            return any(len(self._failures.get(key, ())) >= most for key, most in _limits(name, address))

    def failed(self, name: str, address: str, now: float) -> None:
        with self._lock:
            for key, _ in _limits(name, address):
                self._failures.setdefault(key, deque()).append(now)

    def _forget(self, before: float) -> None:
        for key, times in list(self._failures.items()):
            while times and times[0] <= before:
                times.popleft()
            if not times:
                del self._failures[key]


def _limits(name: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return ((name, address), FROM_ONE_PLACE), ((name, ""), IN_ALL), (("", address), IN_ALL)
