"""`ivr traces`: send each ended call as a trace to an OpenTelemetry collector (started by `ivr up` when
`traces.endpoint` is set). What a collector that is away has missed for longer than an hour is left out.
"""

import argparse
import logging
import signal
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, tuple_

from ivr import logs
from ivr.cli.output import common, problem
from ivr.settings import load
from ivr.store.database import Database, StoreError
from ivr.store.schema import Call, JourneyEntry
from ivr.watching import traces
from ivr.watching.otlp import Exporter

log = logging.getLogger(__name__)
POLL, AFTER_FAILURE = 1.0, 10.0
SETTLED = timedelta(seconds=2)  # other controllers commit in another order than their calls end
OLDEST = timedelta(hours=1)
MOST = 100  # calls sent together
Place = tuple[datetime, str]  # the end and the id of the call sent last


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr traces --data /srv/numero-nero")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    logs.start("traces")
    settings = load(args.data)
    if not settings.traces.endpoint:
        return problem("there is nowhere to send traces to: set traces.endpoint, as http://127.0.0.1:4318")
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    exporter, database = Exporter(settings.traces.endpoint), Database(settings.database_url, migrated=True)
    place: Place = (datetime.now(UTC), "")
    while not stop.is_set():
        try:
            sent = send(database, exporter, place, settings.traces.share, datetime.now(UTC))
        except StoreError as error:
            log.warning("traces wait for the store: %s", error)
            sent = None
        if sent is None:
            stop.wait(AFTER_FAILURE)
        elif sent == place:
            stop.wait(POLL)
        else:
            place = sent
    exporter.close()
    return 0


def send(database: Database, exporter: Exporter, place: Place, share: float, now: datetime) -> Place | None:
    """The calls that ended after `place`, as many as go together; returns the new place, None when nobody took them."""
    place = max(place, (now - OLDEST, ""))
    with database.read() as session:
        ended = Call.ended_at.is_not(None), tuple_(Call.ended_at, Call.id) > place, Call.ended_at <= now - SETTLED
        chosen = select(Call).where(*ended).order_by(Call.ended_at, Call.id).limit(MOST)
        calls = list(session.scalars(chosen))
        wanted = {call.id: call for call in calls if traces.is_chosen(call.id, share)}
        entries: dict[str, list[JourneyEntry]] = {id: [] for id in wanted}
        order = select(JourneyEntry).where(JourneyEntry.call_id.in_(wanted)).order_by(JourneyEntry.seq)
        for entry in session.scalars(order):
            entries[entry.call_id].append(entry)
    if wanted and not exporter.send(
        [(traces.trace_id(id), traces.spans(call, entries[id])) for id, call in wanted.items()]
    ):
        log.warning("the collector did not take %d traces", len(wanted))
        return None
    return (calls[-1].ended_at, calls[-1].id) if calls else place  # type: ignore[return-value]
