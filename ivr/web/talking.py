"""How a conversation stands, read from the journey of its call. Pure."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from ivr.calls.talk import Talk, alone, answered
from ivr.store.schema import JourneyEntry


def talk_of(rows: Iterable[JourneyEntry]) -> Talk | None:
    """`rows`: the journey, in order; None while nobody speaks with the caller."""
    return next((talk for _, talk in reversed(list(talks(rows)))), None)


def talks(rows: Iterable[JourneyEntry]) -> Iterator[tuple[JourneyEntry, Talk | None]]:
    """Each entry of the journey, with how the conversation stands after it."""
    talk: Talk | None = None
    recording = "on"
    for row in rows:
        if row.kind == "operator" and talk is None:
            recording = str(row.detail.get("recording", recording))
        elif row.kind == "connected":
            talk = Talk(row.node, talk.recorded, talk.paused) if talk else _begun(row.node, recording)
        elif row.kind == "conversation-ended":
            talk = None
        elif talk:
            talk = _after(talk, row)
        yield row, talk


def _begun(operator: str, recording: str) -> Talk:
    return Talk(operator, recording != "off", recording == "paused")


def _after(talk: Talk, row: JourneyEntry) -> Talk:
    match row.kind:
        case "held" | "resumed":
            return replace(talk, held=row.kind == "held")
        case "muted" | "unmuted":
            return replace(talk, muted=row.kind == "muted")
        case "recording-paused" | "recording-resumed":
            return replace(talk, paused=row.kind == "recording-paused")
        case "consulting":
            return replace(talk, held=True, other=str(row.detail["to"]).removeprefix("@"), with_other="asking")
        case "consulted":
            return answered(talk, str(row.detail["other"]))
        case "three-way":
            return replace(talk, held=False, with_other="three-way")
        case "consult-ended":
            return alone(talk)
    return talk
