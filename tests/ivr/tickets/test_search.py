"""Finding tickets: by words of every script, by caller, day, state …, page by page, the same on both stores."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ivr.store.database import Database
from ivr.store.numbers import pseudonym
from ivr.store.schema import Ticket
from ivr.tickets import desk, search
from ivr.tickets.clock import Terms
from ivr.tickets.embedded import Embedded
from ivr.tickets.outcome import Draft, Policy
from ivr.tickets.search import SearchError

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
ROME = ZoneInfo("Europe/Rome")
NUMBER = "+393331234567"
SUBJECTS = (
    "Pagamento non riuscito: l'avviso F24",
    "I PAGAMENTI di Perché 100%",
    "支払いができません",
    "👩‍👩‍👧 والدي لا يستطيع الدفع",
    "ปัญหาการชำระเงิน 'quoted' \\ \"AND\" | & ! * ( )",
    "x" * 250,
)


@pytest.fixture
def filled(database: Database) -> Database:
    """A ticket a subject, number by number, each made an hour before the one after it."""
    drafts = [
        Draft(
            f"c{n}", "QA"[n % 2], text, {"note": f"note{n}", "operator": "4271", "long": "lorem " * 20_000 * (n == 5)}
        )
        for n, text in enumerate(SUBJECTS)
    ]
    Embedded(database, Terms({"A": 3600.0})).put(drafts)
    with database.transaction() as session:
        for n in range(len(SUBJECTS)):
            one = session.get_one(Ticket, n + 1)
            one.created_at = NOW - timedelta(hours=len(SUBJECTS) - n)
            one.due_at = NOW + timedelta(hours=n - 3) if one.type == "A" else None
        session.get_one(Ticket, 1).caller = pseudonym(NUMBER, "k")
        session.get_one(Ticket, 2).assignee = "rossi"
        session.get_one(Ticket, 3).queue = "privacy"
        desk.change(session, 4, "specialist", "yes", by="rossi", now=NOW, terms=Terms())
        desk.change(session, 5, "state", "waiting", by="rossi", now=NOW, terms=Terms())
        desk.comment(session, 5, "Ha richiamato per il rimborso", by="rossi", now=NOW)
    return database


def found(database: Database, limit: int = 50, after: str = "", **given: Any) -> list[int]:
    with database.read() as session:
        lists = {name.rstrip("_"): [value] if isinstance(value, str) else value for name, value in given.items()}
        policy = Policy(key="k")
        page = search.find(session, lists, policy=policy, zone=ROME, now=NOW, limit=limit, after=after)
    return [one.number for one in page.rows]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("pagamento", [1]),
        ("PAGAMENT*", [2, 1]),
        ("perche", [2]),
        ("avviso f24", [1]),
        ("f24 perche", []),
        ("pagament* avviso f*", [1]),
        ("pagament* perche", [2]),
        ("rimbors* perche", []),
        ("支払", [3]),
        ("払い*", [3]),
        ("👧", [4]),
        ("الدفع", [4]),
        ("ชำระเงิน", [5]),
        ("and", [5]),
        ('quoted" OR "x', []),
        ("rimborso", [5]),
        ("note3", [4]),
        ("note*", [6, 5, 4, 3, 2, 1]),
        ("x" * 250, [6]),
        ("lorem", [6]),
        ("4271", []),
    ],
)
def test_words(filled: Database, words: str, numbers: list[int]) -> None:
    assert found(filled, words=words) == numbers


@pytest.mark.parametrize(
    ("given", "numbers"),
    [
        ({}, [6, 5, 4, 3, 2, 1]),
        ({"number": "3"}, [3]),
        ({"caller": NUMBER}, [1]),
        ({"caller": "333 123 4567"}, [1]),
        ({"caller": pseudonym(NUMBER, "k")}, [1]),
        ({"caller": "+390612345678"}, []),
        ({"state": "waiting"}, [5]),
        ({"state": ["waiting", "new"], "type": "Q"}, [5, 3, 1]),
        ({"type": "A"}, [6, 4, 2]),
        ({"queue": "privacy"}, [3]),
        ({"assignee": "rossi"}, [2]),
        ({"assignee": "none", "type": "A"}, [6, 4]),
        ({"specialist": "yes"}, [4]),
        ({"specialist": "no", "type": "A"}, [6, 2]),
        ({"late": "yes"}, [2]),
        ({"order": "due"}, [2, 4, 6]),
        ({"from": "2026-11-28"}, [6, 5, 4, 3, 2, 1]),
        ({"from": "2026-11-29"}, []),
        ({"to": "2026-11-27"}, []),
        ({"words": "note*", "type": "A", "order": "due"}, [2, 4, 6]),
    ],
)
def test_criteria(filled: Database, given: dict[str, Any], numbers: list[int]) -> None:
    assert found(filled, **given) == numbers


@pytest.mark.parametrize("order", ["newest", "due"])
def test_pages_show_each_once_whatever_comes_meanwhile(filled: Database, order: str) -> None:
    Embedded(filled, Terms({"A": 1.0})).put([Draft(f"d{n}", "A", "same") for n in range(20)])
    whole, seen, after = found(filled, order=order), [], ""
    while True:
        with filled.read() as session:
            page = search.find(
                session, {"order": [order]}, policy=Policy(), zone=ROME, now=NOW, limit=3, after=after
            )  # fmt: skip
        seen += [one.number for one in page.rows]
        if not (after := page.next):
            break
        Embedded(filled).put([Draft(f"later{len(seen)}", "A", "later")])
    assert seen == whole and len(seen) in (23, 26)


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"shoe": "42"}, "shoe: there is no such criterion"),
        ({"state": "shut"}, "state: 'shut' is none of new"),
        ({"number": "x"}, "number: 'x' is no ticket's number"),
        ({"number": "99999999999"}, "number: "),
        ({"from": "yesterday"}, "from: 'yesterday' is no day"),
        ({"to": "2026-02-30"}, "to: there is no 2026-02-30"),
        ({"words": "' ! *"}, "words: .* has no word"),
        ({"words": ""}, "words: a value is empty"),
        ({"words": "x" * 1001}, "words: .*more than 1000"),
        ({"queue": ["q"] * 51}, "queue: .*too many"),
        ({"order": "age"}, "order: 'age' is none of newest, due"),
    ],
)
def test_values_that_cannot_be(filled: Database, given: dict[str, Any], problem: str) -> None:
    with pytest.raises(SearchError, match=problem):
        found(filled, **given)


def test_a_page_that_nobody_gave(filled: Database) -> None:
    for after in ("x", "MjAyNi0xMS0yOCAx", "\udc80", "AAAA"):
        with pytest.raises(SearchError, match="after: no page gave this"):
            found(filled, after=after)
    for limit in ("0", "501", "x", "-1"):
        with pytest.raises(SearchError, match="limit"):
            search.page_size(limit)


def test_nul_in_what_is_asked(filled: Database) -> None:
    assert found(filled, queue="privacy\0") == [3] and found(filled, words="perche\0") == [2]
