from ivr.acd import words as w
from ivr.acd.overview import Waits, overview
from ivr.acd.router import step
from ivr.acd.state import personal
from tests.ivr.acd.floors import floor


def test_who_waits_in_the_order_of_their_turns_and_who_could_serve_them() -> None:
    state = floor("1", "2")
    step(state, w.Paused("2", "lunch"), 1)
    step(state, w.Arrived("a", "q", ("it",), language="it"), 1)  # rings at 1
    step(state, w.Arrived("b", "q", ("it",), language="it"), 2)
    step(state, w.Arrived("c", "q", ("it",), priority=1, language="it"), 3)
    step(state, w.Arrived("d", "@2", terms=personal("2")), 3)
    (queue,) = overview(state, 5).queues
    assert (queue.name, queue.operators) == ("q", {"offered": 1, "paused": 1})
    assert [call.id for call in queue.calls] == ["c", "a", "b"]
    assert queue.calls[1] == Waits("a", "it", ("it",), 0, 4.0, ("1",))
