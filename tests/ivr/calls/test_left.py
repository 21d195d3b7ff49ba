"""What is known of a dead controller's calls while the store is away."""

from datetime import UTC, datetime

from ivr.calls.kept import Kept
from ivr.calls.left import MANY, left
from ivr.flow import words
from ivr.store import writes

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)


def word(call: str, journey: int = 0) -> Kept:
    return Kept(
        call, 3, "line", words.Facts(call, "1500", "+39061"), words.State("line", "hello", "it"), journey=journey
    )


def started(call: str, channel: str) -> writes.StartCall:
    return writes.StartCall(
        writes.Beginning(
            id=call, channel=channel, controller="dead", called="1500", caller="+39062", flow="line", version=4,
            started_at=NOW,
        )
    )  # fmt: skip


def noted(call: str, *numbers: int) -> writes.AddJourney:
    return writes.AddJourney(
        [writes.Entry(call_id=call, seq=seq, at=NOW, kind="node", node="a", detail={}) for seq in numbers]
    )


def ended(call: str) -> writes.FinishCall:
    return writes.FinishCall(
        call,
        writes.Ending(
            ended_at=NOW, ticket_due_at=NOW, outcome="served", language="it", flow="line", version=4, queue="",
            operator="", disposition="", waited=0.0, talked=0.0, ticket={}, survey={},
        ),
    )  # fmt: skip


def test_who_lives_goes_on_from_the_word_on_the_channel_and_nothing_is_numbered_twice() -> None:
    kept = [started("b", "chan-b"), noted("b", 1, 2), noted("a", 41, 42), noted("b", 3)]
    found = left("me", {"chan-a": word("a", 40), "chan-b": word("b", 2), "chan-old": word("o")}, kept)
    assert {(row.id, row.channel, row.version, last) for row, last in found.calls} == {
        ("a", "chan-a", 3, 42),
        ("b", "chan-b", 3, 3),
        ("o", "chan-old", 3, MANY),  # of a version that did not say it yet
    }
    assert all((row.controller, row.called) == ("me", "1500") for row, _ in found.calls) and not found.over


def test_one_that_had_no_word_yet_is_known_by_its_beginning() -> None:
    [(row, last)] = left("me", {"chan-b": None}, [started("b", "chan-b"), noted("b", 1)]).calls
    assert (row.id, row.caller, row.version, last) == ("b", "+39062", 4, 1)


def test_what_nobody_knows_waits_for_the_store() -> None:
    found = left("me", {"chan-x": None, "a-operator-1": None}, [noted("a", 1)])
    assert (found.calls, found.over) == ([], [])


def test_one_that_had_ended_is_hung_up_and_not_begun_again() -> None:
    found = left("me", {"chan-a": word("a", 5)}, [noted("a", 6), ended("a")])
    assert (found.calls, found.over) == ([], ["chan-a"])
