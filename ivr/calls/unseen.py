"""What its journey tells of a call whose end nobody saw: pure.

The journey is in the store a tenth of a second after it happened. What else the call knew was on its channel, and is
gone with that: the fields of its ticket, and the seconds that it waited.
"""

from collections.abc import Sequence
from typing import Any

from ivr.flow.model import Book
from ivr.flow.verbs import survey as survey_verb
from ivr.store import calls
from ivr.store.schema import JourneyEntry


def end(journey: Sequence[JourneyEntry], book: Book) -> dict[str, Any]:
    """The facts for `ivr.store.calls.finish`. `journey` in order; `book`: the flows that the call ran."""
    facts: dict[str, Any] = {"outcome": "", "queue": "", "operator": "", "language": "", "talked": 0.0}
    survey: dict[str, dict[str, int | None]] = {}
    flow, ours, kind, cut_off = "", False, "", False
    for row in journey:
        detail = row.detail
        match row.kind:
            case "node":
                flow = detail["flow"]
                if asked := _survey(book, flow, row.node):
                    survey[asked.name] = dict.fromkeys(asked.questions)
            case "survey" if asked := _survey(book, flow, row.node):
                survey[asked.name][detail["question"]] = detail["answer"]
            case "prompt":
                facts["language"] = detail["language"]
            case "hours":
                facts["outcome"] = "" if detail["status"] == "open" else "closed"
            case "queue":
                facts["queue"], facts["operator"] = detail["queue"], ""
            case "operator":
                facts["operator"] = detail["code"]
            case "conversation-ended":
                facts["talked"] += float(detail["seconds"])
            case "ticket":
                kind = detail["type"]
                facts["ticket"] = {"type": kind, "subject": detail["subject"], "fields": {}}
            case "callback":
                facts["outcome"], facts["queue"] = "callback", detail["queue"]
            case "hangup":
                ours = True
            case calls.CUT_OFF:
                cut_off = True
    if facts["operator"]:
        facts["outcome"] = "served"
    elif not facts["outcome"]:
        to_the_end = (ours or kind == "B") and not facts["queue"]
        facts["outcome"] = "self-served" if to_the_end else "failed" if cut_off else "abandoned"
    return facts | {"survey": survey}


def _survey(book: Book, flow: str, node: str) -> Any:
    found = book.flows[flow].nodes.get(node) if flow in book.flows else None
    return found.survey if isinstance(found, survey_verb.Model) else None
