"""A month's account: what counts, in which month, and a workbook that adds up by itself to the same."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import ironcalc
import pytest

from ivr.store import outbox
from ivr.store.database import Database
from ivr.store.schema import OutboxEntry, Ticket, TicketChange
from ivr.tickets import desk
from ivr.tickets.accounts import PAID, Account, Closed, Prices, account, as_of, lasting, month_bounds, price
from ivr.tickets.accounts_sheet import FIRST, workbook
from ivr.tickets.clock import Terms
from ivr.tickets.embedded import Embedded
from ivr.tickets.outcome import Draft
from tests.ivr.tickets.ends import end_a_call

ROME = ZoneInfo("Europe/Rome")
PRICES = {name: Decimal("3.20" if name in ("Q", "PQ") else "6.00") for name in PAID}
CONTRACT = Prices(PRICES, Decimal("0.90"))
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME).astimezone(UTC)


Change = Callable[[int, str, str, str], None]


@pytest.fixture
def change(database: Database) -> Change:
    """`change(1, "2026-11-05T10:00", "state", "closed")`, with fourteen tickets, two of each type."""
    drafts = [Draft(f"c{n}", (*PAID, "B")[n % 7], "x", {"operator": "4271"}) for n in range(14)]
    Embedded(database).put(drafts)

    def make(number: int, when: str, what: str, value: str) -> None:
        with database.transaction() as session:
            desk.change(session, number, what, value, by="rossi", now=at(when), terms=Terms())

    return make


def of(database: Database, month: date, prices: Prices = CONTRACT) -> Account:
    with database.read() as session:
        return account(session, month, prices, ROME)


def counts(account: Account) -> dict[str, int]:
    return {line.what: line.tickets for line in account.lines if line.tickets}


def test_each_type_at_its_price(database: Database, change: Change) -> None:
    for number in range(1, 15):
        change(number, "2026-11-05T10:00", "state", "resolved")
    assert of(database, NOVEMBER).closed == [], "resolved is not closed yet"
    for number in range(1, 15):
        change(number, "2026-11-06T10:00", "state", "closed")
    change(3, "2026-11-06T11:00", "specialist", "yes")
    got = of(database, NOVEMBER)
    assert counts(got) == {"Q": 2, "PQ": 2, "A": 1, "I": 2, "PA": 2, "PI": 2, "specialist": 1}
    assert got.total == 4 * Decimal("3.20") + 7 * Decimal("6.00") + Decimal("0.90") and got.unpaid == 2
    besides = of(database, NOVEMBER, Prices(PRICES, Decimal("0.90"), "besides"))
    assert besides.total == 4 * Decimal("3.20") + 8 * Decimal("6.00") + Decimal("0.90")
    assert of(database, DECEMBER).closed == []


@pytest.mark.parametrize(
    ("when", "month"),
    [
        ("2026-10-31T23:59:59", None),
        ("2026-11-01T00:00", NOVEMBER),
        ("2026-11-30T23:59:59", NOVEMBER),
        ("2026-12-01T00:00", DECEMBER),
    ],
)
def test_months_are_those_of_rome(database: Database, change: Change, when: str, month: date | None) -> None:
    change(1, when, "state", "closed")
    assert {m for m in (NOVEMBER, DECEMBER) if of(database, m).closed} == ({month} if month else set())


def test_what_a_month_came_to_stays_what_it_was(database: Database, change: Change) -> None:
    change(1, "2026-11-05T10:00", "state", "closed")
    change(1, "2026-11-06T10:00", "state", "open")
    change(1, "2026-11-30T23:00", "state", "closed")
    change(2, "2026-11-05T10:00", "state", "closed")
    change(2, "2026-11-06T10:00", "state", "open")
    november = of(database, NOVEMBER)
    assert [one.number for one in november.closed] == ["1"], "what is open at the end of the month is not closed in it"
    change(1, "2026-12-01T09:00", "type", "A")
    change(1, "2026-12-01T09:00", "specialist", "yes")
    change(1, "2026-12-01T10:00", "state", "open")
    change(1, "2026-12-02T10:00", "state", "closed")
    change(2, "2026-12-02T10:00", "state", "closed")
    assert of(database, NOVEMBER) == november
    assert [(one.number, one.type) for one in of(database, DECEMBER).closed] == [("2", "PQ")], "none is paid twice"


def test_what_nobody_closed_is_not_paid(database: Database) -> None:
    now = datetime.now(UTC)
    drafts = [Draft(call, "Q", "x", {"operator": by}, state="closed") for call, by in (("a", ""), ("b", "4271"))]
    Embedded(database).put(drafts)
    got = of(database, now.astimezone(ROME).date())
    assert counts(got) == {"Q": 1} and got.unpaid == 1


def test_tickets_in_another_system_count_by_what_was_read_of_them(database: Database) -> None:
    when = at("2026-11-20T10:00")
    for n, (state, looked) in enumerate(
        (("closed", when), ("closed", when - timedelta(days=30)), ("open", when), ("new", None), ("", when))
    ):
        end_a_call(database, f"r{n}", wrap_up=0, at=when - timedelta(hours=1), operator="4271")
        with database.transaction() as session:
            entry = session.get_one(OutboxEntry, f"r{n}")
            entry.backend, entry.reference, entry.type, entry.state = "rt", str(900 + n), "PA", state
            entry.looked_at, entry.made_at = looked, when - timedelta(minutes=5)
    end_a_call(database, "late", wrap_up=0, at=when)
    end_a_call(database, "later", wrap_up=0, at=at("2026-12-01T00:00"))
    got = of(database, NOVEMBER)
    assert [(one.number, one.backend) for one in got.closed] == [("900", "rt")] and counts(got) == {"PA": 1}
    assert (got.unknown, got.undelivered, got.specialists_unknown) == (2, 1, 1)
    with database.transaction() as session:
        outbox.looked(session, ["r3"], {"r3": "closed"}, when)
    assert counts(of(database, NOVEMBER)) == {"PA": 2} and of(database, NOVEMBER).unknown == 1


def changes(*given: tuple[str, str, str, str]) -> list[TicketChange]:
    return [TicketChange(ticket=1, at=at(when), by="x", what=what, old=old, new=new) for when, what, old, new in given]


def test_pure_parts() -> None:
    history = changes(
        ("2026-10-31T23:00", "state", "new", "closed"),
        ("2026-10-31T23:30", "state", "closed", "open"),
        ("2026-11-05T10:00", "type", "Q", "A"),
        ("2026-11-30T10:00", "state", "open", "closed"),
        ("2026-12-01T00:00", "state", "closed", "open"),
    )
    found = lasting(history, ROME)
    assert found is history[3]
    assert lasting(history[:2], ROME) is None and lasting([], ROME) is None
    assert as_of(history, "type", "A", at("2026-11-05T10:00")) == "Q"
    assert as_of(history, "type", "A", at("2026-11-06T10:00")) == "A"
    assert month_bounds(date(2026, 12, 15), ROME) == (at("2026-12-01T00:00"), at("2027-01-01T00:00"))
    many = [Closed(str(n), "embedded", "Q", at("2026-11-01T10:00"), "x", False) for n in range(360_001)]
    assert next(price(many, CONTRACT)).amount == Decimal("1152003.20"), "to the cent"


@pytest.mark.parametrize("specialist_is", ["instead", "besides"])
def test_the_workbooks_formulas_come_to_the_same(
    database: Database, change: Change, tmp_path: Path, specialist_is: str
) -> None:
    for number in range(1, 13):
        change(number, "2026-11-06T10:00", "state", "closed")
    for number in (1, 3, 4, 7):
        change(number, "2026-11-06T11:00", "specialist", "yes")
    with database.transaction() as session:
        session.get_one(Ticket, 2).type = "A"  # makes the types differ in number
    prices = Prices(PRICES, Decimal("0.90"), specialist_is)  # type: ignore[arg-type]
    got = of(database, NOVEMBER, prices)
    file = tmp_path / "november.xlsx"
    file.write_bytes(workbook(got, ROME, specialist_is))
    assert recomputed(file, len(got.lines)) == (
        [(line.what, float(line.tickets), float(line.price), float(line.amount)) for line in got.lines],
        float(got.total),
    )
    file.write_bytes(workbook(of(database, date(2026, 1, 1)), ROME, specialist_is))
    assert recomputed(file, len(got.lines))[1] == 0.0, "a month without tickets"


def recomputed(file: Path, lines: int) -> tuple[list[tuple[str, float, float, float]], float]:
    """By a spreadsheet engine that does not look at what we computed: first all that was kept is put out."""
    model = ironcalc.load_from_xlsx(str(file), "en", "UTC", "en")
    for row in range(FIRST + 1, FIRST + lines + 2):
        for column in (2, 4):
            content = model.get_cell_content(0, row, column)
            assert content.startswith("=") or (row == FIRST + lines + 1 and column == 2)
    model.evaluate()

    def cell(row: int, column: int) -> str:
        return str(model.get_formatted_cell_value(0, row, column)).replace(",", "")

    rows = [
        (cell(row, 1), float(cell(row, 2)), float(cell(row, 3)), float(cell(row, 4)))
        for row in range(FIRST + 1, FIRST + lines + 1)
    ]
    return rows, float(cell(FIRST + lines + 1, 4))
