"""The flow machine: pure.

Rules of this file
- `begin` and `step` take a state and say what is to be done; they know no socket, no clock and no database.
- Neither ever raises. What goes wrong in a node leads to the flow's `on_error`, or, if that goes wrong too or is not
  there, to the built-in apology and the end of the call.
- A call that is `done` stays done: every later event changes nothing.
- A report about something past (another play, another timer) changes nothing: ids only grow.

A node is entered, and either names the next one at once or leaves in `state.wait` what it waits for; then each event
is given to its verb. All transitions between nodes are in `_advance`.
"""

import copy
from datetime import datetime

from msgspec.structs import replace

from ivr.flow import verbs
from ivr.flow.builtin import builtin_say
from ivr.flow.model import UNKNOWN_NUMBER, Book
from ivr.flow.run import Run
from ivr.flow.words import (
    Action,
    Elapsed,
    Event,
    Facts,
    Failed,
    HungUp,
    LeaveQueue,
    Played,
    PlayFailed,
    State,
)

# More nodes than this without waiting for anything is a circle; the checker finds those it can see.
MOST_NODES = 200
# Not a node: the machine is saying something of its own, and then hangs up.
FAREWELL = "(farewell)"


def begin(book: Book, flow: str, facts: Facts, now: datetime) -> tuple[State, list[Action]]:
    """A new call for `flow` (a name in the book, or the built-in one for unknown numbers). `now` is aware, in UTC."""
    if flow == UNKNOWN_NUMBER:
        state = State(flow, FAREWELL, "it", outcome="failed")
        run = Run(book, state, facts, now)
        run.note("unknown-number")
        run.wait(farewell=run.play([builtin_say("unknown-number", language) for language in ("it", "en")]))
        return state, run.actions
    start = book.flows[flow]
    state = State(flow, start.start, start.languages[0], dict(start.variables))
    run = Run(book, state, facts, now)
    run.go(start.start)
    _advance(run)
    return state, run.actions


def step(book: Book, state: State, facts: Facts, event: Event, now: datetime) -> tuple[State, list[Action]]:
    """What happens when `event` does. The state given is left as it was."""
    if state.done:
        return state, []
    state = replace(
        state,
        variables=dict(state.variables),
        wait=dict(state.wait),
        survey=copy.deepcopy(state.survey),
    )
    run = Run(book, state, facts, now)
    if isinstance(event, HungUp):
        _caller_left(run)
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


def _concerns(state: State, event: Event) -> bool:
    """Whether a report is about what is waited for now."""
    return not isinstance(event, Played | PlayFailed | Elapsed) or event.id == state.wait.get("id")


def _advance(run: Run) -> None:
    """Enter nodes until one waits or the call is done."""
    for _ in range(MOST_NODES):
        if run.pending is None or run.state.done:
            break
        name, run.pending = run.pending, None
        run.state.node, run.state.wait = name, {}
        run.note("node")
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
    on_error = run.flow.on_error
    run.note("error", reason=reason)
    if run.state.wait.get("queue"):
        run.actions.append(LeaveQueue())
    run.state.outcome = "failed"
    if on_error and not run.state.variables.get("(failed)"):
        run.state.variables["(failed)"] = True
        run.go(on_error)
    else:
        _say_farewell(run, reason)


def _say_farewell(run: Run, reason: str) -> None:
    run.pending = None
    run.state.outcome = "failed"
    run.state.node = FAREWELL
    run.wait(farewell=run.play([builtin_say("apology", run.state.language)]))


def _caller_left(run: Run) -> None:
    if run.state.wait.get("queue"):
        run.actions.append(LeaveQueue())
    run.note("caller-hung-up")
    run.state.done, run.state.wait = True, {}
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
