"""A real call beside the simulated one: when things are to be done, and where two journeys differ."""

from datetime import UTC, datetime

from ivr.flow import comparing
from ivr.flow.simulator import Entry
from ivr.flow.trial import Act, Case, Operator, Result, Step, Test


def result(journey: list[Entry], script: list[Act]) -> Result:
    test = Test(name="it", at=datetime(2026, 11, 24, tzinfo=UTC), steps=(Step(press="1"),))
    return Result(Case("it.test.yaml", 3, "one", test, (7,), 9), journey=journey, script=script)


def in_queue(*acts: Act) -> Result:
    journey = [
        Entry(0, "node", "wait", "queue", {"flow": "one", "exit": "start"}),
        Entry(0, "queue", "wait", "queue", {"queue": "payments"}),
        Entry(0, "prompt", "wait", "queue", {"prompt": "queue-position", "language": "it"}),
    ]
    return result(journey, list(acts))


def test_a_short_wait_in_a_queue_is_waited_out() -> None:
    expected = in_queue(Act(2, 0, "wait", 15.0), Act(2, 15, "hangup"))
    assert comparing.lapse(expected) == 1
    assert comparing.quiet(expected, 1) == 15


def test_a_long_wait_in_a_queue_goes_by_faster() -> None:
    expected = in_queue(Act(2, 0, "wait", 600.0), Act(2, 600, "wait", 300.0), Act(2, 900.5, "hangup"))
    assert comparing.lapse(expected) == 30
    assert comparing.quiet(expected, 1) == 20
    assert comparing.quiet(expected, 2) == 30.5


def test_there_is_time_for_an_operator_to_come() -> None:
    expected = in_queue(Act(2, 0, "wait", 600.0), Act(2, 600, "operator", Operator(code="4271")))
    assert comparing.lapse(expected) == 10


def test_a_wait_elsewhere_lasts_as_long_as_it_says() -> None:
    journey = [Entry(0, "voicemail", "leave-word", "voicemail", {"queue": "payments"})]
    expected = result(journey, [Act(1, 0, "wait", 100.0), Act(1, 100, "press", "#")])
    assert comparing.lapse(expected) == 1
    assert comparing.quiet(expected, 1) == 100


def test_queues_where_nobody_is_are_told_in_order() -> None:
    exit = Entry(1, "queue-exit", "wait", "queue", {"exit": "unstaffed"})
    queue = Entry(0, "queue", "wait", "queue", {"queue": "payments"})
    other = Entry(2, "queue-exit", "wait", "queue", {"exit": "timeout"})
    assert comparing.unstaffed(result([queue, exit, queue, other, queue], [])) == [True, False, False]


def test_what_people_did_and_what_depends_on_the_moment_is_no_difference() -> None:
    node = Entry(0, "node", "ask", "menu", {"flow": "one", "exit": "next"})
    key = Entry(0, "key", "ask", "menu", {"key": "1"})
    pressed = Entry(4, "pressed", "ask", "menu", {"key": "1"})
    place = Entry(5, "prompt", "wait", "queue", {"prompt": "queue-position", "language": "it"})
    said = [Entry(5, "message", "word", "voicemail", {"seconds": seconds}) for seconds in (4, 6)]
    assert comparing.difference([node, pressed, key, place, said[0]], [node, key, said[1]]) is None


def test_the_first_note_that_differs_is_found() -> None:
    notes = [Entry(0, "node", name, "play", {"flow": "one", "exit": "next"}) for name in "abcd"]
    assert comparing.difference(notes, notes[:3]) == 3
    assert comparing.difference(notes[:3], notes) == 3
    assert comparing.difference(notes, [notes[0], notes[2], notes[2]]) == 1
    other = Entry(0, "node", "b", "play", {"flow": "one", "exit": "otherwise"})
    assert comparing.difference(notes, [notes[0], other, *notes[2:]]) == 1


def test_a_difference_belongs_to_the_step_that_it_followed() -> None:
    expected = in_queue(Act(1, 0, "press", "1", 7), Act(2, 0, "press", "2", 8))
    assert [comparing.line_of(expected, number) for number in range(4)] == [3, 7, 8, 8]
