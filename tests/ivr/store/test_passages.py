from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from ivr.store import calls
from ivr.store.database import Database
from ivr.store.passages import HUNG_UP, HUNG_UP_TALKING, passages

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = (NOON - timedelta(hours=12), NOON + timedelta(hours=12))
Note = tuple[str, str, dict[str, str]]


def node(name: str, exit: str, flow: str = "main") -> Note:
    return "node", name, {"flow": flow, "exit": exit}


def hung_up(name: str, flow: str = "main") -> Note:
    return "caller-hung-up", name, {"flow": flow}


def store(database: Database, id: str, notes: Iterable[Note], at: datetime = NOON) -> None:
    with database.transaction() as session:
        calls.start(
            session, id=id, channel=id, controller="1", called="", caller="", flow="main", language="it", started_at=at
        )
        rows = [
            {"call_id": id, "seq": number, "at": at, "kind": kind, "node": name, "detail": detail}
            for number, (kind, name, detail) in enumerate(notes)
        ]
        calls.add_journey(session, rows)


def counted(database: Database, flow: str = "main") -> set[tuple[str, str, str, int]]:
    with database.read() as session:
        return set(passages(session, flow, *DAY))


def test_each_call_counts_once_an_arrow(database: Database) -> None:
    prompt = ("prompt", "menu", {"prompt": "m"})
    loop = [node("menu", "start"), prompt, node("menu", "menu.choices.9"), prompt, node("menu", "menu.choices.9")]
    store(database, "a", [*loop, node("end", "otherwise")])
    store(database, "b", [node("menu", "start"), node("end", "menu.choices.1")])
    assert counted(database) == {
        ("", "start", "menu", 2),
        ("menu", "menu.choices.9", "menu", 1),
        ("menu", "otherwise", "end", 1),
        ("menu", "menu.choices.1", "end", 1),
    }


def test_who_hangs_up_in_a_conversation_is_told_apart(database: Database) -> None:
    spoke = [node("wait", "start"), ("operator", "wait", {"code": "4271"})]
    store(database, "a", [node("wait", "start"), hung_up("wait")])
    store(database, "b", [*spoke, hung_up("wait")])
    store(database, "c", [*spoke, ("operator-lost", "wait", {}), hung_up("wait")])
    assert counted(database) == {
        ("", "start", "wait", 3),
        ("wait", "", HUNG_UP, 2),
        ("wait", "", HUNG_UP_TALKING, 1),
    }


def test_a_subflow_has_a_way_of_its_own(database: Database) -> None:
    inner = [node("ask", "subflow", "identify"), node("done", "next", "identify")]
    store(database, "a", [node("one", "start"), *inner, node("two", "next")])
    store(database, "b", [node("one", "start"), inner[0], hung_up("ask", "identify")])
    assert counted(database) == {("", "start", "one", 2), ("one", "next", "two", 1)}
    assert counted(database, "identify") == {
        ("", "subflow", "ask", 2),
        ("ask", "next", "done", 1),
        ("ask", "", HUNG_UP, 1),
    }


def test_a_subflow_run_twice_is_entered_twice(database: Database) -> None:
    inner = [node("ask", "subflow", "identify"), node("done", "next", "identify")]
    store(database, "a", [node("one", "start"), *inner, node("two", "next"), *inner, node("three", "next")])
    assert counted(database, "identify") == {("", "subflow", "ask", 1), ("ask", "next", "done", 1)}


def test_journeys_of_before_exits_were_noted(database: Database) -> None:
    store(database, "a", [("node", "hello", {}), ("node", "end", {}), ("caller-hung-up", "end", {})])
    assert counted(database) == {("", "", "hello", 1), ("hello", "", "end", 1), ("end", "", HUNG_UP, 1)}


def test_only_calls_of_these_days(database: Database) -> None:
    store(database, "early", [node("hello", "start")], DAY[0] - timedelta(seconds=1))
    store(database, "late", [node("hello", "start")], DAY[1])
    assert counted(database) == set()
