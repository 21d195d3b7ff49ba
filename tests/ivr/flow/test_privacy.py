"""The proof over the graph against walking every path."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.flow.outline import HEARD, NONE, SKIPPABLE, Outline, Step
from ivr.flow.privacy import Mark, unwarned

Here = tuple[str, int]
Spot = tuple[tuple[Here, ...], Mark]  # the stack of callers, the innermost last


def brute(flows: dict[str, Outline], most: int) -> set[Here]:
    """Every place (flow, node) that leads into a recorded conversation unwarned, by walking paths with a stack of
    callers, up to `most` stacked calls."""
    found: set[Here] = set()
    called = {step.calls for flow in flows.values() for step in flow.steps}
    begins = [name for name, flow in flows.items() if flow.answers or name not in called]
    todo: list[Spot] = [(((name, flows[name].start),), Mark(NONE, True)) for name in begins]
    seen = set(todo)
    while todo:
        for one in walk(flows, todo.pop(), found, most):
            if one not in seen:
                seen.add(one)
                todo.append(one)
    return found


def walk(flows: dict[str, Outline], at: Spot, found: set[Here], most: int) -> Iterator[Spot]:
    stack, mark = at
    *callers, (name, number) = stack
    step = flows[name].steps[number]
    if step.converses and mark.recorded and mark.heard < HEARD:
        found.add((name, number))
    if step.returns and callers:
        *rest, (caller, call) = callers
        for exit in flows[caller].steps[call].exits:
            yield (*rest, (caller, exit)), mark
    if step.calls:
        if len(stack) < most and flows[step.calls].start >= 0:
            yield (*stack, (step.calls, flows[step.calls].start)), mark
        return
    heard, recorded = mark
    if step.notice > heard:
        heard = step.notice
    if step.recording:
        recorded = step.recording == "start"
    for exit in step.exits:
        yield (*callers, (name, exit)), Mark(heard, recorded)
    frames = list(stack)
    while frames and flows[frames[-1][0]].on_error < 0:
        frames.pop()
    if frames:
        yield (*frames[:-1], (frames[-1][0], flows[frames[-1][0]].on_error)), mark


@st.composite
def folders(draw: st.DrawFn) -> dict[str, Outline]:
    """Up to three flows; a flow calls only those after it, as recursion is a finding of its own."""
    names = ["a", "b", "c"][: draw(st.integers(1, 3))]
    flows = {}
    for at, name in enumerate(names):
        size = draw(st.integers(1, 6))
        nodes = st.integers(0, size - 1)
        steps = []
        for number in range(size):
            exits = tuple(sorted(draw(st.sets(nodes, max_size=3))))
            kind = draw(st.sampled_from(["plain", "queue", "notice", "skippable", "stop", "start", "call", "return"]))
            later = names[at + 1 :]
            steps.append(
                Step(
                    str(number),
                    () if kind == "return" else exits,
                    converses=kind == "queue",
                    notice={"notice": HEARD, "skippable": SKIPPABLE}.get(kind, NONE),
                    recording=kind if kind in ("stop", "start") else "",
                    calls=draw(st.sampled_from(later)) if kind == "call" and later else "",
                    returns=kind == "return",
                )
            )
        on_error = draw(st.one_of(st.just(-1), nodes))
        flows[name] = Outline(name, draw(nodes), on_error, steps, answers=draw(st.booleans()))
    return flows


@settings(max_examples=1500, deadline=None)
@given(folders())
def test_the_same_as_walking_every_path(flows: dict[str, Outline]) -> None:
    found = list(unwarned(flows))
    walked = brute(flows, most=4)
    queues = {(name, int(one.where[1])) for name, one in found if flows[name].steps[int(one.where[1])].converses}
    assert queues <= walked
    # A notice cut short stands at the notice; every other place stands at its own node.
    cut_flows = {name for name, one in found if one.code == "notice-skippable"}
    assert {here for here in walked - queues if here[0] not in cut_flows} == set()
    assert bool(found) == bool(walked)


def test_subflows_that_call_each_other_come_to_an_end() -> None:
    flow = Outline("a", 0, -1, [Step("0", (1,), calls="b"), Step("1", (), converses=True)], answers=True)
    other = Outline("b", 0, -1, [Step("0", (1,), calls="a"), Step("1", (), returns=True)])
    assert list(unwarned({"a": flow, "b": other})) == []


def test_every_caller_of_a_subflow_that_queues_must_warn() -> None:
    """One does, the other does not: the finding is at the queue, and names the caller."""
    queue = Outline("q", 0, -1, [Step("wait", (1,), converses=True), Step("back", (), returns=True)])
    warns = Outline("w", 0, -1, [Step("n", (1,), notice=HEARD), Step("go", (), calls="q")], answers=True)
    hasty = Outline("h", 0, -1, [Step("go", (), calls="q")], answers=True)
    assert list(unwarned({"q": queue, "w": warns})) == []
    [(name, found)] = unwarned({"q": queue, "w": warns, "h": hasty})
    assert (name, found.where, found.code) == ("q", ("nodes", "wait"), "no-notice")
    assert "flow 'h', node 'go'" in found.message


def test_a_notice_in_a_subflow_counts_after_its_return() -> None:
    notice = Outline("n", 0, -1, [Step("say", (1,), notice=HEARD), Step("back", (), returns=True)])
    steps = [Step("tell", (1,), calls="n"), Step("wait", (), converses=True)]
    assert list(unwarned({"n": notice, "a": Outline("a", 0, -1, steps, answers=True)})) == []
    # Where the notice fails, `on_error` is reached without it.
    [(_, found)] = unwarned({"n": notice, "a": Outline("a", 0, 1, steps, answers=True)})
    assert found.code == "no-notice"


def test_who_objects_is_not_recorded_until_recording_starts_again() -> None:
    steps = [Step("object", (1,), recording="stop"), Step("wait", (2,), converses=True)]
    back = [Step("agree", (3,), recording="start"), Step("again", (), converses=True)]
    found = list(unwarned({"a": Outline("a", 0, -1, steps + back, answers=True)}))
    assert [one.where for _, one in found] == [("nodes", "again")]
