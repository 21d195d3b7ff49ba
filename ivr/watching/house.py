"""The figures of the house for Prometheus: what the store, the disk, and the controller that decides know.

What a controller counts is in `ivr/metrics.py`; the names of both are in `docs/observability.md`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from ivr.acd.overview import Overview
from ivr.acd.state import Presence
from ivr.control_room.board import board
from ivr.settings import Settings
from ivr.store import anonymisations, outbox
from ivr.watching import book, place
from ivr.watching.book import Book
from recordings.outlook import last_run, overdue
from recordings.retention import night


def of_store(session: Session, settings: Settings, now: datetime) -> Iterator[Metric]:
    yield gauge("store_up", "1 when the store answered", 1)
    states = Counter(one.state for one in board(session, now).operators)
    by_state = {state: states[state] for state in get_args(Presence)}
    yield gauge("operators", "Operators, by where they stand", by_state, "state")
    tickets = outbox.standing(session, now)
    yield gauge("tickets_pending", "Tickets that are due and not at the backend", tickets.pending)
    yield gauge("tickets_lag_seconds", "For how long the oldest of them has been due", tickets.lag)
    yield gauge("tickets_failed", "Tickets set aside: the backend will not take them", tickets.failed)
    alarm = tickets.alarms(settings.tickets.alarm_after)
    yield gauge("tickets_alarm", "1 when the lag is over tickets.alarm_after, or a ticket is set aside", alarm)
    copies = anonymisations.figures(session)
    yield gauge("anonymisations_pending", "Recordings that wait for their anonymised copy", copies.waiting)
    yield gauge("anonymisations_failed", "Recordings of which no copy can be made", copies.failed)
    yield gauge("anonymisations_oldest_seconds", "For how long one has been waiting", copies.oldest)
    yield from _purge(session, settings, now)


def _purge(session: Session, settings: Settings, now: datetime) -> Iterator[Metric]:
    """Of the newest run that was whole: none yet tells no figures but what is overdue."""
    rules, zone = settings.recordings, ZoneInfo(settings.recordings.timezone)
    late = overdue(session, night(now, rules.purge_at, zone), zone, rules.keep_days)
    yield gauge("purge_overdue", "Recordings that the newest night should have deleted", late)
    if (run := last_run(session)) and run.ended_at:
        ended = run.ended_at.timestamp()
        yield gauge("purge_last_run_timestamp_seconds", "When the last nightly run ended", ended)
        yield gauge("purge_deleted", "Recordings that it deleted", run.deleted)
        yield gauge("purge_failed", "Recordings that it could not delete", run.failed)
        yield gauge("purge_findings", "What its proof found wrong", len(run.findings))


def of_place(settings: Settings) -> Iterator[Metric]:
    waiting = place.spooled(settings.spool)
    yield gauge("spool_recordings", "Recordings in the spool, those being made among them", waiting.waiting)
    yield gauge("spool_idle_seconds", "For how long one there has been left alone", waiting.idle)
    yield gauge("disk_free_bytes", "Free on the disk of the data folder", place.free(settings.data) * place.MIB)
    yield from of_alarms(book.read(settings.data))
    found = place.certificates(place.watched(settings))
    ends = {str(one.file): one.until.timestamp() if one.until else 0.0 for one in found}
    yield gauge("certificate_end_timestamp_seconds", "When a certificate ends; 0: unreadable", ends, "file")


def of_alarms(noted: Book) -> Iterator[Metric]:
    yield gauge("alarm", "1 for what is wrong, and people were told of", dict.fromkeys(noted.told(), 1.0), "alarm")
    yield gauge("alarms_untold", "Letters about alarms that nobody has taken yet", len(noted.letters))


def of_queues(seen: Overview) -> Iterator[Metric]:
    waiting = {queue.name: len(queue.calls) for queue in seen.queues}
    longest = {queue.name: max((one.waited for one in queue.calls), default=0.0) for queue in seen.queues}
    yield gauge("queue_waiting", "Callers who wait, by queue", waiting, "queue")
    yield gauge("queue_longest_wait_seconds", "For how long the first of them has been waiting", longest, "queue")


def of_controllers(told: Mapping[str, str | None]) -> Iterator[Metric]:
    """What each controller has counted, as it told it (None: it did not), with the label `controller`."""
    up = {name: text is not None for name, text in told.items()}
    yield gauge("controller_up", "1 when the controller answered", up, "controller")
    families: dict[str, Metric] = {}
    for name, text in told.items():
        for family in text_string_to_metric_families(text or ""):
            one = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
            for sample in family.samples:
                one.add_sample(sample.name, {"controller": name, **sample.labels}, sample.value)
    yield from families.values()


def gauge(name: str, meaning: str, value: float | Mapping[str, float], label: str = "") -> Metric:
    """`value`: one, or by `label`."""
    if not isinstance(value, Mapping):
        return GaugeMetricFamily(f"numero_nero_{name}", meaning, value=value)
    family = GaugeMetricFamily(f"numero_nero_{name}", meaning, labels=[label])
    for key, one in value.items():
        family.add_metric([key], one)
    return family


class Told:
    """Families as a registry wants them, once."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Any:
        return self._families
