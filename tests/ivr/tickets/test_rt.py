"""Against a real Request Tracker, through a network that fails: afterwards each call has one ticket."""

import itertools
import random
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ivr.cli.doctor import store as store_checks
from ivr.cli.doctor.finding import Finding, findings
from ivr.settings import load
from ivr.store import calls, outbox
from ivr.store.database import Database
from ivr.tickets.asking import Asking
from ivr.tickets.backend import Refused, Unavailable
from ivr.tickets.outbox import Delivery, deliver_due
from ivr.tickets.outcome import Draft, Policy
from ivr.tickets.rt import STATES, RequestTracker
from ivr.tickets.watch import look, reconcile
from tests import faults, rt
from tests.faults import Fault, Faults
from tests.ivr.tickets.ends import end_a_call, killed

MAPPED = {"type": "type", "outcome": "outcome", "language": "language"}
_calls = itertools.count()


def backend(address: str, token: str, timeout: float = 10.0) -> RequestTracker:
    asking = Asking(f"{address}/REST/2.0", {"Authorization": f"token {token}"}, timeout)
    return RequestTracker(asking, rt.QUEUE, "call_id", MAPPED, STATES)


@pytest.fixture
def tracker(rt_server: rt.RequestTracker, network: Faults) -> Iterator[RequestTracker]:
    one = backend(network.address, rt_server.token)
    yield one
    one.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    one = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    one.migrate()
    yield one
    one.engine.dispose()


def new_call() -> str:
    return f"call-{next(_calls)}-{random.randrange(10**9)}"


def draft(call: str = "", **changes: object) -> Draft:
    given = {"type": "Q", "subject": "Tassa", "fields": {"outcome": "served", "language": "it", "note": "richiamare"}}
    return Draft(call or new_call(), **(given | changes))  # type: ignore[arg-type]


def of(server: rt.RequestTracker, calls: Sequence[str]) -> list[str]:
    """The calls of the tickets there are, of these calls."""
    return [call for call, _, _ in server.tickets() if call in calls]


def deliver(
    store: Database, tracker: RequestTracker, by: Delivery | None = None, within: float = 60.0, again: bool = False
) -> None:
    """Until nothing is due; time goes forty times as fast for what waits. `again`: what is set aside on the way is
    tried anew, as by `ivr tickets retry`."""
    by, begun = by or Delivery(name="rt"), time.monotonic()
    while True:
        now = datetime.now(UTC) + timedelta(seconds=40 * (time.monotonic() - begun))
        deliver_due(store, tracker, Policy(), now, by)
        with store.read() as session:
            view = outbox.standing(session, now + timedelta(hours=1))
        if again and view.failed:
            with store.transaction() as session:
                outbox.retry(session, now)
        elif not view.pending:
            assert not view.failed
            return
        assert time.monotonic() < begun + within, view
        time.sleep(0.02)


def test_a_ticket_is_made_found_changed_and_read(rt_server: rt.RequestTracker, tracker: RequestTracker) -> None:
    assert tracker.check() == []
    wanted = draft()
    [number] = tracker.put([wanted])
    assert tracker.find([wanted.call_id, "nobody"])[wanted.call_id].reference == number
    changed = draft(wanted.call_id, type="PI", subject="Nuovo", changed=("note",), links={"https://x/1": "recording"})
    assert tracker.put([changed, changed]) == [number, number]
    assert (wanted.call_id, number, "Nuovo") in rt_server.tickets()
    item = tracker._asking.ask("GET", f"ticket/{number}").data
    values = {field["name"]: field["values"] for field in item["CustomFields"]}
    assert values == {"call_id": [wanted.call_id], "type": ["PI"], "outcome": ["served"], "language": ["it"]}
    assert [one["_url"] for one in item["_hyperlinks"] if one["ref"] == "refers-to"] == ["https://x/1"]
    said = tracker._asking.ask("GET", f"ticket/{number}/attachments?fields=Content").data["items"]
    assert [one["Content"] for one in said] == ["outcome: served\nlanguage: it\nnote: richiamare", "note: richiamare"]
    assert tracker.find([wanted.call_id])[wanted.call_id].state == "new"
    for status, state in (("open", "open"), ("stalled", "waiting"), ("resolved", "closed")):
        tracker._asking.ask("PUT", f"ticket/{number}", json={"Status": status})
        assert tracker.find([wanted.call_id])[wanted.call_id].state == state


@pytest.mark.parametrize(
    "subject",
    ["日本語 العربية हिन्दी Ελληνικά ' \" \\ {x} <b>", "😀👩‍👩‍👧‍👦" * 25, "è" * 200, "", "0"],
    ids=["scripts", "emoji", "long", "empty", "zero"],
)
def test_every_subject(rt_server: rt.RequestTracker, tracker: RequestTracker, subject: str) -> None:
    wanted = draft(subject=subject[:200], fields={"outcome": "è" * 10_000, "language": "😀'\\", "note": subject * 100})
    assert tracker.put([wanted]) == tracker.put([wanted])
    assert of(rt_server, [wanted.call_id]) == [wanted.call_id]


def test_four_at_once_make_one_ticket(rt_server: rt.RequestTracker, tracker: RequestTracker) -> None:
    wanted = draft()
    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(lambda _: tracker.create(wanted), range(4)))
    tracker.put([wanted])
    assert of(rt_server, [wanted.call_id]) == [wanted.call_id] and numbers


LINES: dict[str, Callable[[str], bool]] = {
    "creation": lambda line: line.startswith("POST /REST/2.0/ticket "),
    "search": lambda line: line.startswith("POST /REST/2.0/tickets "),
    "anything": lambda line: True,
}
FAULTS: dict[str, Fault] = {
    "reset": faults.refuses,
    "answer dropped": faults.drops_the_answer,
    "answer cut": faults.cuts_the_answer,
    "500": faults.says("500 Internal Server Error", "<h1>oops</h1>"),
    "502 after": faults.says_after("502 Bad Gateway"),
    "503": faults.says("503 Service Unavailable", "", "Retry-After: 2"),
    "429": faults.says("429 Too Many Requests", "", "Retry-After: 1"),
    "rubbish": faults.says("200 OK", "<html>welcome</html>"),
    "rubbish after": faults.says_after("200 OK", "[]"),
    "empty object": faults.says("200 OK", "{}"),
    "token refused": faults.says("401 Unauthorized", '{"message": "Unauthorized"}'),
    "redirect": faults.says("302 Found", "", "Location: http://127.0.0.1:1/"),
    "slow": faults.slow(1.5),
}


@pytest.mark.parametrize("name", FAULTS)
def test_after_each_fault_there_is_one_ticket(
    rt_server: rt.RequestTracker, network: Faults, store: Database, name: str
) -> None:
    own = []
    tracker = backend(network.address, rt_server.token, 1.0)
    for line, chosen in LINES.items():
        call = new_call()
        own.append(call)
        end_a_call(store, call, wrap_up=0)
        left = itertools.count()
        network.fault = lambda seen, c=chosen, n=left: FAULTS[name] if c(seen) and next(n) < 4 else faults.through
        deliver(store, tracker)
        assert next(left) >= 1, f"{line} was made to fail"
    assert sorted(of(rt_server, own)) == sorted(own)
    tracker.close()


def test_a_third_of_all_requests_fail(rt_server: rt.RequestTracker, network: Faults, store: Database) -> None:
    chance, kinds = random.Random(7), [one for name, one in FAULTS.items() if name not in ("503", "429", "slow")]
    tracker = backend(network.address, rt_server.token, 5.0)
    own = [new_call() for _ in range(8)]
    for call in own:
        end_a_call(store, call, wrap_up=0)
    network.fault = lambda line: chance.choice(kinds) if chance.random() < 0.3 else faults.through
    deliver(store, tracker, within=120, again=True)  # of eight tries of a ticket all may fail
    assert sorted(of(rt_server, own)) == sorted(own)
    tracker.close()


def test_killed_at_every_step_of_delivery(rt_server: rt.RequestTracker, network: Faults, store: Database) -> None:
    token, address = rt_server.token, network.address

    def work(own: Database, count: Callable[[], None]) -> None:
        counting = Faults(address)

        def fault(line: str) -> Fault:
            def step(client: object, forward: Callable[[], bytes]) -> None:
                count()
                answer = forward()
                count()
                client.sendall(answer)  # type: ignore[attr-defined]

            return step

        counting.fault = fault
        with own.transaction() as session:
            outbox.release(session, "tickets")
        tracker = backend(counting.address, token)
        deliver_due(own, tracker, Policy(), datetime.now(UTC), Delivery(name="rt", parallel=1))
        tracker.close()

    own, step = [], 0
    while True:
        step += 1
        call = new_call()
        own.append(call)
        end_a_call(store, call, wrap_up=0)
        if not killed(store.url.render_as_string(hide_password=False), work, step):
            break
    assert step > 12
    with store.transaction() as session:
        outbox.release(session, "tickets")
    tracker = backend(address, token)
    deliver(store, tracker)
    assert sorted(of(rt_server, own)) == sorted(own)
    tracker.close()


def test_without_its_field_nothing_is_made(
    rt_server: rt.RequestTracker, tracker: RequestTracker, store: Database
) -> None:
    before = len(rt_server.tickets())
    rt_server.run("UPDATE CustomFields SET Disabled = 1 WHERE Name IN ('call_id', 'outcome')")
    call = new_call()
    end_a_call(store, call, wrap_up=0)
    try:
        assert "no custom field 'call_id'" in tracker.check()[0]
        with pytest.raises(Unavailable, match="no custom field 'call_id'"):
            tracker.put([draft()])
        assert deliver_due(store, tracker, Policy(), datetime.now(UTC), Delivery(name="rt")) == 0
        assert len(rt_server.tickets()) == before
        rt_server.run("UPDATE CustomFields SET Disabled = 0 WHERE Name = 'call_id'")
        assert "no custom field 'outcome'" in tracker.check()[0] and not tracker.holds("outcome")
        deliver(store, tracker)
        assert of(rt_server, [call]) == [call]
    finally:
        rt_server.run("UPDATE CustomFields SET Disabled = 0")
    assert tracker.check() == []


def test_a_field_that_is_lost_between_looking_and_making(rt_server: rt.RequestTracker, tracker: RequestTracker) -> None:
    wanted = draft()
    tracker.put([draft()])
    rt_server.run(
        "DELETE FROM ObjectCustomFields WHERE CustomField = (SELECT id FROM CustomFields WHERE Name='call_id')"
    )
    try:
        with pytest.raises(Unavailable, match="it was undone"):
            tracker.create(wanted)
    finally:
        rt_server.run(
            "INSERT INTO ObjectCustomFields (CustomField, ObjectId) SELECT c.id, q.id FROM CustomFields c, Queues q"
            " WHERE c.Name = 'call_id' AND q.Name = 'Assistenza'"
        )
    tracker.check()
    tracker.put([wanted])
    assert of(rt_server, [wanted.call_id, ""]) == [wanted.call_id]


def test_a_value_that_rt_does_not_take_is_said(rt_server: rt.RequestTracker, tracker: RequestTracker) -> None:
    wanted = draft()
    rt_server.run("UPDATE CustomFields SET Pattern = '^[A-Z]$' WHERE Name = 'type'")
    try:
        tracker.put([wanted])
        with pytest.raises(Refused, match="'type' is 'Q'"):
            tracker.put([draft(wanted.call_id, type="PQ")])
    finally:
        rt_server.run("UPDATE CustomFields SET Pattern = '' WHERE Name = 'type'")
    tracker.put([draft(wanted.call_id, type="PQ")])


def test_states_come_back(rt_server: rt.RequestTracker, tracker: RequestTracker, store: Database) -> None:
    call, now = new_call(), datetime.now(UTC)
    end_a_call(store, call, wrap_up=0)
    deliver(store, tracker)
    with store.read() as session:
        entry = outbox.get(session, call)
        assert entry and (entry.state, entry.backend) == ("new", "rt")
    tracker._asking.ask("PUT", f"ticket/{entry.reference}", json={"Status": "resolved"})
    assert look(store, tracker, "rt", now, now) == 1
    with store.transaction() as session:
        assert session.get_one(type(entry), call).state == "closed"
        assert outbox.look_soon(session, entry.reference) and not outbox.look_soon(session, "999999")
    tracker._asking.ask("PUT", f"ticket/{entry.reference}", json={"Status": "open"})
    look(store, tracker, "rt", now, now)
    with store.read() as session:
        assert session.get_one(type(entry), call).state == "open"


def test_restored_from_an_old_backup(rt_server: rt.RequestTracker, tracker: RequestTracker, store: Database) -> None:
    """Numbers are given out again: ours then name tickets of other calls."""

    def make(number: int) -> list[str]:
        made = [new_call() for _ in range(number)]
        for call in made:
            end_a_call(store, call, wrap_up=0)
        deliver(store, tracker)
        return made

    old = make(3)
    backup = rt_server.folder / "backup"
    rt_server.kill()
    shutil.copy(rt_server.folder / "rt.sqlite3", backup)
    rt_server.start()
    lost = make(4)
    with store.transaction() as session:
        calls.set_disposition(session, old[1], "PA", datetime.now(UTC))
    deliver(store, tracker)
    rt_server.kill()
    shutil.copy(backup, rt_server.folder / "rt.sqlite3")
    rt_server.start()
    new = make(2)
    assert of(rt_server, lost) == []
    assert reconcile(store, tracker, "rt", datetime.now(UTC)) >= 5
    deliver(store, tracker)
    everything = [*old, *lost, *new]
    assert sorted(of(rt_server, everything)) == sorted(everything)
    with store.read() as session:
        entries = {call: outbox.get(session, call) for call in everything}
    assert {call: number for call, number, _ in rt_server.tickets() if call in entries} == {
        call: entry.reference for call, entry in entries.items() if entry
    }
    item = tracker._asking.ask("GET", f"ticket/{tracker.find([old[1]])[old[1]].reference}").data
    assert ["PA"] in [field["values"] for field in item["CustomFields"]]
    assert reconcile(store, tracker, "rt", datetime.now(UTC)) == 0


def test_down_for_an_hour(rt_server: rt.RequestTracker, network: Faults, store: Database) -> None:
    """An hour in which one ticket a minute tries; then all are made."""
    tracker, by, now = backend(network.address, rt_server.token), Delivery(name="rt"), datetime.now(UTC)
    own = [new_call() for _ in range(10)]
    network.fault = lambda line: faults.refuses
    for second in range(0, 3600, 10):
        if second % 360 == 0:
            end_a_call(store, own[second // 360], wrap_up=0, at=now + timedelta(seconds=second))
        assert deliver_due(store, tracker, Policy(), now + timedelta(seconds=second), by) == 0
    assert len(network.seen) < 600, "one ticket a minute, and a few requests for it"
    network.fault = lambda line: faults.through
    for second in range(3600, 5000, 20):
        deliver_due(store, tracker, Policy(), now + timedelta(seconds=second), by)
    assert sorted(of(rt_server, own)) == sorted(own)
    tracker.close()


def test_the_doctor_asks_it(tmp_path: Path, rt_server: rt.RequestTracker, network: Faults) -> None:
    def found(token: str, **more: str) -> Finding:
        given = {"BACKEND": "rt", "TIMEOUT": "5", "RT__URL": network.address, "RT__QUEUE": rt.QUEUE, **more}
        environment = {f"NUMERO_NERO_TICKETS__{name}": value for name, value in given.items()}
        (tmp_path / "secrets/given/rt-token").write_text(token)
        [one] = findings([store_checks.tickets], load(tmp_path, environment=environment))
        return one

    (tmp_path / "secrets/given").mkdir(parents=True)
    assert found(rt_server.token).state == "ok"
    assert "Elsewhere" in found(rt_server.token, RT__QUEUE="Elsewhere").found
    wrong = found("wrong")
    assert wrong.state == "problem" and "[tickets.rt]" in wrong.mend
    network.close()
    assert found(rt_server.token).state == "problem", "nobody is there"
    (tmp_path / "secrets/given/rt-token").unlink()
    environment = {"NUMERO_NERO_TICKETS__BACKEND": "rt", "NUMERO_NERO_TICKETS__RT__QUEUE": rt.QUEUE}
    settings = load(tmp_path, environment=environment | {"NUMERO_NERO_TICKETS__RT__URL": network.address})
    assert "needs the secret 'rt-token'" in next(findings([store_checks.tickets], settings)).found
