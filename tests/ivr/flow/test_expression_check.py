import time

import pytest

from ivr.flow.expression_check import Scope
from ivr.flow.expressions import MOST_ITEMS, ExpressionError, evaluate

SCOPE = Scope({"reason": "", "tries": 0, "share": 0.5, "asked": False, "notice": ""}, frozenset({"notice"}))


@pytest.mark.parametrize(
    "source",
    [
        'caller.district in ["0471", "0472"] && tries < 3', "asked ? reason : caller.number", "now.getHours() < 12",
        "reason.startsWith('a') || reason.size() > 3", "string(tries) + reason", "[1, 2].exists(x, x == tries)",
        # What only some values bring about is no mistake of types.
        "1 / tries", "10 % tries", "int(reason)", "[1, 2][tries + 1]", "{'a': 1}[reason]", "double(reason) > 1.0",
        # What a web service sends is known in a call only.
        "notice.amount > 100", "notice.lines.all(x, x.paid)", "notice == 'x'",
    ],
)  # fmt: skip
def test_good_expressions(source: str) -> None:
    assert SCOPE.problem(source) is None


@pytest.mark.parametrize(
    ("source", "wants", "code", "hint"),
    [
        ("reason + 1", "any", "type", "reason is text"),
        ("caller.number > 5", "any", "type", "caller.number is text"),
        ("tries + share", "any", "type", "share is a number with a fraction, tries is a whole number"),
        ("!reason", "any", "type", "reason is text"),
        ("tries", "bool", "type", "compare it with something"),
        ("tries + 1", "string", "type", "convert it: string(…)"),
        ("reason.startsWith(1)", "any", "type", "reason is text"),
        ("reson == 'x'", "any", "undeclared", "did you mean 'reason'?"),
        ("caller.numbr", "any", "expression", "did you mean 'number'?"),
        ("reason.startWith('a')", "any", "expression", "did you mean 'startsWith'?"),
        ("reason = 'x'", "any", "expression", "two values are compared with =="),
        ("reason ==", "any", "expression", ""),
        ("(" * 900, "any", "expression", ""),
        ("1" + "+1" * 60, "any", "expression", ""),
        ("'" + "x" * 1000 + "'", "any", "expression", ""),
        ("[1].map(x, [2].map(y, x + y))", "any", "expression", ""),
    ],
)
def test_what_is_wrong_and_what_to_do(source: str, wants: str, code: str, hint: str) -> None:
    problem = SCOPE.problem(source, wants)
    assert problem is not None and (problem.code, problem.hint) == (code, hint)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Lei ha {tries} tentativi, {caller.number | digits}, {now | time}, {queue.wait | duration}.", None),
        ("{triess}", "undeclared"),
        ("{caller.x}", "expression"),
        ("{tries | loud}", "expression"),
        ("{reason | date}", None),  # text of a date, as `collect` leaves it
        ("{reason | amount}", None),
        ("{tries | date}", "type"),
        ("{asked | amount}", "type"),
        ("{asked | duration}", "type"),
        ("da {tries a", "expression"),
        ("{tries + 1}", "expression"),
    ],
)
def test_values_in_texts(text: str, code: str | None) -> None:
    problem = SCOPE.text_problem(text)
    assert (problem and problem.code) == code


def test_no_expression_takes_long_or_makes_much() -> None:
    long = list(range(MOST_ITEMS + 1))
    with pytest.raises(ExpressionError, match="too long to go through"):
        evaluate("xs.map(x, x + 1)", {"xs": {"within": long}["within"]})
    with pytest.raises(ExpressionError, match="the value is too long"):
        evaluate("x + x + x", {"x": "y" * 16_000})
    begun = time.process_time()
    assert len(evaluate("xs.map(x, x + 1)", {"xs": long[:-1]})) == MOST_ITEMS
    evaluate("x" + "+x" * 49, {"x": "y" * 300})
    assert time.process_time() - begun < 1
    with pytest.raises(ExpressionError):
        evaluate("1 / x", {"x": 0})
    with pytest.raises(ExpressionError):
        evaluate("[1][x]", {"x": 9})
