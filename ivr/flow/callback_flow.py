"""The flow that who is called back hears, where the queue names none: the notice, then the operator, then the end."""

from dataclasses import replace

from ivr.flow.builtin import LANGUAGES
from ivr.flow.model import Book, Flow
from ivr.flow.verbs import hangup, play, queue

NAME = "(callback)"


def with_callback(book: Book, name: str) -> tuple[Book, str]:
    """(a book that has it, its name) of the flow for callbacks of queue `name`."""
    wanted = book.queues[name].callback
    if wanted in book.flows:
        return book, wanted
    asked = {"name": name, "skills": ["language"], "max_wait": "5m"}
    exits = dict.fromkeys(("served", "timeout", "full", "unstaffed"), "end")
    nodes = {
        "notice": play.Model.model_validate({"play": "callback-notice", "next": "operator"}),
        "operator": queue.Model.model_validate({"queue": asked, **exits}),
        "end": hangup.Model.model_validate({"hangup": "normal"}),
    }
    flow = Flow(NAME, LANGUAGES, "notice", nodes, {})
    return replace(book, flows={**book.flows, NAME: flow}), NAME
