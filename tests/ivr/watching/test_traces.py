"""A call becomes a trace, which a real OTLP receiver takes; nothing of what was said, keyed or dialled is in it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from ivr.ari import ids
from ivr.cli.traces import send
from ivr.store import calls
from ivr.store.database import Database
from ivr.watching import traces
from ivr.watching.otlp import Exporter

BEGAN = datetime.now(UTC) - timedelta(minutes=5)


class Collector:
    """OTLP over HTTP, as protobuf."""

    def __init__(self) -> None:
        self.status, self.taken = 200, list[Any]()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                        [name] = [one for one in resource.resource.attributes if one.key == "service.name"]
                        assert name.value.string_value == "numero-nero"
                        receiver.taken += [span for scope in resource.scope_spans for span in scope.spans]
                self.send_response(receiver.status)
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.server.shutdown()
    one.server.server_close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    one = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    one.migrate()
    yield one
    one.engine.dispose()


JOURNEY = [
    (0.1, "prompt", "welcome", {"prompt": "welcome"}),
    (4.0, "prompt", "choose", {"prompt": "choose"}),
    (6.0, "choice", "choose", {"key": "7", "digits": "4485275742308327"}),
    (6.1, "queued", "waiting", {"queue": "desk"}),
    (9.0, "offer", "", {"operator": "4271"}),
    (11.0, "connected", "4271", {}),
    (60.0, "ended", "", {"outcome": "served"}),
]


def a_call(store: Database, ended: float = 60.0) -> str:
    call = ids.new_call()
    with store.transaction() as session:
        calls.start(
            session, id=call, channel=call, controller="controller-1", called="+390600000001", caller="+390471123456",
            flow="line", version=3, started_at=BEGAN,
        )  # fmt: skip
        rows = [
            {
                "call_id": call,
                "seq": seq,
                "at": BEGAN + timedelta(seconds=at),
                "kind": kind,
                "node": node,
                "detail": more,
            }
            for seq, (at, kind, node, more) in enumerate(JOURNEY, 1)
        ]
        calls.add_journey(session, rows)
        at = BEGAN + timedelta(seconds=ended)
        calls.finish(
            session, call, ended_at=at, ticket_due_at=at, survey={}, outcome="served", language="it", queue="desk",
            operator="4271", waited=4.9, talked=49.0,
        )  # fmt: skip
    return call


def seconds(ns: int) -> float:
    return round(ns / 1e9 - BEGAN.timestamp(), 1)


def test_a_call_arrives_as_one_trace(store: Database, collector: Collector) -> None:
    call, exporter = a_call(store), Exporter(collector.address)
    place = send(store, exporter, (BEGAN, ""), 1.0, datetime.now(UTC))
    assert place == (BEGAN + timedelta(seconds=60), call)
    assert send(store, exporter, place, 1.0, datetime.now(UTC)) == place, "once"
    exporter.close()
    root, *nodes = collector.taken
    assert {span.trace_id.hex() for span in collector.taken} == {call.replace("-", "")}
    assert root.name == "call line" and root.parent_span_id == b"" and seconds(root.end_time_unix_nano) == 60.0
    assert [(seconds(one.time_unix_nano), one.name) for one in root.events] == [
        (9.0, "offer"), (11.0, "connected"), (60.0, "ended"),
    ]  # fmt: skip
    assert all(one.parent_span_id == root.span_id for one in nodes)
    assert [(n.name, seconds(n.start_time_unix_nano), seconds(n.end_time_unix_nano)) for n in nodes] == [
        ("node welcome", 0.1, 4.0), ("node choose", 4.0, 6.1), ("node waiting", 6.1, 60.0),
    ]  # fmt: skip
    assert [one.name for one in nodes[1].events] == ["prompt", "choice"]
    said = {one.key: one.value for one in root.attributes}
    assert said["outcome"].string_value == "served" and said["waited"].double_value == 4.9
    for secret in ("+39", "0471123456", "4485275742308327", "4271"):
        assert secret not in str(collector.taken), secret


def test_a_collector_that_is_away_gets_them_later_but_not_those_of_yesterday(
    store: Database, collector: Collector
) -> None:
    a_call(store)
    collector.status = 400
    exporter = Exporter(collector.address)
    assert send(store, exporter, (BEGAN, ""), 1.0, datetime.now(UTC)) is None and collector.taken == []
    collector.status = 200
    assert send(store, exporter, (BEGAN, ""), 1.0, datetime.now(UTC) + timedelta(hours=2)) and collector.taken == []
    assert send(store, exporter, (BEGAN, ""), 1.0, datetime.now(UTC)) and collector.taken
    exporter.close()


def test_a_share_of_the_calls_is_drawn_by_their_ids() -> None:
    every = [ids.new_call() for _ in range(2000)]
    assert sum(traces.is_chosen(one, 0.25) for one in every) in range(400, 600)
    assert all(traces.is_chosen(one, 1.0) for one in every) and not any(traces.is_chosen(one, 0.0) for one in every)
    assert {one for one in every if traces.is_chosen(one, 0.1)} <= {one for one in every if traces.is_chosen(one, 0.2)}
