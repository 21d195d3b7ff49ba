"""What a process counts, for Prometheus. A controller's figures are asked for over its link (`Figures`); `/metrics`
shows those of all controllers, with the label `controller`, beside the figures of the house (`ivr/watching/house.py`).

`docs/observability.md` says what each means; a test compares the two.
"""

from collections.abc import Callable
from functools import cache

import msgspec
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

disable_created_metrics()  # type: ignore[no-untyped-call]  # when a counter began, its value tells as well
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
# A command over the WebSocket takes 0.1 ms, one that waits for a playback's end seconds.
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


def _counter(name: str, meaning: str) -> Counter:
    return Counter(f"numero_nero_{name}", meaning, registry=REGISTRY)


def _counters(name: str, meaning: str, label: str) -> Callable[[str], Counter]:
    """Gives the one of a label's value, each time the same: to look it up in the library takes 20 µs."""
    return cache(Counter(f"numero_nero_{name}", meaning, (label,), registry=REGISTRY).labels)


def _gauge(name: str, meaning: str) -> Gauge:
    return Gauge(f"numero_nero_{name}", meaning, registry=REGISTRY)


def _seconds(name: str, meaning: str) -> Histogram:
    return Histogram(f"numero_nero_{name}_seconds", meaning, buckets=_SECONDS, registry=REGISTRY)


CALLS_BEGUN = _counter("calls_begun", "Calls of citizens, and answered callbacks, that began here")
CALLS_ENDED = _counters("calls_ended", "Calls that ended here, by their outcome", "outcome")
CALLS_IN_PROGRESS = _gauge("calls_in_progress", "Calls that this controller has")
STEPS = _counter("steps", "Steps of flows")
CLAIMS = _counters("claims", "Calls that looked for a controller: won, lost to another, or left unclaimed", "result")
TAKEOVERS = _counter("takeovers", "Calls of a controller that was gone, taken over by this one")
COMMAND = _seconds("command", "From a command to Asterisk to its answer")
COMMANDS_FAILED = _counters("commands_failed", "Commands that Asterisk refused or did not answer", "error")
EVENT_LAG = _seconds("event_lag", "From Asterisk's timestamp of an event to our taking it")
ASTERISK_UP = _gauge("asterisk_up", "1 while the connection to Asterisk stands")
ADMISSION_OPEN = _gauge("admission_open", "1 while more calls are taken, 0 when there is too much to do")
READY = _gauge("controller_ready", "1 while this controller can take calls")


class Figures(msgspec.Struct):
    """What have you counted? The answer is a text as Prometheus reads it."""


def figures(_: Figures) -> str:
    return generate_latest(REGISTRY).decode()
