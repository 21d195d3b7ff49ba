"""The queue router: which operator takes which call. Pure: it knows no socket, no clock, no database.

`step(state, event, now)` changes the state it is given and returns the actions; `now` is seconds, monotonic, so that a
clock that is set does not matter. What holds after every step, whatever the events were (checked by
`tests/ivr/acd/test_invariants.py` over random arrivals):

1. Nobody waits while a fit operator is free: no operator is `ready` who serves the queue and has the skills that a
   waiting call which is offered to nobody asks for by then.
2. An operator has one offer or one call at a time; a call is offered to one operator (`ring-all`: to all who are fit),
   and to nobody once it is taken.
3. Nobody is overtaken: an offer goes to a call only if no other waits, of the same queue, needs and priority, that has
   waited longer and is offered to nobody.

Order of calls: priority is time. A call of priority P goes as if it had come P × `ageing` seconds earlier; among equals
the longest waiting goes first. A call whose needs nobody free has does not hold up the next one.

Choice of the operator: the highest level of the skills asked for, then the queue's strategy.

Life of an operator:  signed-out → ready → offered → talking → wrap-up → ready
                      offered and not answered, or hung up before the conversation → paused (`missed`)
                      phone gone → unreachable → where they were
                      a pause or sign-out asked for during a call begins after its wrap-up
Life of a call:       waiting → (offered → waiting)* → connected, or out by `timeout`, `full`, `unstaffed`, or left
"""

from collections.abc import Iterator

from ivr.acd import estimate
from ivr.acd import words as w
from ivr.acd.state import (
    GRACE,
    Average,
    Leaving,
    Operator,
    Presence,
    State,
    Strategy,
    Talk,
    Waiting,
    is_personal,
    needs,
    order,
    personal,
)

MISSED = "missed"


def step(state: State, event: w.Event, now: float) -> list[w.Action]:
    """Take one event; `state` is changed in place. An event about something unknown or past changes nothing."""
    actions = [*_take(state, event, now), *_let_time_pass(state, now), *_match(state, now)]
    for name in [name for name in state.former if not _in_use(state, name)]:
        state.former.remove(name)
        del state.queues[name]
    return actions


def refusal(state: State, queue: str, wanted: tuple[str, ...], language: str, now: float) -> str:
    """Why a call that came to this queue now would leave it at once, in words for people; "": it would wait."""
    if is_personal(queue):
        operator = state.operators.get(queue[1:])
        if operator is None:
            return f"there is no operator {queue[1:]}"
        return "" if operator.presence == "ready" else f"operator {operator.code} is {operator.presence}"
    there = state.queues.get(queue)
    if there is None:
        return f"there is no queue {queue}"
    if sum(call.queue == queue for call in state.waiting.values()) >= there.max_waiting:
        return f"the queue {queue} is full"
    call = Waiting("", queue, wanted, 0, now, None, now, language)
    return "" if _staffed(state, call, now) else f"nobody is at work in the queue {queue} who could take it"


def next_deadline(state: State, now: float) -> float | None:
    """When `step` wants its next Tick; None when nothing waits for time."""
    times = [one.wrap_up_until for one in state.operators.values() if one.presence == "wrap-up"]
    if state.waiting:
        gone = (one.since + GRACE for one in state.operators.values() if one.presence == "unreachable")
        times += [at for at in gone if at > now]
    for call in state.waiting.values():
        queue = state.queues[call.queue]
        if call.offered:
            times += call.offered.values()
        elif call.until is not None:
            times.append(call.until)
        if queue.overflow:
            times += [call.since + after for after, _ in queue.overflow if call.since + after > now]
        if queue.announce_every:
            times.append(call.announce_at)
    return min(times, default=None)


def position(state: State, call: str) -> int:
    """Place in the queue, from 1; 0 when the call does not wait. It grows only when a call of higher priority comes,
    or one that has waited longer comes back or is moved."""
    mine = state.waiting.get(call)
    if mine is None:
        return 0
    return 1 + sum(other.queue == mine.queue and order(other) < order(mine) for other in state.waiting.values())


def _take(state: State, event: w.Event, now: float) -> Iterator[w.Action]:
    match event:
        case w.Arranged(queues):
            state.former |= state.queues.keys()
            state.former -= {queue.name for queue in queues}
            state.queues |= {queue.name: queue for queue in queues}
        case w.Arrived():
            yield from _arrive(state, event, now)
        case w.Left(call):
            _measure_patience(state, call, now, left=True)
            yield from _forget(state, call, now)
            yield from _finish(state, call, now)
        case w.Moved(call, queue, front) if call in state.waiting and queue in {"", *state.queues}:
            yield from _move(state, state.waiting[call], queue, front, now)
        case w.Accepted(call, code):
            yield from _accept(state, call, code, now)
        case w.Missed(call, code, absent):
            yield from _miss(state, call, code, absent, now)
        case w.Finished(call, spoken):
            yield from _finish(state, call, now, spoken=spoken)
        case w.Joined():
            yield from _join(state, event, now)
        case w.Removed(code) if operator := state.operators.pop(code, None):
            state.staff_changed()
            yield from _take_back(state, operator)
            yield w.Present(code, "signed-out")
        case (
            w.SignedIn(code) | w.SignedOut(code) | w.Paused(code) | w.Resumed(code) | w.WrappedUp(code)
            | w.Vanished(code) | w.Reached(code)
        ) if operator := state.operators.get(code):  # fmt: skip
            yield from _attend(state, operator, event, now)


# Calls


def _arrive(state: State, event: w.Arrived, now: float) -> Iterator[w.Action]:
    if event.call in state.waiting or event.call in state.talking:
        return
    call = _waiting(state, event, now)
    queue = state.queues[event.queue]
    # Who comes back has been let in before.
    if not event.waited and sum(one.queue == queue.name for one in state.waiting.values()) >= queue.max_waiting:
        yield w.Exit(event.call, "full")
    elif not _staffed(state, call, now):
        yield w.Exit(event.call, "unstaffed")
    else:
        state.waiting[event.call] = call


def enter(state: State, event: w.Arrived, now: float) -> Waiting:
    """A call that has been let in before, by another lead."""
    call = state.waiting[event.call] = _waiting(state, event, now)
    return call


def _waiting(state: State, event: w.Arrived, now: float) -> Waiting:
    if event.queue not in state.queues and event.terms:
        state.queues[event.queue] = event.terms
        state.former.add(event.queue)
    queue = state.queues[event.queue]
    since = now - event.waited - event.on_its_way
    return Waiting(
        event.call,
        event.queue,
        event.needs,
        event.priority,
        since,
        None if event.max_wait is None else since + event.max_wait,
        # The first announcement comes at once, unless an operator does.
        announce_at=now if not event.waited else now + queue.announce_every,
        language=event.language,
        turn=since - event.priority * queue.ageing,
    )


def _forget(state: State, call: str, now: float) -> Iterator[w.Action]:
    """Take a call out of its queue; whoever is rung for it is free again."""
    if waiting := state.waiting.pop(call, None):
        yield from _withdraw(state, waiting, now)


def _measure_patience(state: State, call: str, now: float, *, left: bool) -> None:
    if waiting := state.waiting.get(call):
        state.leaving.setdefault(waiting.queue, Leaving()).add(now - waiting.since, left=left)


def _withdraw(state: State, call: Waiting, now: float) -> Iterator[w.Action]:
    """From everybody; idle time runs on while a phone rings, so an offer withdrawn costs nobody their turn."""
    offered, call.offered = call.offered, {}
    for code in offered:
        yield w.Withdraw(call.call, code)
        yield from _free(state.operators[code], now)


def _move(state: State, call: Waiting, queue: str, front: bool, now: float) -> Iterator[w.Action]:
    """Whoever is rung for a call that only comes to the front of its queue rings on."""
    if queue:
        yield from _withdraw(state, call, now)
        call.queue = queue
        call.turn = call.since - call.priority * state.queues[queue].ageing
    if front:
        to_front(state, call)


def to_front(state: State, call: Waiting) -> None:
    call.turn = min(other.turn for other in state.waiting.values() if other.queue == call.queue) - 1.0


def _accept(state: State, call: str, code: str, now: float) -> Iterator[w.Action]:
    waiting = state.waiting.get(call)
    if waiting is None or code not in waiting.offered:
        yield w.Withdraw(call, code)
        return
    del waiting.offered[code]
    _measure_patience(state, call, now, left=False)
    yield from _forget(state, call, now)
    operator = state.operators[code]
    operator.taken += 1
    operator.serving = state.talking[call] = Talk(code, waiting.queue, operator.last_offer)
    yield _become(operator, "talking", now, call=call)


def _miss(state: State, call: str, code: str, absent: bool, now: float) -> Iterator[w.Action]:
    waiting, talk, operator = state.waiting.get(call), state.talking.get(call), state.operators.get(code)
    if waiting and code in waiting.offered:
        del waiting.offered[code]
    elif talk and talk.operator == code:
        del state.talking[call]
        if operator:
            operator.serving = None
            operator.taken -= 1
    else:
        return
    if operator is None:  # removed meanwhile
        return
    if absent:
        operator.reachable = False
        yield from _free(operator, now)
    elif operator.then:
        yield from _after_call(state, operator, now)
    else:
        yield _become(operator, "paused", now, MISSED)


def _finish(state: State, call: str, now: float, *, spoken: bool = True) -> Iterator[w.Action]:
    talk = state.talking.pop(call, None)
    operator = state.operators.get(talk.operator) if talk else None
    if talk is None or operator is None:  # removed meanwhile
        return
    if not spoken:
        operator.serving = None
        yield from _after_call(state, operator, now)
        return
    # A new lead may not have seen the queue of a call that another controller had: somebody's own, or a former one.
    terms = state.queues.get(talk.queue) or personal(talk.operator)
    operator.wrap_up_until = now + terms.wrap_up
    yield _become(operator, "wrap-up", now, call=call)


# Operators


def _join(state: State, event: w.Joined, now: float) -> Iterator[w.Action]:
    operator = state.operators.get(event.operator)
    if operator is None:
        operator = state.operators[event.operator] = Operator(event.operator, {}, frozenset(), phone=event.phone)
        yield _become(operator, event.presence, now, event.reason)
    operator.skills, operator.queues, operator.languages = dict(event.skills), event.queues, event.languages
    state.staff_changed()


def _attend(state: State, operator: Operator, event: w.Event, now: float) -> Iterator[w.Action]:
    """What operators, supervisors and phones say about where an operator stands."""
    presence = operator.presence
    match event:
        case w.SignedIn(phone=phone, by=by) if presence != "talking" or phone == operator.phone:
            operator.phone, operator.reachable, operator.then = phone, True, None
            if presence == "wrap-up":
                yield from _after_call(state, operator, now, by)
            elif presence not in ("talking", "ready", "offered"):
                yield from _free(operator, now, by)
        case w.SignedOut(by=by) if presence != "signed-out":
            yield from _go(state, operator, "signed-out", "", by, now)
        case w.Paused(reason=reason, by=by) if presence != "signed-out":
            yield from _go(state, operator, "paused", reason, by, now)
        case w.Resumed(by=by) if presence == "talking":
            operator.then = None
        case w.Resumed(by=by) if presence == "wrap-up":
            operator.then = None
            yield from _after_call(state, operator, now, by)
        case w.Resumed(by=by) if presence == "paused":
            yield from _free(operator, now, by)
        case w.WrappedUp() if presence == "wrap-up":
            yield from _after_call(state, operator, now)
        case w.Vanished() if operator.reachable:
            operator.reachable = False
            yield from _take_back(state, operator)
            if presence in ("ready", "offered"):
                yield _become(operator, "unreachable", now)
            elif presence == "paused":
                yield _become(operator, "unreachable", now, operator.reason)
        case w.Reached() if not operator.reachable:
            operator.reachable = True
            if presence == "unreachable" and operator.reason:
                yield _become(operator, "paused", now, operator.reason)
            elif presence == "unreachable":
                yield _become(operator, "ready", now)


def _go(state: State, operator: Operator, presence: Presence, reason: str, by: str, now: float) -> Iterator[w.Action]:
    """Away from calls: at once, or after the call that the operator has."""
    if operator.presence in ("talking", "wrap-up"):
        operator.then = (presence, reason, by)
        if operator.presence == "wrap-up" and presence == "signed-out":
            yield from _after_call(state, operator, now)
        return
    yield from _take_back(state, operator)
    if (operator.presence, operator.reason) != (presence, reason):
        yield _become(operator, presence, now, reason, by=by)


def _after_call(state: State, operator: Operator, now: float, by: str = "") -> Iterator[w.Action]:
    """The wrap-up is over."""
    measure(state, operator, now)
    operator.serving = None
    then, operator.then = operator.then, None
    if then:
        presence, reason, by = then
        yield _become(operator, presence, now, reason, by=by)
    else:
        yield from _free(operator, now, by)


def measure(state: State, operator: Operator, now: float) -> None:
    """The call that the operator has had is dealt with."""
    if served := operator.serving:
        state.handling.setdefault(served.queue, Average()).add(now - served.since)


def release(state: State, operator: Operator, now: float) -> Iterator[w.Action]:
    """They have no call after all, says another lead's account."""
    operator.serving = None
    yield from _after_call(state, operator, now)


def _take_back(state: State, operator: Operator) -> Iterator[w.Action]:
    """Whatever is offered to the operator."""
    if operator.presence == "offered":
        state.waiting[operator.call].offered.pop(operator.code)
        yield w.Withdraw(operator.call, operator.code)


def _free(operator: Operator, now: float, by: str = "") -> Iterator[w.Action]:
    idle = operator.idle_since if operator.presence == "offered" else now
    yield _become(operator, "ready" if operator.reachable else "unreachable", now, by=by)
    operator.idle_since = idle


def _become(
    operator: Operator, presence: Presence, now: float, reason: str = "", *, call: str = "", by: str = ""
) -> w.Action:
    operator.presence, operator.reason, operator.call, operator.since = presence, reason, call, now
    if presence not in ("ready", "offered"):
        operator.idle_since = now
    return w.Present(operator.code, presence, reason, call, operator.phone, by)


# After each event


def _let_time_pass(state: State, now: float) -> Iterator[w.Action]:
    for operator in state.operators.values():
        if operator.presence == "wrap-up" and now >= operator.wrap_up_until:
            yield from _after_call(state, operator, now)
    staffed: dict[tuple[str, tuple[str, ...], str], bool] = {}  # calls that ask for the same are decided together
    for call in list(state.waiting.values()):
        if call.offered:
            for code in [code for code, until in call.offered.items() if now >= until]:
                yield w.Withdraw(call.call, code, missed=True)
                yield from _miss(state, call.call, code, False, now)
        if not call.offered and call.until is not None and now >= call.until:
            del state.waiting[call.call]
            yield w.Exit(call.call, "timeout")
            continue
        kind = (call.queue, call.needs, call.language)
        if kind not in staffed:
            staffed[kind] = _staffed(state, call, now)
        if not staffed[kind]:
            del state.waiting[call.call]
            yield w.Exit(call.call, "unstaffed")


def _staffed(state: State, call: Waiting, now: float) -> bool:
    """Whether anybody who is there could take the call, now or once overflow has relaxed its needs."""
    wanted = {call.needs, *(needs(state, call, call.since + after) for after, _ in state.queues[call.queue].overflow)}
    return any(state.operators[code].at_work(now) for one in wanted for code in state.fit((call.queue, one)))


def _in_use(state: State, queue: str) -> bool:
    return any(call.queue == queue for call in state.waiting.values()) or any(
        talk.queue == queue for talk in state.talking.values()
    )


def _match(state: State, now: float) -> Iterator[w.Action]:
    """Offer waiting calls to free operators in order; announce to those who wait on."""
    announcing = {queue.name for queue in state.queues.values() if queue.announce_every}
    due = [call for call in state.waiting.values() if call.queue in announcing and now >= call.announce_at]
    ready = {code: one for code, one in state.operators.items() if one.presence == "ready"}
    if ready:
        for call in sorted(state.waiting.values(), key=order):
            queue, wanted = state.queues[call.queue], needs(state, call, now)
            if not ready:
                break
            if call.offered and queue.strategy != "ring-all":
                continue
            fit = [ready[code] for code in state.fit((queue.name, wanted)) & ready.keys()]
            fit.sort(key=lambda one: _preference(queue.strategy, one, wanted))
            for operator in fit if queue.strategy == "ring-all" else fit[:1]:
                del ready[operator.code]
                call.offered[operator.code] = now + queue.ring
                operator.last_offer = now
                yield w.Offer(call.call, operator.code, operator.phone, queue.ring)
                yield _become(operator, "offered", now, call=call.call)
    yield from _announce(state, due, now)


def _preference(strategy: Strategy, operator: Operator, wanted: tuple[str, ...]) -> tuple[int, float, float, str]:
    """Sorts operators: whose turn it is comes first."""
    turn = {"fewest-calls": float(operator.taken), "round-robin": operator.last_offer}.get(strategy, 0.0)
    return (-sum(map(operator.level, wanted)), turn, operator.idle_since, operator.code)


def _announce(state: State, due: list[Waiting], now: float) -> Iterator[w.Action]:
    for call in due:
        call.announce_at = now + state.queues[call.queue].announce_every
    told = [call for call in due if not call.offered]
    waits = estimate.waits(state, told, now) if told else {}
    for call in told:
        yield w.Announce(call.call, position(state, call.call), waits.get(call.call))
