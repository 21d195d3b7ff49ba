"""The flow machine: pure.

Rules of this file
- `begin` and `step` take a state and say what is to be done; they know no socket, no clock and no database.
- Neither ever raises. What goes wrong in a node leads to the flow's `on_error`, or, if that goes wrong too or is not
  there, to the built-in apology and the end of the call.
- A call that is `done` stays done: every later event changes nothing.
- A report about something past (another play, another timer) changes nothing: ids only grow.
- Any state that a step leaves can be resumed, after a way through JSON.

A node is entered, and either names the next one at once or leaves in `state.wait` what it waits for; then each event
is given to its verb. A node that is left for a reason of its own world (the caller hung up, something failed) is told
by `left`, so that nothing it has begun goes on. All transitions between nodes are in `_advance`.
"""

from datetime import datetime

from msgspec.structs import replace

from ivr.flow import verbs
from ivr.flow.builtin import builtin_say
from ivr.flow.model import UNKNOWN_NUMBER, Book
from ivr.flow.run import Run
from ivr.flow.words import Action, Event, Facts, Failed, HungUp, Played, PlayFailed, State, TicketMade

# More nodes than this without waiting for anything is a circle; the checker finds those it can see.
MOST_NODES = 200
# Not a node: the machine is saying something of its own, and then hangs up.
FAREWELL = "(farewell)"


def begin(book: Book, flow: str, facts: Facts, now: datetime, language: str = "") -> tuple[State, list[Action]]:
    """A new call for `flow` (a name in the book, or the built-in one for unknown numbers). `now` is aware, in UTC.

    `language`: the one to begin in, if the flow has it, instead of the flow's first.
    """
    if flow == UNKNOWN_NUMBER:
        state = State(flow, FAREWELL, "it", outcome="failed")
        run = Run(book, state, facts, now)
        run.note("unknown-number")
        _farewell(run)
        return state, run.actions
    start = book.flows[flow]
    language = language if language in start.languages else start.languages[0]
    state = State(flow, start.start, language, dict(start.variables))
    run = Run(book, state, facts, now)
    run.go("start", start.start)
    _advance(run)
    return state, run.actions


def step(book: Book, state: State, facts: Facts, event: Event, now: datetime) -> tuple[State, list[Action]]:
    """What happens when `event` does. The state given is left as it was."""
    if state.done:
        return state, []
    run = Run(book, _copy(state), facts, now)
    state = run.state
    if isinstance(event, HungUp):
        _caller_left(run)
    elif isinstance(event, TicketMade):
        state.ticket_number = event.number
    elif state.node == FAREWELL:
        if isinstance(event, Played | PlayFailed | Failed):
            run.hang_up()
    elif isinstance(event, Failed):
        _fail(run, event.reason)
        _advance(run)
    elif _concerns(state, event):
        node = run.flow.nodes[state.node]
        try:
            verbs.of(node).on(run, node, event)
        except Exception as error:
            _fail(run, f"{type(error).__name__}: {error}")
        _advance(run)
    return state, run.actions


def resume(book: Book, state: State, facts: Facts, now: datetime) -> tuple[State, list[Action]]:
    """Whoever carried the call is gone, and with them all that was to happen: wait anew for what is waited for.

    What was being said begins again, a timer as well; nothing else that the node has done is done twice. A verb whose
    `enter` would do more than that has a `resume`.
    """
    if state.done:
        return state, []
    run = Run(book, _copy(state), facts, now)
    if run.state.node == FAREWELL:
        _farewell(run)
    else:
        node = run.flow.nodes[run.state.node]
        verb = verbs.of(node)
        try:
            getattr(verb, "resume", verb.enter)(run, node)
        except Exception as error:
            _fail(run, f"{type(error).__name__}: {error}")
        _advance(run)
    return run.state, run.actions


def _copy(state: State) -> State:
    return replace(
        state,
        variables=dict(state.variables),
        wait=dict(state.wait),
        survey={name: dict(answers) for name, answers in state.survey.items()},
    )


def _concerns(state: State, event: Event) -> bool:
    """Whether a report is about what is waited for now."""
    number = getattr(event, "id", None)
    return number is None or number == state.wait.get("id") or number == state.wait.get("timer")


def _advance(run: Run) -> None:
    """Enter nodes until one waits or the call is done."""
    for _ in range(MOST_NODES):
        if run.pending is None or run.state.done:
            break
        (exit, name), run.pending = run.pending, None
        run.state.node, run.state.wait = name, {}
        run.note("node", flow=run.state.flow, exit=exit)
        try:
            node = run.flow.nodes[name]
            verbs.of(node).enter(run, node)
        except Exception as error:
            _fail(run, f"{type(error).__name__}: {error}")
    else:
        _say_farewell(run, "the flow goes in a circle")
    if run.state.done:
        _settle(run)


def _fail(run: Run, reason: str) -> None:
    """The innermost flow that has an `on_error` takes over, once in a call."""
    state = run.state
    for name in run.flow.secrets:
        if value := str(state.variables.get(name) or ""):
            reason = reason.replace(value, "…")
    run.note("error", reason=reason)
    if "id" in state.wait:
        run.stop_playing()
    _leave(run)
    state.outcome = "failed"
    while not run.flow.on_error and state.stack:
        run.give_back()
    if run.flow.on_error and not state.failed:
        state.failed = True
        run.go("on_error", run.flow.on_error)
    else:
        _say_farewell(run, reason)


def _leave(run: Run) -> None:
    """Tell the node's verb that the node is left in the midst of its waiting."""
    node = run.flow.nodes.get(run.state.node)
    if node and run.state.wait and (left := getattr(verbs.of(node), "left", None)):
        left(run, node)
    run.state.wait = {}


def _say_farewell(run: Run, reason: str) -> None:
    run.pending = None
    run.state.outcome = "failed"
    run.state.node = FAREWELL
    _farewell(run)


def _farewell(run: Run) -> None:
    if run.state.flow == UNKNOWN_NUMBER:
        says = [builtin_say("unknown-number", language) for language in ("it", "en")]
    else:
        says = [builtin_say("apology", run.state.language)]
    run.wait(farewell=run.play(says))


def _caller_left(run: Run) -> None:
    _leave(run)
    run.note("caller-hung-up", flow=run.state.flow)
    run.state.done = True
    if not run.state.outcome and not run.state.operator and not (run.state.ticket and run.state.ticket.type == "B"):
        run.state.outcome = "abandoned"
    _settle(run)


def _settle(run: Run) -> None:
    """The outcome, where nothing said it before: who spoke with an operator was served, by whatever way it ended."""
    state = run.state
    if state.operator and state.outcome != "failed":
        state.outcome = "served"
    elif not state.outcome:
        state.outcome = "abandoned" if state.queue else "self-served"
