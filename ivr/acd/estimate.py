"""How long callers will wait: the queue played forward with what has been measured so far.

Each operator who has a call is taken to be free when the conversation has lasted as long as they usually do. Of those
that have lasted longer nobody knows: their ends are spread as those of an exponential distribution, the longest first.
Each call ahead takes the operator who is free first, for as long as a conversation of its queue usually lasts: less by
the part of its operators who could not take this call, for they may take it, and less by as much as is likely that its
caller has given up by then. Then it is this call's turn. A conversation counts with its ringing and its wrap-up.
"""

import heapq
import math
from collections.abc import Mapping, Sequence

from ivr.acd.state import Kind, Leaving, State, Waiting, needs, order

# Of a conversation that has lasted longer than usual: what is still to come on average, as a part of the usual.
OVERTIME = 0.8
_NOBODY_LEAVES = Leaving()


def waits(state: State, calls: Sequence[Waiting], now: float) -> dict[str, float]:
    """Seconds from now, by call; a call is not in it while too few conversations of its queue have been measured, or
    nobody is at work who could take it."""
    usual = {queue: average.mean for queue, average in state.handling.items() if average.known}
    if not usual:
        return {}
    others = sum(usual.values()) / len(usual)  # for the queues that are not measured yet
    free = _ends(state, usual, others, now)
    line = [(call, _kind(state, call, now)) for call in sorted(state.waiting.values(), key=order) if not call.offered]
    fit = {kind: state.fit(kind) & free.keys() for kind in {kind for _, kind in line}}
    found = {}
    for call in calls:
        mine = fit.get(_kind(state, call, now), frozenset())
        if call.queue not in usual or not mine:
            continue
        first = [free[code] for code in mine]
        heapq.heapify(first)
        shares = {kind: len(mine & theirs) / len(theirs) for kind, theirs in fit.items() if theirs}
        for ahead, kind in line:
            if ahead is call:
                break
            if share := shares.get(kind, 0.0):
                still_there = math.exp(-state.leaving.get(ahead.queue, _NOBODY_LEAVES).rate * first[0])
                heapq.heapreplace(first, first[0] + usual.get(ahead.queue, others) * share * still_there)
        found[call.call] = first[0]
    return found


def _kind(state: State, call: Waiting, now: float) -> Kind:
    return (call.queue, needs(state, call, now))


def _ends(state: State, usual: Mapping[str, float], others: float, now: float) -> dict[str, float]:
    """Seconds until each operator at work is free."""
    free, overtime = {}, list[tuple[float, str, float]]()  # since, operator, usual length
    for code, operator in state.operators.items():
        if operator.then is not None:
            continue
        match operator.presence:
            case "ready":
                free[code] = 0.0
            case "wrap-up":
                free[code] = max(0.0, operator.wrap_up_until - now)
            case "offered":
                free[code] = usual.get(state.waiting[operator.call].queue, others)
            case "talking" if talk := state.talking.get(operator.call):
                lasts = usual.get(talk.queue, others)
                if now - talk.since < lasts:
                    free[code] = lasts - (now - talk.since)
                else:
                    overtime.append((talk.since, code, lasts))
    for number, (_, code, lasts) in enumerate(sorted(overtime)):
        free[code] = OVERTIME * lasts * -math.log(1 - (number + 0.5) / len(overtime))
    return free
