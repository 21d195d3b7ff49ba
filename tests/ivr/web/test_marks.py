"""Marks on the time line, from journeys as calls leave them."""

from datetime import timedelta

from ivr.store.schema import JourneyEntry
from ivr.web.marks import Mark, marks
from tests.recordings.conftest import MORNING

Told = tuple[float, str] | tuple[float, str, dict[str, str]]


def journey(*told: Told) -> list[JourneyEntry]:
    return [
        JourneyEntry(
            call_id="c", seq=seq, at=MORNING + timedelta(seconds=at), kind=kind,
            node="4271" if kind == "connected" else "", detail=detail[0] if detail else {},
        )
        for seq, (at, kind, *detail) in enumerate(told, 1)
    ]  # fmt: skip


def test_hold_pause_and_a_consult() -> None:
    rows = journey(
        (0, "operator", {"recording": "on"}), (10, "connected"), (15, "held"), (20, "resumed"),
        (22, "recording-paused"), (24, "recording-resumed"), (30, "consulting", {"to": "@4272"}),
        (33, "consulted", {"other": "4272"}), (35, "three-way"), (40, "consult-ended"), (50, "held"),
        (60, "conversation-ended"),
    )  # fmt: skip
    assert marks(rows, 0, 1) == [
        Mark("hold", 5, 10), Mark("pause", 12, 14), Mark("hold", 20, 25), Mark("hold", 40, 50)
    ]  # fmt: skip


def test_each_conversation_has_its_own() -> None:
    rows = journey(
        (0, "connected"), (5, "held"), (6, "resumed"), (10, "conversation-ended"),
        (20, "connected"), (21, "recording-failed"), (22, "held"), (25, "conversation-ended"),
        (30, "connected"), (32, "recording-paused"), (40, "conversation-ended"),
    )  # fmt: skip
    assert marks(rows, 0, 2) == [Mark("hold", 5, 6)] and marks(rows, 1, 2) == [Mark("pause", 2, 10)]
    assert marks(rows, 0, 3) == [], "which is which cannot be said"


def test_paused_from_the_start_and_not_recorded_at_all() -> None:
    paused = (0, "operator", {"recording": "paused"}), (1, "connected"), (9, "recording-resumed")
    assert marks(journey(*paused, (20, "conversation-ended")), 0, 1) == [Mark("pause", 0, 8)]
    off = journey((0, "operator", {"recording": "off"}), (1, "connected"), (3, "held"), (9, "conversation-ended"))
    assert marks(off, 0, 1) == []
    assert marks(journey(*paused), 0, 1) == [], "it is not over yet"
