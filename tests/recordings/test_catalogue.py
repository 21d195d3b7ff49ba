"""What is searched by finds what it should; copies follow what they are copied from; pages show each thing once."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from time import sleep

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

import ivr.store
from ivr.store import calls, operators
from ivr.store.catalogue import AFTER, BEFORE
from ivr.store.database import Database
from ivr.store.schema import Call, CatalogueRow, OutboxEntry, Recording
from ivr.tickets.embedded import Embedded
from ivr.tickets.outbox import deliver_due
from ivr.tickets.outcome import Policy
from ivr.tickets.table import Row
from recordings import catalogue
from recordings.criteria import CriterionError, conditions
from recordings.ingest import ingest
from recordings.pseudonyms import Naming, pseudonym
from tests.recordings.conftest import folder_vault
from tests.recordings.house import House
from tests.recordings.kept import ROME, keep, record
from tests.recordings.test_ingest import raw  # noqa: F401 a fixture

KEY = "of the tests"


def search(database: Database, *, veiled: bool = False, **given: str | Sequence[str]) -> list[str]:
    """Calls found; `since` stands for `from`, which Python keeps for itself."""
    texts = {name.replace("since", "from"): [one] if isinstance(one, str) else one for name, one in given.items()}
    with database.read() as session:
        wanted = conditions(texts, ROME, Naming(session, KEY, veiled).meant)
        return [one.call_id for one in catalogue.find(session, wanted).rows]


@pytest.fixture
def three(database: Database) -> None:
    """`a` on a Monday morning in winter; `b` just after midnight on 1 July; `c` on a summer's afternoon, in German."""
    with database.transaction() as session:
        for code in ("4271", "4300"):
            operators.add(session, code, code, ["it"], ["all"], datetime.now(UTC))
        keep(
            session, "a", datetime(2027, 1, 4, 9, 30), seconds=30, waited=5.0, queue="payments", language="it",
            operator="4271", outcome="served", flow="main", version=3, ticket={"fields": {"reason": "fees, late"}},
            survey={"clear": 1, "kind": 5},
        )  # fmt: skip
        keep(
            session, "b", datetime(2027, 7, 1, 0, 10), kind="message", seconds=90.5, waited=0.0, queue="app",
            language="it", outcome="voicemail", flow="main", version=4, survey={"clear": 4, "kind": None},
        )  # fmt: skip
        keep(
            session, "c", datetime(2027, 7, 8, 16, 0), seconds=1200, waited=300.0, queue="app", language="de",
            operator="4300", outcome="served", flow="other", version=4, disposition="A", ticket={"subject": "Fees"},
            survey={"clear": 2, "kind": 2},
        )  # fmt: skip
    assert deliver_due(database, Embedded(database), Policy(), datetime.now(UTC) + timedelta(days=500)) == 3


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, "cba"),
        ({"since": "2027-07-01"}, "cb"),
        ({"to": "2027-06-30"}, "a"),
        ({"since": "2027-07-01", "to": "2027-07-01"}, "b"),
        ({"hours": "9-10"}, "a"),
        ({"hours": "09:31-10"}, ""),
        ({"hours": "22-6"}, "b"),
        ({"hours": ["0-1", "16:00-16:01"]}, "cb"),
        ({"weekday": "mon"}, "a"),
        ({"weekday": ["thu", "mon"]}, "cba"),
        ({"queue": "app"}, "cb"),
        ({"queue": ["app", "payments"]}, "cba"),
        ({"queue": "app' OR '1'='1"}, ""),
        ({"language": "de"}, "c"),
        ({"reason": "fees, late"}, "a"),
        ({"reason": "Fees"}, "c"),
        ({"type": "A"}, "c"),
        ({"type": ["Q", "B"]}, "ba"),
        ({"disposition": "A"}, "c"),
        ({"operator": "4271"}, "a"),
        ({"operator": pseudonym("4300", KEY)}, "c"),
        ({"operator": "OP-000000"}, ""),
        ({"duration": "-90"}, "a"),
        ({"duration": "60-1199.5"}, "b"),
        ({"wait": "5-"}, "ca"),
        ({"survey": "clear:1"}, "a"),
        ({"survey": "clear:1-2"}, "ca"),
        ({"survey": ["clear:1-2", "kind:1-2"]}, "c"),
        ({"survey": "kind:none"}, "b"),
        ({"survey": "clear:none"}, ""),
        ({"outcome": "voicemail"}, "b"),
        ({"kind": "conversation"}, "ca"),
        ({"flow": "main"}, "ba"),
        ({"version": "4"}, "cb"),
        ({"flow": "main", "version": "4", "since": "2027-01-01", "language": "it"}, "b"),
    ],
    ids=str,
)
def test_a_criterion_finds_what_it_says(database: Database, three: None, given: dict[str, str], found: str) -> None:
    assert search(database, **given) == list(found)


def test_a_complaints_ticket_leads_to_its_recording(database: Database, three: None) -> None:
    with database.read() as session:
        shown = {one.call_id: one for one in catalogue.find(session).rows}
    assert {one.ticket for one in shown.values()} == {"1", "2", "3"}
    assert search(database, ticket=shown["c"].ticket) == ["c"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"colour": "red"}, "colour: there is no such criterion; from, to, hours"),
        ({"since": "2027-02-29"}, "from: there is no 2027-02-29"),
        ({"to": "tomorrow"}, "to: 'tomorrow' is no day; write it as 2027-01-31"),
        ({"to": "9999-12-31"}, "to: "),
        ({"since": "2027-02-01", "to": "2027-01-31"}, "to: is before the day given by `from`"),
        ({"hours": "morning"}, "hours: 'morning' are no hours; write them as 9-13"),
        ({"hours": "9-25"}, "hours: '9-25' are no hours of a day"),
        ({"hours": "9:60-10"}, "hours: "),
        ({"weekday": "lunedì"}, "weekday: 'lunedì' is none of mon, tue"),
        ({"type": "Z"}, "type: 'Z' is none of Q, PQ"),
        ({"kind": "video"}, "kind: 'video' is none of conversation, message"),
        ({"duration": "60"}, "duration: '60' is no range of seconds; write it as 60-300"),
        ({"duration": "-"}, "duration: "),
        ({"duration": "nan-inf"}, "duration: "),
        ({"wait": "9-3"}, "wait: '9-3' is no range: it begins after its end"),
        ({"survey": "clear"}, "survey: 'clear' is no question with an answer; write it as clear:1"),
        ({"survey": "clear:5-1"}, "survey: "),
        ({"survey": ":none"}, "survey: ':none' is no question"),
        ({"version": "-1"}, "version: '-1' is no whole number"),
        ({"queue": ""}, "queue: a value is empty"),
        ({"reason": "a\0b"}, "reason: a value is empty, too long, or has characters"),
        ({"flow": "x" * 201}, "flow: a value is empty, too long"),
        ({"queue": ["x"] * 51}, "queue: 51 values are too many; 50 at most"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_a_bad_value_is_named(database: Database, given: dict[str, str], said: str) -> None:
    with pytest.raises(CriterionError) as told:
        search(database, **given)
    assert str(told.value).startswith(said)


def test_reviewers_search_by_pseudonym_alone(database: Database, three: None) -> None:
    assert search(database, veiled=True, operator=pseudonym("4271", KEY)) == ["a"]
    with pytest.raises(CriterionError, match="operator: '4271' is no pseudonym; write it as OP-7KQ2MX"):
        search(database, veiled=True, operator="4271")


def row_of(database: Database, call: str) -> CatalogueRow | None:
    with database.read() as session:
        return session.scalar(select(CatalogueRow).where(CatalogueRow.call_id == call))


def test_copies_follow_the_call_its_ticket_and_its_deletion(database: Database, raw: Path, tmp_path: Path) -> None:  # noqa: F811
    """The recording is stored before the call is over; the disposition comes after the ticket."""
    ingest(database, folder_vault(tmp_path), raw, "Europe/Rome")
    row = row_of(database, "call")
    assert row and (row.minute, row.weekday, row.day.isoformat(), row.queue) == (600, 2, "2026-11-24", "")
    at = datetime(2026, 11, 24, 10, tzinfo=UTC)
    with database.transaction() as session:
        calls.finish(session, "call", ended_at=at, ticket_due_at=at, survey={}, queue="app", outcome="served")
    row = row_of(database, "call")
    assert row and (row.queue, row.outcome, row.type, row.ticket) == ("app", "served", "", "")
    deliver_due(database, Embedded(database), Policy((Row(type="PQ"),)), at)
    row = row_of(database, "call")
    assert row and (row.type, row.ticket, row.disposition) == ("PQ", "1", "")
    with database.transaction() as session:
        calls.set_disposition(session, "call", "PI", at)
    row = row_of(database, "call")
    assert row and (row.type, row.disposition) == ("PQ", "PI")  # the backend has the former type, until it is told
    deliver_due(database, Embedded(database), Policy(), at)
    row = row_of(database, "call")
    assert row and (row.type, row.ticket) == ("PI", "1")
    House(database, tmp_path).run(datetime(2027, 6, 1, tzinfo=UTC))
    assert row_of(database, "call") is None


@pytest.mark.parametrize("ended", [False, True], ids=["the call ends", "its ticket is made"])
def test_what_happens_while_a_recording_is_entered_is_not_missed(database: Database, ended: bool) -> None:
    at = datetime(2027, 1, 4, 9, tzinfo=UTC)

    def end(session: Session) -> None:
        calls.finish(session, "a", ended_at=at, ticket_due_at=at, survey={}, queue="app", outcome="served")

    def happens() -> None:
        if ended:
            while not deliver_due(database, Embedded(database), Policy(), at):
                sleep(0.05)  # who stores the recording holds the entry
        else:
            with database.transaction() as session:
                end(session)

    with database.transaction() as session:
        calls.start(session, id="a", channel="a", controller="1", called="", caller="", started_at=at)
        if ended:
            end(session)
    with database.transaction() as session:
        record(session, "a", at)
        meanwhile = Thread(target=happens)
        meanwhile.start()
        meanwhile.join(0.5)
    meanwhile.join()
    row = row_of(database, "a")
    assert row and (row.queue, row.ticket) == ("app", "1" if ended else "")


def test_what_was_recorded_before_there_was_a_catalogue_is_in_it(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    config = Config()
    config.set_main_option("script_location", str(Path(ivr.store.__file__).parent / "migrations"))
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0009")
        for call, purged in (("a", None), ("b", "2026-12-01 00:00:00.000000")):
            connection.execute(
                text(
                    "INSERT INTO calls (id, channel, controller, called, caller, flow, version, language, started_at,"
                    " outcome, queue, operator, disposition, note, waited, talked, ticket, callback_of) VALUES"
                    " (:id, 'c', '1', '', '', 'f', 2, 'de', '2026-07-01 22:30:00.000000', 'served', 'q', '4271', '',"
                    " '', 3, 9, '{\"subject\": \"Fees\"}', '')"
                ),
                {"id": call},
            )
            connection.execute(
                text(
                    "INSERT INTO recordings (id, call_id, day, kind, file, seconds, bytes, sha256, complete, stored_at,"
                    " purged_at) VALUES (:id || '-1', :id, '2026-07-02', 'conversation', '', 9, 1, '', 1,"
                    " '2026-07-02 00:00:00.000000', :purged)"
                ),
                {"id": call, "purged": purged},
            )
        for question, survey, answer in (("clear", "x", 4), ("clear", "y", 2), ("kind", "x", None), ("quick", "x", 5)):
            given = {"survey": survey, "question": question, "answer": answer}
            connection.execute(text("INSERT INTO survey_answers VALUES ('a', :survey, :question, :answer)"), given)
        connection.execute(
            text(
                "INSERT INTO ticket_outbox (call_id, due_at, attempts, last_error, delivered_at, reference) VALUES"
                " ('a', '2026-07-02 00:00:00.000000', 0, '', '2026-07-02 00:00:00.000000', '7')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO tickets VALUES (7, 'a', 'PQ', '', '{}', '2026-07-02 00:00:00.000000',"
                " '2026-07-02 00:00:00.000000')"
            )
        )
    database.migrate()
    with database.read() as session:
        [row] = catalogue.find(session).rows
        assert (row.id, row.reason, row.type, row.ticket, row.version) == ("a-1", "Fees", "PQ", "7", 2)
        [answers] = session.scalars(select(CatalogueRow.answers))
        assert answers.split(BEFORE) == ["", f"clear{AFTER}2", f"quick{AFTER}5"]
    assert search(database, hours="0-1", weekday="thu") == ["a"]
    database.engine.dispose()


@pytest.mark.parametrize(
    "token",
    [
        "!",
        "é",
        "AAAA",
        urlsafe_b64encode(b"2027-01-01T00:00:00+00:00").decode(),
        urlsafe_b64encode(b"2027-01-01T00:00:00 a-1").decode(),
        urlsafe_b64encode(b"0001-01-01T00:00:00+23:00 a-1").decode(),
        urlsafe_b64encode(b"2027-01-01T00:00:00+00:00 a' OR 1=1").decode(),
        urlsafe_b64encode(b"2027-01-01T00:00:00+00:00 " + b"a" * 101).decode(),
    ],
)
def test_a_forged_token_is_refused(database: Database, token: str) -> None:
    with database.read() as session, pytest.raises(CriterionError, match="after: no page gave this"):
        catalogue.find(session, after=token)


FEW = st.integers(0, 4)  # so that many calls begin at the same moment


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(FEW, max_size=12), st.lists(st.lists(FEW, max_size=3), max_size=6), st.integers(1, 5))
def test_pages_show_each_recording_once_in_order_whatever_is_added_meanwhile(
    database: Database, there: list[int], added: list[list[int]], size: int
) -> None:
    with database.transaction() as session:
        for table in (CatalogueRow, Recording, OutboxEntry, Call):
            session.execute(delete(table))
    number = 0

    def add(moments: list[int]) -> set[str]:
        nonlocal number
        new = set()
        with database.transaction() as session:
            for moment in moments:
                number += 1
                new.add(keep(session, f"{number:03}", datetime(2027, 1, 4, 9, moment)))
        return new

    first, seen, token, later = add(there), [], "", iter(added)
    while True:
        with database.read() as session:
            page = catalogue.find(session, limit=size, after=token)
        assert len(page.rows) <= size
        seen += [(one.started_at, one.id) for one in page.rows]
        if page.next is None:
            break
        token = page.next
        add(next(later, []))
    assert seen == sorted(set(seen), reverse=True)
    assert first <= {id for _, id in seen}
