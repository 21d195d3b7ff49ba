"""How the conversation stands for the page, from the journey that the controller writes."""

from datetime import UTC, datetime

import pytest

from ivr.calls.talk import Talk
from ivr.store.schema import JourneyEntry
from ivr.web.talking import talk_of

ANNA, BRUNO = "4271", "4272"
ON = ("operator", "", {"recording": "on"})
CONNECTED = ("connected", ANNA, {})
CONSULTING = ("consulting", "", {"operator": ANNA, "to": f"@{BRUNO}"})
CONSULTED = ("consulted", "", {"operator": ANNA, "other": BRUNO})
Row = tuple[str, str, dict[str, str]]


def told(*rows: Row) -> Talk | None:
    at = datetime.now(UTC)
    return talk_of([JourneyEntry(at=at, kind=kind, node=node, detail=detail) for kind, node, detail in rows])


def note(kind: str) -> Row:
    return (kind, "", {"operator": ANNA})


@pytest.mark.parametrize(
    ("rows", "stands"),
    [
        ((ON,), None),
        ((ON, CONNECTED), Talk(ANNA)),
        ((("operator", "", {"recording": "off"}), CONNECTED), Talk(ANNA, recorded=False)),
        ((("operator", "", {"recording": "paused"}), CONNECTED), Talk(ANNA, paused=True)),
        ((ON, CONNECTED, note("held")), Talk(ANNA, held=True)),
        ((ON, CONNECTED, note("held"), note("resumed")), Talk(ANNA)),
        ((ON, CONNECTED, note("muted"), note("recording-paused")), Talk(ANNA, paused=True, muted=True)),
        ((ON, CONNECTED, note("muted"), note("unmuted"), note("recording-resumed")), Talk(ANNA)),
        ((ON, CONNECTED, CONSULTING), Talk(ANNA, held=True, other=BRUNO, with_other="asking")),
        ((ON, CONNECTED, CONSULTING, CONSULTED), Talk(ANNA, held=True, other=BRUNO, with_other="consulting")),
        ((ON, CONNECTED, CONSULTING, note("consult-ended")), Talk(ANNA, held=True)),  # nobody came
        ((ON, CONNECTED, CONSULTING, note("consult-ended"), note("resumed")), Talk(ANNA)),  # came back
        ((ON, CONNECTED, CONSULTING, CONSULTED, note("three-way")), Talk(ANNA, other=BRUNO, with_other="three-way")),
        ((ON, CONNECTED, note("muted"), CONSULTING, CONSULTED, ("connected", BRUNO, {}), ON), Talk(BRUNO)),
        ((ON, CONNECTED, note("conversation-ended")), None),
        ((ON, CONNECTED, note("held"), note("conversation-ended"), ON, ("connected", BRUNO, {})), Talk(BRUNO)),
    ],
)
def test_it_stands_as_the_controller_has_it(rows: tuple[Row, ...], stands: Talk | None) -> None:
    assert told(*rows) == stands
