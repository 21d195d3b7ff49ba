"""The reception: a channel has entered; whose is it? A citizen gets a session with the flow their number asks for."""

import logging
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.ari import events, ids
from ivr.calls import caller, redial
from ivr.calls.desk import Desk
from ivr.calls.exchange import Exchange
from ivr.calls.rehearsal import dialled
from ivr.calls.session import Session
from ivr.days import midnight
from ivr.flow import words
from ivr.store import calls, flow_versions, outbox, writes

log = logging.getLogger(__name__)
HOME = ZoneInfo("Europe/Rome")
WIDEBAND = "g722"
TOGETHER = 0.025  # seconds in which calls that begin share one transaction, which costs more than what they write


def welcome(exchange: Exchange, start: events.StasisStart) -> Coroutine[Any, Any, None] | None:
    """The work that takes care of a new channel; None when it is nobody's (an operator's leg that is over)."""
    match start.args:
        case ["desk", *_]:
            return Desk(exchange, start.channel).run()
        case ["resumed", *_]:  # whoever wanted it has gone, and looks for it again
            return None
        case [] | ["offer" | "outside" | "supervisor" | "snoop", *_]:  # one of ours, and whom it was for is over
            return exchange.ari.hang_up(start.channel.id)
        case _:
            return _citizen(exchange, start.channel, "".join(start.args[1:2]))


async def _citizen(exchange: Exchange, channel: events.Channel, codecs: str) -> None:
    """`codecs`: those that both sides know, the one to be spoken first, as `(g722|alaw)`."""
    now = datetime.now(UTC)
    if not await exchange.fence.sure() and channel.id not in await exchange.ari.channels_of(exchange.ari.app):
        return  # we stood still, and another has it
    call = ids.new_call()
    exchange.own.add(call)
    who = caller.identify(channel.caller.number)
    called, rehearsal = dialled(channel.dialplan.exten, exchange.rehearsal)
    today = midnight(now, HOME)

    def beginning(version: int) -> writes.StartCall:
        ready = exchange.versions.loaded(version)
        return writes.StartCall(
            writes.Beginning(
                id=call,
                channel=channel.id,
                controller=exchange.controller,
                called=channel.dialplan.exten,
                caller=who.number,
                flow=ready.book.flow_for(called) if ready else "",
                version=version,
                started_at=now,
            )
        )

    def begin(session: Any) -> tuple[int, int, tuple[str, str], tuple[str, datetime] | None]:
        version = flow_versions.active_number(session)
        ready = exchange.versions.loaded(version)
        earlier = calls.count_since(session, who.number, today) if who.number else 0
        asks = who.number and (ready is None or ready.book.asks_ticket)
        ticket = outbox.open_of(session, who.number) if asks else ("", "")
        place = redial.place(calls.cut_off(session, who.number, now, exchange.place)) if earlier else None
        beginning(version)(session)
        return earlier, version, ticket, place

    # While the database is away nobody can say whether they called before, and the version is the one that was active.
    there = exchange.versions.active.number
    with exchange.arrival():
        nowhere: tuple[str, datetime] | None = None
        meanwhile = beginning(there), (0, there, ("", ""), nowhere)
        earlier, active, known, place = await exchange.writer.run(begin, within=TOGETHER, kept=meanwhile)
        version = await exchange.versions.take(active)
    flow = version.book.flow_for(called)
    ticket, ticket_state = rehearsal.open_ticket if rehearsal and who.number else known
    facts = words.Facts(
        call_id=call,
        called=called,
        caller=who.number,
        withheld=who.withheld,
        district=who.district,
        country=who.country,
        calls_today=rehearsal.calls_today if rehearsal else earlier,
        ticket=ticket,
        ticket_state=ticket_state,
        place=place[0] if place else "",
        place_since=place[1].timestamp() if place else 0.0,
    )
    log.info("call begins", extra={"call": call, "flow": flow, "version": version.number})
    wideband = codecs.lstrip("(").startswith(WIDEBAND)
    await Session(exchange, call, channel.id, version, flow, facts, rehearsal, wideband=wideband).run()
