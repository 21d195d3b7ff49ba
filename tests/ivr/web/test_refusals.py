"""Every refusal that reaches a page has its Italian words."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ivr.web.refusals import said, sentences

ROOT = Path(__file__).parents[3] / "ivr"
SAY = ("Refused", "LinkError", "_only")
REFUSE = ("calls/talk.py", "calls/commands.py", "calls/conversation.py", "acd/commands.py", "acd/floor.py")
REFUSE += ("acd/overview.py", "control_room/lines.py")
SAY_CRITERIA = ("CriterionError", "ValueError", "NoPlace", "SampleError", "UnknownSample", "Deleted", "Pending")
SAY_CRITERIA += ("CatalogueError", "DeskError", "UnknownTicket", "SearchError")
OF_RECORDINGS = ("criteria", "strata", "drawing", "samples", "review", "pseudonyms")
REFUSE_CRITERIA = [f"recordings/{name}.py" for name in OF_RECORDINGS]
REFUSE_CRITERIA += ["ivr/days.py", "ivr/store/paging.py", "ivr/tickets/desk.py", "ivr/tickets/search.py"]


def refusals() -> Iterator[str]:
    """As they stand in the code, with {} for what is put in."""
    for name in REFUSE:
        for node in ast.walk(ast.parse((ROOT / name).read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in SAY:
                yield from texts(node.args[-1])
    router = ast.parse((ROOT / "acd/router.py").read_text("utf-8"))
    why = next(one for one in ast.walk(router) if isinstance(one, ast.FunctionDef) and one.name == "refusal")
    for node in ast.walk(why):
        if isinstance(node, ast.Return) and node.value:
            yield from texts(node.value)


def criteria() -> Iterator[str]:
    """Of searches and samples, without the criterion's name in front."""
    for name in REFUSE_CRITERIA:
        for node in ast.walk(ast.parse((ROOT.parent / name).read_text("utf-8"))):
            if not isinstance(node, ast.Raise) or not isinstance(call := node.exc, ast.Call):
                continue
            if isinstance(call.func, ast.Name) and call.func.id in SAY_CRITERIA:
                yield from (re.sub(r"^(\{}|[a-z]+): ", "", text) for text in texts(call.args[0]))


def texts(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Constant(str(text)) if text:
            yield text
        case ast.JoinedStr(parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
        case ast.IfExp(body=body, orelse=orelse):
            yield from texts(body)
            yield from texts(orelse)


def test_each_is_there_and_none_that_nobody_says() -> None:
    controllers, others = set(refusals()), set(criteria()) - {"{}"}
    assert len(controllers) > 25 and len(others) > 25
    assert sentences("it").keys() == controllers | others
    assert all(ours.count("{}") == theirs.count("{}") for theirs, ours in sentences("it").items())


def test_they_are_said_with_what_was_put_in() -> None:
    assert said("operator 4272 is paused", "it") == "l'operatore 4272 è: in pausa"
    moved = said("the call waits in the queue tax, not in desk", "it")
    assert moved == "la chiamata attende nella coda tax, non in desk"
    assert said("operator 4272 is paused", "en") == "operator 4272 is paused"
    assert said("something new", "it") == "something new"


def test_of_a_ticket_states_and_fields_are_named() -> None:
    refused = said("state: a ticket that is closed cannot become 'resolved'; open, waiting", "it", "tickets")
    assert refused == "Stato: un ticket chiuso non può diventare «risolto»; è possibile: aperto, in attesa"
    assert said("from: there is no 2027-02-30", "it", "tickets") == "Aperto dal: 2027-02-30 non c'è"


def test_of_a_criterion_its_field_is_named() -> None:
    assert said("to: there is no 2027-02-30", "it") == "Al: 2027-02-30 non c'è"
    assert said("queue: a value is empty, too long, or has characters that cannot be read", "it").startswith("Coda: un")
    assert said("by: names a criterion twice", "it") == "Strati per: un criterio è indicato due volte"
    assert said("colour: there is no such criterion; from, to", "it").startswith("colour: questo criterio non c'è")
    assert said("to: there is no 2027-02-30", "en") == "To: there is no 2027-02-30"
