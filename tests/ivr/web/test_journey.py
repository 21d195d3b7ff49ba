"""A call's journey as its operator reads it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ivr.flow.loader import load
from ivr.flow.model import Book
from ivr.store.schema import JourneyEntry
from ivr.web.journey import Line, lines
from ivr.web.labels import labels
from tests.ivr.web.conftest import write_flows

BEGAN = datetime(2026, 11, 24, 9, tzinfo=UTC)
EMPTY = Book({}, {}, {})


def told(*happened: tuple[str, str, dict[str, Any]], book: Book = EMPTY, language: str = "it") -> list[Line]:
    rows = [
        JourneyEntry(call_id="c", seq=seq, at=BEGAN + timedelta(seconds=seq), kind=kind, node=node, detail=detail)
        for seq, (kind, node, detail) in enumerate(happened, 1)
    ]
    return lines(rows, BEGAN, book, "sportello", labels(language)["journey"], language)


def test_a_key_stands_with_what_was_being_said_in_the_pages_language(tmp_path: Path) -> None:
    book = load(write_flows(tmp_path / "flows"))
    found = told(
        ("prompt", "welcome", {"prompt": "welcome", "language": "en"}),
        ("node", "choose", {"flow": "sportello", "exit": "next"}),
        ("prompt", "choose", {"prompt": "choose", "language": "en"}),
        ("key", "choose", {"key": "1"}),
        ("node", "waiting", {"flow": "sportello", "exit": "menu.choices.1"}),
        ("queue", "waiting", {"queue": "desk"}),
        book=book,
    )
    assert found == [
        {"at": 1.0, "kind": "heard", "text": "Benvenuti, la chiamata sarà registrata."},
        {"at": 4.0, "kind": "key", "text": "Ha premuto 1", "at_prompt": "Prema uno per un operatore."},
        {"at": 6.0, "kind": "queue", "text": "Attende nella coda desk"},
    ]


def test_what_people_did_is_told_beside_what_the_flow_did() -> None:
    found = told(
        ("language", "german", {"language": "de"}),
        ("ticket", "reason", {"type": "", "subject": "Payments"}),
        ("offer", "", {"operator": "4272"}),
        ("offer-missed", "", {"operator": "4272"}),
        ("connected", "4271", {}),
        language="en",
    )
    assert [one["text"] for one in found] == [
        "Language: German", "Reason: Payments", "Operator 4272 did not answer", "Operator 4271 answered",
    ]  # fmt: skip


def test_secret_digits_are_counted_and_never_shown_and_old_entries_lack_what_new_ones_have() -> None:
    found = told(("digits", "ask", {"count": 16}), ("digits", "ask", {"digits": "42"}), ("ticket", "old", {"type": ""}))
    assert [one["text"] for one in found] == ["Ha digitato 16 cifre", "Ha digitato 42", "Motivo: "]
