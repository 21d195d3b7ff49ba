from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from threading import Thread

import pytest
from sqlalchemy import update

from ivr.store import calls, outbox
from ivr.store.database import Database
from ivr.store.schema import Call, Recording
from ivr.tickets import embedded
from ivr.tickets.backend import BackendError, Refused, Unavailable
from ivr.tickets.breaker import Breaker
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import Delivery, deliver_due
from ivr.tickets.outcome import Draft, Policy
from tests.ivr.tickets.ends import NOW, end_a_call, killed


def tickets(database: Database) -> list[tuple[str, str]]:
    with database.read() as session:
        return [(ticket.call_id, ticket.type) for ticket in embedded.recent(session)]


def test_it_waits_for_the_disposition_as_long_as_the_wrap_up_lasts(database: Database) -> None:
    end_a_call(database)
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 0
    with database.transaction() as session:
        calls.set_disposition(session, "c", "PA", NOW)
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 1
    assert tickets(database) == [("c", "PA")]


def test_a_late_disposition_changes_the_ticket_and_makes_no_second(database: Database) -> None:
    end_a_call(database)
    deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=31))
    assert tickets(database) == [("c", "Q")]
    with database.transaction() as session:
        calls.set_disposition(session, "c", "I", NOW)
    deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=60))
    assert tickets(database) == [("c", "I")]


def test_a_backend_that_is_down_loses_nothing(database: Database) -> None:
    class Down(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            raise BackendError("down")

    end_a_call(database, wrap_up=0)
    assert deliver_due(database, Down(database), Policy(), NOW) == 0
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 0, "it pauses first"
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=3)) == 1
    with database.read() as session:
        assert outbox.standing(session, NOW + timedelta(seconds=3)).pending == 0


def test_a_crash_between_create_and_mark(database: Database) -> None:
    class Dies(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            super().put(drafts)
            raise KeyboardInterrupt

    end_a_call(database, wrap_up=0)
    with pytest.raises(KeyboardInterrupt):
        deliver_due(database, Dies(database), Policy(), NOW)
    deliver_due(database, Embedded(database), Policy(), NOW)
    assert tickets(database) == [("c", "Q")]


def test_one_that_the_backend_refuses_holds_up_no_other(database: Database) -> None:
    class Picky(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            if any(draft.call_id == "c1" for draft in drafts):
                raise Unavailable("not this one")
            return super().put(drafts)

    for number in range(3):
        end_a_call(database, f"c{number}", wrap_up=0)
    assert deliver_due(database, Picky(database), Policy(), NOW) == 2
    assert sorted(tickets(database)) == [("c0", "Q"), ("c2", "Q")]
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=3)) == 1
    assert sorted(tickets(database)) == [("c0", "Q"), ("c1", "Q"), ("c2", "Q")]


def test_a_disposition_given_during_delivery_is_not_lost(database: Database) -> None:
    class Slow(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            with database.transaction() as session:
                calls.set_disposition(session, "c", "A", NOW + timedelta(seconds=1))
            return super().put(drafts)

    end_a_call(database, wrap_up=0)
    deliver_due(database, Slow(database), Policy(), NOW)
    assert tickets(database) == [("c", "Q")]
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=1)) == 1
    assert tickets(database) == [("c", "A")]


def test_two_workers_at_once(database: Database) -> None:
    for number in range(20):
        end_a_call(database, f"c{number}", "self-served", 0)
    workers = [
        Thread(target=deliver_due, args=(database, Embedded(database), Policy(), NOW + timedelta(seconds=n)))
        for n in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    deliver_due(database, Embedded(database), Policy(), NOW + timedelta(minutes=10))
    assert sorted(tickets(database)) == sorted((f"c{number}", "B") for number in range(20))


def test_a_call_ends_once(database: Database) -> None:
    end_a_call(database)
    with database.transaction() as session:
        assert not calls.finish_lost(session, "c", NOW)
        call = calls.get(session, "c")
        assert call is not None and call.outcome == "served"


def test_a_process_killed_at_any_step_leaves_one_ticket_a_call(database: Database) -> None:
    class Counting(Embedded):
        def __init__(self, database: Database, count: Callable[[], None]) -> None:
            super().__init__(database)
            self._count = count

        def put(self, drafts: Sequence[Draft]) -> list[str]:
            self._count()
            made = super().put(drafts)
            self._count()
            return made

    def work(own: Database, count: Callable[[], None]) -> None:
        with own.transaction() as session:
            outbox.release(session, "tickets")
        deliver_due(own, Counting(own, count), Policy(), NOW)

    url = database.url.render_as_string(hide_password=False)
    step, expected = 0, set()
    while True:
        step += 1
        call = f"c{step}"
        end_a_call(database, call, wrap_up=0)
        expected.add(call)
        if not killed(url, work, step):
            break
    assert step > 10, "it was killed many times"
    with database.transaction() as session:
        outbox.release(session, "tickets")
    deliver_due(database, Embedded(database), Policy(), NOW)
    found = tickets(database)
    assert len(found) == len(expected) and {call for call, _ in found} == expected
    assert standing(database).pending == 0


def standing(database: Database, at: datetime = NOW) -> outbox.Standing:
    with database.read() as session:
        return outbox.standing(session, at)


def test_what_a_dead_process_had_is_free_when_its_lease_is_over(database: Database) -> None:
    end_a_call(database, wrap_up=0)
    with database.transaction() as session:
        assert outbox.claim(session, "another", NOW, 60, 10)
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=59)) == 0
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=61)) == 1


def test_a_claim_that_was_lost_marks_nothing(database: Database) -> None:
    class Lost(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            with database.transaction() as session:
                assert outbox.claim(session, "another", NOW + timedelta(seconds=301), 60, 10)
            return super().put(drafts)

    end_a_call(database, wrap_up=0)
    deliver_due(database, Lost(database), Policy(), NOW)
    with database.read() as session:
        entry = outbox.get(session, "c")
        assert entry and entry.holder == "another" and entry.delivered_at is None


class Away(Embedded):
    """Counts what it is asked."""

    asked = 0

    def put(self, drafts: Sequence[Draft]) -> list[str]:
        self.asked += 1
        raise Unavailable("down", retry_after=0)


@pytest.mark.parametrize("at_once", [1, 500])
def test_a_backend_that_is_down_is_not_asked_by_each_ticket(database: Database, at_once: int) -> None:
    for number in range(100):
        end_a_call(database, f"c{number:03}", wrap_up=0)
    away, by = Away(database), Delivery(parallel=2)
    away.at_once = at_once
    for second in range(600):
        assert deliver_due(database, away, Policy(), NOW + timedelta(seconds=second), by) == 0
    assert 10 <= away.asked <= 30, "once a minute, after the first tries"
    view = standing(database, NOW + timedelta(seconds=600))
    assert (view.pending, view.lag, view.failed, view.reason) == (100, 600, 0, "down")
    with database.read() as session:
        entries = [outbox.get(session, f"c{number:03}") for number in range(100)]
    assert sum(entry is not None and entry.attempts == 0 for entry in entries) >= 70
    later, done = NOW + timedelta(seconds=700), 0
    for _ in range(200):
        done += deliver_due(database, Embedded(database), Policy(), later, by)
        later += timedelta(seconds=5)
    assert done == 100


def test_it_waits_as_long_as_the_backend_asks(database: Database) -> None:
    class Busy(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            raise Unavailable("busy", retry_after=90)

    end_a_call(database, wrap_up=0)
    by = Delivery()
    deliver_due(database, Busy(database), Policy(), NOW, by)
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=89), by) == 0
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(seconds=91), by) == 1


def test_what_is_refused_is_set_aside_with_the_reason_until_somebody_has_seen_to_it(database: Database) -> None:
    class Picky(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            if any(draft.call_id == "c1" for draft in drafts):
                raise Refused("the queue\x00 is closed")
            return super().put(drafts)

    for number in range(3):
        end_a_call(database, f"c{number}", wrap_up=0)
    assert deliver_due(database, Picky(database), Policy(), NOW) == 2
    assert deliver_due(database, Embedded(database), Policy(), NOW + timedelta(days=1)) == 0
    view = standing(database)
    assert (view.pending, view.failed, view.alarms(300)) == (0, 1, True)
    with database.transaction() as session:
        [entry] = outbox.failed(session)
        assert (entry.call_id, entry.last_error) == ("c1", "the queue is closed")
        assert outbox.retry(session, NOW) == 1
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 1
    assert len(tickets(database)) == 3 and not standing(database).alarms(300)


def test_a_ticket_that_breaks_the_backend_each_time_is_set_aside_when_others_go_through(database: Database) -> None:
    class Breaks(Embedded):
        def put(self, drafts: Sequence[Draft]) -> list[str]:
            if any(draft.call_id == "poison" for draft in drafts):
                raise ValueError("a bug in there")
            return super().put(drafts)

    backend, by, at = Breaks(database), Delivery(), NOW
    end_a_call(database, "poison", wrap_up=0)
    for number in range(20):
        end_a_call(database, f"c{number:02}", wrap_up=0, at=at)
        while deliver_due(database, backend, Policy(), at, by):
            pass
        at += timedelta(seconds=301)
    with database.read() as session:
        [entry] = outbox.failed(session)
        assert (entry.call_id, entry.attempts) == ("poison", 8) and "a bug in there" in entry.last_error
    assert len(tickets(database)) == 20


def test_a_call_of_which_no_ticket_can_be_made_holds_up_no_other(database: Database) -> None:
    for number in range(3):
        end_a_call(database, f"c{number}", wrap_up=0, ticket={"subject": "Refund"})
    with database.transaction() as session:
        session.execute(update(Call).where(Call.id == "c1").values(ticket={"fields": 7}))
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 2
    with database.read() as session:
        assert [one.call_id for one in outbox.failed(session)] == ["c1"]


def test_a_ticket_of_a_former_backend_is_not_made_twice(database: Database) -> None:
    end_a_call(database, wrap_up=0)
    deliver_due(database, Embedded(database), Policy(), NOW)
    with database.transaction() as session:
        calls.set_disposition(session, "c", "I", NOW)
    assert deliver_due(database, Embedded(database), Policy(), NOW, Delivery(name="rt")) == 0
    with database.read() as session:
        assert "is in embedded" in outbox.failed(session)[0].last_error


@pytest.mark.parametrize(
    "subject",
    ["日本語 العربية हिन्दी Ελληνικά עברית", "😀👩‍👩‍👧‍👦", "a\x00b\x07\r\n\tc\u202e", "\ud800", "x" * 100_000, ""],
)
def test_every_subject_becomes_a_ticket(database: Database, subject: str) -> None:
    end_a_call(database, wrap_up=0, ticket={"subject": subject, "fields": {"reason": subject}})
    assert deliver_due(database, Embedded(database), Policy(), NOW) == 1
    with database.read() as session:
        found = embedded.get(session, "c")
        assert found and len(found.subject) <= 200 and not any(ord(one) < 32 for one in found.subject)


def test_answers_and_recordings_are_in_the_ticket(database: Database) -> None:
    end_a_call(database, wrap_up=0)
    deliver_due(database, Embedded(database), Policy(), NOW)
    with database.read() as session:
        found = embedded.get(session, "c")
        assert found and found.fields["survey.s.clarity"] == "4" and "survey.s.speed" not in found.fields


def test_a_recording_that_is_stored_later_is_linked_once(database: Database) -> None:
    class Elsewhere(Embedded):
        links: list[dict[str, str]] = []  # noqa: RUF012

        def put(self, drafts: Sequence[Draft]) -> list[str]:
            self.links += [draft.links for draft in drafts]
            return super().put(drafts)

    backend, by = Elsewhere(database), Delivery(name="rt", pages="https://ivr.example.it")
    end_a_call(database, wrap_up=0)
    deliver_due(database, backend, Policy(), NOW, by)
    with database.transaction() as session:
        row = {"id": "c-1", "call_id": "c", "day": NOW.date(), "file": "f", "seconds": 9.0, "bytes": 9, "sha256": ""}
        session.add(Recording(**row, complete=True, stored_at=NOW))
        outbox.recorded(session, "c", NOW)
    deliver_due(database, backend, Policy(), NOW, by)
    with database.transaction() as session:
        calls.set_disposition(session, "c", "A", NOW)
    deliver_due(database, backend, Policy(), NOW, by)
    assert backend.links == [{}, {"https://ivr.example.it/review?recording=c-1": "recording"}, {}]


def test_the_breaker_lets_one_through_when_its_pause_is_over() -> None:
    breaker = Breaker()
    for _ in range(3):
        assert breaker.allowed(500, NOW) == 500
        breaker.failed(NOW, 0, 1.0)
    assert breaker.away and breaker.allowed(500, NOW) == 0
    assert breaker.allowed(500, NOW + timedelta(seconds=1)) == 1
    breaker.succeeded()
    assert breaker.allowed(500, NOW) == 500
