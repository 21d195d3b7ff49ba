"""Calling back: takes up the wishes whose turn it is, each once, and keeps its claim on those at work."""

import logging
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from ivr.ari import ids
from ivr.calls import due
from ivr.calls.callback import Callback, Terms
from ivr.calls.exchange import Exchange
from ivr.store import callbacks, calls

log = logging.getLogger(__name__)
LEASE = 30.0  # seconds; `renew` comes each second
AT_ONCE, MOST = 50, 500  # taken up in one look, and at work in all


class Callbacks:
    def __init__(self, exchange: Exchange, terms: Terms) -> None:
        self._exchange, self._terms = exchange, terms
        self._live: dict[str, Callback] = {}  # by the wish's id
        self._closed = False

    async def look(self) -> None:
        """Once a second: keep what we have, leave what is no longer to be made, take up what is due."""
        exchange = self._exchange
        if self._closed or not exchange.trunk or not exchange.ari.up:
            return
        version = exchange.versions.active
        calendars, room = due.hours(version.book), min(AT_ONCE, MOST - len(self._live))
        open_now = due.opened(exchange.clock(), calendars)

        live = {callback.call for callback in self._live.values()}

        def turn(session: Session) -> tuple[set[str], list[tuple[Callback, str]]]:
            now = datetime.now(UTC)
            ours = callbacks.renew(session, exchange.controller, live, now, LEASE)
            taken = []
            wishes = callbacks.free(session, now, 10 * AT_ONCE)
            for wish in due.due(wishes, now, exchange.clock(), calendars)[:room]:
                attempt, most = ids.new_call(), len(self._terms.again) + 1
                if callbacks.claim(session, wish.call_id, exchange.controller, attempt, now, LEASE, most):
                    session.refresh(wish)
                    session.expunge(wish)
                    asked_in = calls.get(session, wish.call_id)
                    called = asked_in.called if asked_in else ""
                    taken.append((Callback(exchange, wish, attempt, called, version, self._terms), wish.call_id))
            return ours, taken

        ours, taken = await exchange.writer.run(turn)
        for wish, callback in self._live.items():
            if wish not in ours or callback.queue not in open_now:
                callback.stop()
        for callback, wish in taken:
            self._live[wish] = callback
            log.info("a callback takes its turn", extra={"call": callback.call, "queue": callback.queue})
            exchange.go(self._make(wish, callback))

    async def _make(self, wish: str, callback: Callback) -> None:
        try:
            await callback.run()
        finally:
            self._live.pop(wish, None)

    def close(self) -> None:
        """The controller ends: those that wait are left to the next."""
        self._closed = True
        for callback in self._live.values():
            callback.stop()

    async def connected(self) -> None:
        """In the background, as the store may be away."""
        self._exchange.go(self.take_up())

    async def take_up(self) -> None:
        """After a start or a lost connection: what we had and do not make any more is free again, and its channels, if
        any are left, are ended."""
        exchange, live = self._exchange, {callback.call for callback in self._live.values()}
        now = datetime.now(UTC)
        dead = await exchange.writer.run(lambda s: callbacks.expire(s, exchange.controller, live, now))
        if dead:
            for channel in await exchange.ari.channels():
                if ids.call_of(channel.id) in exchange.own:  # the citizen has answered, and the call goes on
                    continue
                if any(channel.id.startswith(f"{attempt}-") for attempt in dead):
                    await exchange.ari.hang_up(channel.id, 41)
