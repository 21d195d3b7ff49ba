"""How long a caller will wait: the queue played forward with the handling times measured so far.

Each operator at work becomes free when the conversation that is going on has lasted as long as they usually do (or,
when it has lasted longer already, a third of that from now). Each call ahead takes the one who is free first, for as
long as a conversation usually lasts. Then it is this call's turn. A conversation counts with its ringing and its
wrap-up.
"""

import heapq

from ivr.acd.state import Operator, State, Waiting, needs, order

# Of a conversation that has lasted longer than usual: how much is still to come, as a part of the usual.
OVERTIME = 1 / 3


def wait(state: State, call: Waiting, now: float) -> float | None:
    """Seconds from now; None while too few conversations of the queue have been measured, or nobody is at work."""
    handling = state.handling.get(call.queue)
    if handling is None or not handling.known:
        return None
    wanted = needs(state, call, now)
    staff = [one for one in state.operators.values() if one.serves(call.queue, wanted)]
    free = [at for one in staff if (at := _free_in(state, one, handling.mean, now)) is not None]
    if not free:
        return None
    heapq.heapify(free)
    queues = frozenset().union(*(one.queues for one in staff))
    ahead = [
        other
        for other in state.waiting.values()
        if not other.offered and order(other) < order(call) and queues & {"all", other.queue}
    ]
    for other in ahead:
        average = state.handling.get(other.queue, handling)
        heapq.heapreplace(free, free[0] + (average.mean if average.known else handling.mean))
    return free[0]


def _free_in(state: State, operator: Operator, usual: float, now: float) -> float | None:
    match operator.presence:
        case "ready":
            return 0.0
        case "offered":
            return usual
        case "talking" if operator.then is None and (talk := state.talking.get(operator.call)):
            return max(usual - (now - talk.since), usual * OVERTIME)
        case "wrap-up" if operator.then is None:
            return max(0.0, operator.wrap_up_until - now)
        case _:
            return None
