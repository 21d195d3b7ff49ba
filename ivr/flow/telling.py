"""A journey as programs read it (`told`) and as people do (`line`)."""

from collections.abc import Iterator, Sequence
from typing import Any

from ivr.flow.simulator import Entry


def told(journey: Sequence[Entry], first: int = 0) -> Iterator[dict[str, Any]]:
    """The entries from number `first` on as people and programs read them: each has `at`, `node`, `verb` and one of
    `heard` (with `language` and `text`), `pressed`, `waited` (seconds), `exit` (with `to`), or `note` with its details.
    """
    for number in range(first, len(journey)):
        entry = journey[number]
        event: dict[str, Any] = {"at": entry.at, "node": entry.node, "verb": entry.verb}
        match entry.kind:
            case "prompt":
                yield event | {
                    "heard": entry.detail["prompt"],
                    "language": entry.detail["language"],
                    "text": entry.text,
                }
            case "pressed":
                yield event | {"pressed": entry.detail["key"]}
            case "waited":
                yield event | {"waited": entry.detail["seconds"]}
            case "node":
                before = next((one for one in reversed(journey[:number]) if one.kind == "node"), None)
                if before:
                    event |= {"node": before.node, "verb": before.verb}
                    yield event | {"exit": entry.detail["exit"], "to": entry.node}
            case kind:
                yield event | {"note": kind} | entry.detail


def line(event: dict[str, Any]) -> str:
    """One event of `told` for people; "" for what another event has said already."""
    at = f"{event['at']:7.1f} s  "
    if "heard" in event:
        return f'{at}"{event["text"]}"  ({event["language"]}, {event["heard"]})'
    if "pressed" in event:
        return f"{at}  > {event['pressed']}"
    if "waited" in event:
        return f"{at}  > {event['waited']:g} s pass"
    if "to" in event:
        return f"{at}  {event['node']} --{event['exit']}--> {event['to']}"
    if event["note"] in ("key", "caller-hung-up"):
        return ""  # said already, as what the caller did
    detail = " ".join(f"{key}={value}" for key, value in event.items() if key not in ("at", "node", "verb", "note"))
    return f"{at}  {event['note']} {detail}".rstrip()
