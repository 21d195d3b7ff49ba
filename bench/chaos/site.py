"""An installation with two controllers, on one Asterisk or on one each, under calls, in which something breaks."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select

from asterisk_conf import kamailio
from bench.caller import Caller, Result
from bench.chaos.verdict import Seen, Stored
from ivr.cli.asterisks import addresses, kamailio_folder
from ivr.cli.installation import Running, read_note
from ivr.store import leases
from ivr.store.calls import CUT_OFF
from ivr.store.database import Database
from ivr.store.schema import Call, Controller, JourneyEntry, Ticket
from tests import postgresql
from tests.live.conftest import OPEN, Installation

NUMBER, OPERATOR = "+390600000001", "4271"
FLOWS = Path(__file__).parent / "flows"
WITHIN = 120.0  # seconds that a call may take, with all that breaks meanwhile
AFTER = 30.0  # seconds in which all tickets are there, and nothing is up any more


class Site:
    """`open` it, and `close` it. Its operator is at a training: who waits in the queue waits on."""

    database_server: postgresql.Server

    def __init__(self, folder: Path, on_postgresql: bool, asterisks: int = 1) -> None:
        self._folder, self._on_postgresql, self._asterisks = folder, on_postgresql, asterisks
        self._stack = ExitStack()
        self._begun = 0.0

    def open(self) -> None:
        settings = {
            "ASTERISKS__COUNT": str(self._asterisks),
            "CONTROLLERS__COUNT": str(2 // self._asterisks),
            "FLOWS__FOLDER": str(FLOWS),
        }
        if self._asterisks > 1:  # each has to bear all calls alone, and has a share of these: 200 calls as it comes
            settings |= {"PORTS__RTP_FIRST": "50000", "PORTS__RTP_LAST": "57999"}
        with ExitStack() as stack:
            if self._on_postgresql:
                place = self._folder / "postgresql"
                place.mkdir()
                self.database_server = postgresql.Server(place)
                self.database_server.start()
                stack.callback(self.database_server.stop)
                settings["STORE__URL"] = self.database_server.address.format("postgres")
            data = self._folder / "data"
            data.mkdir()
            self.house = Installation(data, OPEN, **settings)
            self.house.start()
            stack.callback(self.house.stop)
            self.house.ivr("operators", "add", OPERATOR, "--name", "Anna", "--languages", "it", "--queues", "all")
            time.sleep(2.5)  # the controllers look for new operators each second
            stack.enter_context(self.house.desk(OPERATOR))
            self.house.ivr("operators", "state", OPERATOR, "paused", "--reason", "training")
            self._stack = stack.pop_all()

    def close(self) -> None:
        self._stack.close()

    @property
    def running(self) -> Running:
        """As it is now: what was killed is started anew."""
        found = read_note(self.house.settings)
        assert found is not None
        return found

    async def lead(self) -> str:
        def look() -> str:
            with Database(self.house.settings.database_url).read() as session:
                return leases.get(session)[0].holder

        return await asyncio.to_thread(look)

    def now(self) -> float:
        """Seconds after the load began."""
        return time.monotonic() - self._begun

    def active_again(self, asterisk: str, killed: int) -> float:
        """Waits until it has been started anew (`killed`: the process that was) and is given calls. When that was."""
        settings, got = self.house.settings, kamailio.ensure(print)
        at, folder = addresses(settings)[asterisk], kamailio_folder(settings)
        self.house.until(lambda: self.running.asterisks[asterisk] != killed, AFTER)
        self.house.until(lambda: "fully booted" in self.house.asterisk("core waitfullybooted", asterisk), AFTER)
        self.house.until(lambda: kamailio.states(got, folder)[at] == "active", AFTER)
        return self.now()

    def emptied(self, asterisk: str) -> None:
        """Waits until it has no call left."""
        self.house.until(lambda: not self.house.channels(asterisk), WITHIN)

    async def load(self, rate: float, seconds: float) -> list[Seen]:
        """Calls, evenly spaced, each to its end."""
        caller = await Caller(self.house.settings.ports.sip).open()
        self._begun = begun = time.monotonic()
        calls = []
        for number in range(round(rate * seconds)):
            await asyncio.sleep(max(0.0, begun + number / rate - time.monotonic()))
            calls.append(asyncio.create_task(caller.call(NUMBER, within=WITHIN)))
        results: Sequence[Result] = await asyncio.gather(*calls)
        return [
            Seen(
                one.begun - begun,
                one.answered,
                one.ended_by_them,
                one.caller,
                one.answered_at - one.begun if one.answered_at else None,
                one.status,
            )
            for one in results
        ]

    def stored(self) -> dict[str, Stored]:
        """Once all tickets are there, or should be."""
        deadline = time.monotonic() + AFTER
        while (found := self._look()) and time.monotonic() < deadline:
            if all(one.ended and one.tickets for one in found.values()):
                break
            time.sleep(1)
        return found

    def left_over(self) -> list[str]:
        """What is still up in Asterisk, and in the spool."""
        deadline = time.monotonic() + AFTER
        while (found := self._up()) and time.monotonic() < deadline:
            time.sleep(1)
        return [f"{number} {what} left" for what, number in found.items()]

    def _up(self) -> Counter[str]:
        names = self.house.settings.asterisk_names
        bridges = [line for name in names for line in self.house.asterisk("bridge show all", name).splitlines()[1:]]
        folders = list(self.house.settings.spool.glob("*"))
        return +Counter(
            {"channels are": self.house.channels(), "bridges are": len(bridges), "recordings are": len(folders)}
        )

    def _look(self) -> dict[str, Stored]:
        with Database(self.house.settings.database_url).read() as session:
            made = select(Ticket.call_id, func.count()).group_by(Ticket.call_id)
            tickets = {call: number for call, number in session.execute(made)}
            rows = list(session.scalars(select(JourneyEntry).order_by(JourneyEntry.call_id, JourneyEntry.seq)))
            asterisks = {one.id: one.asterisk for one in session.scalars(select(Controller))}
            found = {}
            for call in session.scalars(select(Call)):
                mine = [row for row in rows if row.call_id == call.id]
                passed = [row.node for row in mine if row.kind == "node"]
                ended, ends = call.ended_at is not None, sum(row.kind == "ended" for row in mine)
                cut_off, asterisk = sum(row.kind == CUT_OFF for row in mine), asterisks.get(call.controller, "")
                told = (tickets.get(call.id, 0), ends, passed, call.caller, asterisk, cut_off)
                found[call.id] = Stored(ended, call.outcome, *told)
        return found
