"""A call's journey as its operator reads it: what the caller chose, heard and waited for, in the page's words. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from ivr.calls.journal import entry
from ivr.flow.model import Book
from ivr.flow.telling import told
from ivr.store.schema import JourneyEntry

LONGEST = 110  # letters of a prompt that are shown
Line = dict[str, Any]


def lines(
    rows: Sequence[JourneyEntry], began: datetime, book: Book, flow: str, words: dict[str, Any], language: str
) -> list[Line]:
    """`rows`: the journey, in order. `words`: the catalogue's section `journey`. Each line is `{"at": seconds, "kind",
    "text"}`, and with a key pressed `"at_prompt"`, what was being said."""
    entries = []
    for row in rows:
        flow = row.detail.get("flow", flow) if row.kind == "node" else flow
        entries.append(entry(row, began, book, flow, language))
    return list(_told(told(entries), words))


def _told(events: Iterator[dict[str, Any]], words: dict[str, Any]) -> Iterator[Line]:
    heard: Line | None = None  # is told when no key follows: then it was information
    for event in events:
        if "heard" in event:
            if heard:
                yield heard
            heard = _line(event, "heard", _short(event["text"])) if event["text"] and event["verb"] != "queue" else None
            continue
        if event.get("note") == "key":
            pressed = _line(event, "key", words["key"].format(**event))
            yield pressed | ({"at_prompt": heard["text"]} if heard else {})
            heard = None
            continue
        if "exit" in event:  # where the flow went is its designer's business
            continue
        if heard and event["verb"] != "menu":
            yield heard
            heard = None
        kind = str(event.get("note", ""))
        if kind == "digits" and "count" in event:  # they were secret
            kind = "digits-hidden"
        if kind in words and kind not in ("heard", "key"):
            yield _line(event, kind, _filled(words, kind, event))
    if heard:
        yield heard


def _filled(words: dict[str, Any], kind: str, event: dict[str, Any]) -> str:
    """`{value}` of a kind is put into words by its own entry `KIND_VALUE`, if there is one."""
    values = {name: words.get(f"{kind}_{value}", value) for name, value in event.items()}
    if str(values.get("to", "")).startswith("@"):  # the queue of one operator alone
        values["to"] = values["to"][1:]
    return str(words[kind]).format_map(_Lenient(values))


class _Lenient(dict[str, Any]):
    """What a catalogue names and an old journey does not have is left out."""

    def __missing__(self, key: str) -> str:
        return ""


def _line(event: dict[str, Any], kind: str, text: str) -> Line:
    return {"at": event["at"], "kind": kind, "text": text}


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST].rsplit(" ", 1)[0] + " …"
