"""Every refusal that reaches a page has its Italian words."""

import ast
from collections.abc import Iterator
from pathlib import Path

from ivr.web.refusals import said, sentences

ROOT = Path(__file__).parents[3] / "ivr"
SAY = ("Refused", "LinkError", "_only")
REFUSE = ("calls/talk.py", "calls/commands.py", "calls/conversation.py", "acd/commands.py", "acd/floor.py")
REFUSE += ("acd/overview.py", "control_room/lines.py")


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
    found = set(refusals())
    assert len(found) > 25
    assert sentences("it").keys() == found
    assert all(ours.count("{}") == theirs.count("{}") for theirs, ours in sentences("it").items())


def test_they_are_said_with_what_was_put_in() -> None:
    assert said("operator 4272 is paused", "it") == "l'operatore 4272 è: in pausa"
    moved = said("the call waits in the queue tax, not in desk", "it")
    assert moved == "la chiamata attende nella coda tax, non in desk"
    assert said("operator 4272 is paused", "en") == "operator 4272 is paused"
    assert said("something new", "it") == "something new"
