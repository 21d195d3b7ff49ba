"""What the load's report counts as a broken promise."""

from collections.abc import Mapping
from dataclasses import replace

from bench.queues.history import History, Kind, Span, Staff, Stands, Way
from bench.queues.promises import broken

TAX = Kind("tax", ("it",))
EXPERT = Kind("tax", ("it", "rates>=4"))


def way(call: str, waits: tuple[float, float], rings: tuple[str, float, float], talks: float, kind: Kind = TAX) -> Way:
    """It waits, rings at an operator, and talks with them until `talks`."""
    code, begin, end = rings
    ringing, talking = Span(call, begin, end, code), Span(call, end, talks, code)
    return Way(call, kind, waits[0], talks, [Span(call, *waits)], [ringing], [talking])


def staff(code: str, *stands: tuple[str, float, float, str]) -> Staff:
    return Staff(code, {"it": 5}, frozenset({"all"}), [Stands(*one) for one in stands], None)


# One operator serves two calls, one after the other.
A, B = way("a", (0, 10), ("1", 10, 11), 20), way("b", (1, 22), ("1", 22, 23), 30)
ONE = staff(
    "1",
    ("offered", 10, 11, "a"), ("talking", 11, 20, "a"), ("wrap-up", 20, 22, "a"),
    ("offered", 22, 23, "b"), ("talking", 23, 30, "b"), ("wrap-up", 30, 32, "b"),
)  # fmt: skip
GOOD = History({"a": A, "b": B}, {"1": ONE}, {"a": 1, "b": 1}, frozenset())


def found(history: History, placed: int = 2) -> Mapping[str, list[str]]:
    """The promises that were broken, by their first words."""
    return {promise.partition(" is ")[0]: what for promise, what in broken(history, placed).items() if what}


def with_call(changed: Way) -> History:
    return replace(GOOD, ways={**GOOD.ways, changed.call: changed})


def test_a_good_day() -> None:
    assert found(GOOD) == {}


def test_a_call_at_two_operators() -> None:
    twice = replace(A, rings=[*A.rings, Span("a", 10.5, 11.5, "2")])
    [(promise, what)] = found(with_call(twice)).items()
    assert promise == "a call" and "a at 1" in what[0] and "a at 2" in what[0]


def test_an_operator_with_two_calls() -> None:
    early = way("b", (1, 15), ("1", 15, 16), 30)
    assert "an operator has one offer or one call at a time" in found(with_call(early))


def test_an_idle_operator() -> None:
    idle = staff("2", ("ready", 0, 4, ""))
    [(promise, what)] = found(replace(GOOD, staff={"1": ONE, "2": idle})).items()
    assert promise == "nobody" and len(what) == 2, "both calls waited"
    expert = replace(GOOD, ways={call: replace(one, kind=EXPERT) for call, one in GOOD.ways.items()})
    assert found(replace(expert, staff={"1": ONE, "2": idle})) == {}, "who is not fit may be idle"
    able = replace(idle, skills={"it": 5, "rates": 4})
    assert found(replace(expert, staff={"1": ONE, "2": able})) != {}
    assert found(replace(GOOD, staff={"1": ONE, "2": staff("2", ("ready", 0, 0.4, ""))})) == {}


def test_a_call_is_overtaken() -> None:
    older = way("b", (-1, 22), ("1", 22, 23), 30)
    [(promise, what)] = found(with_call(older)).items()
    assert promise == "no call" and what[0].startswith("b waits") and "a came later" in what[0]
    assert found(with_call(replace(older, kind=EXPERT))) == {}, "calls of another kind may be served before"
    left = replace(older, waits=[Span("b", -1, 9.95)])
    assert found(with_call(left)) == {}, "who has left is not overtaken"


def test_a_call_is_lost() -> None:
    promise = "each call has one row, one end, one ticket"
    assert found(GOOD, placed=3)[promise] == ["3 calls were answered, 2 have a row"]
    assert found(with_call(replace(B, ended=None)))[promise] == ["b has no end"]
    assert found(replace(GOOD, tickets={"a": 1}))[promise] == ["b has 0 tickets"]
    assert found(replace(GOOD, tickets={"a": 2, "b": 1}))[promise] == ["a has 2 tickets"]
    assert promise in found(replace(GOOD, undelivered=frozenset({"a"})))


def test_a_day_that_does_not_add_up() -> None:
    promise = "operators' days add up"
    short = staff("1", ("talking", 11, 18, "a"), ("talking", 23, 30, "b"))
    assert found(replace(GOOD, staff={"1": short}))[promise][0].startswith("1 and a: the conversation")
    assert "1 and b" in found(replace(GOOD, staff={"1": staff("1", ("talking", 11, 20, "a"))}))[promise][0]
