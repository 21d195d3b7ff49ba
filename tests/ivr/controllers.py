"""A controller without Asterisk: real calls that wait, a real floor, store and link. Nobody's phone rings there."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from ivr.acd import commands, overview
from ivr.acd import words as w
from ivr.acd.floor import Floor
from ivr.acd.state import Queue
from ivr.ari.client import Ari
from ivr.ari.connection import Connection
from ivr.calls import commands as call_commands
from ivr.calls.exchange import Exchange
from ivr.calls.journal import Journal
from ivr.calls.services import Services
from ivr.calls.session import Session
from ivr.flow import machine, words
from ivr.flow.loader import read
from ivr.link.server import Server
from ivr.prompts.library import Library
from ivr.publishing.versions import Version
from ivr.store import calls, controllers, leases, operators
from ivr.store.database import Database
from ivr.store.writer import Writer

FLOW = """\
ivr: 1
languages: [it, en]
numbers: ["+390600000001"]
start: waiting
prompts:
  bye: {it: "Arrivederci.", en: "Goodbye."}
nodes:
  waiting: {queue: {name: desk, skills: [language]}, served: bye, timeout: bye, full: bye, unstaffed: bye}
  bye: {play: bye, next: end}
  end: {hangup: normal}
"""
QUEUES = "desk: {}\ntax: {wrap_up: 90s}\nempty: {}\n"
NAME = "controller-1"


class Controller:
    """`port`: of something that takes itself for Asterisk.

    Operators 4271 and 4272 serve `desk` and `tax`, in Italian, and are on a pause; nobody serves `empty`."""

    link: Server

    def __init__(self, database: Database, folder: Path, port: int = 1, flow: str = FLOW) -> None:
        self.database = database
        self.floor = Floor(self._present)
        self.writer = Writer(database)
        self.journal = Journal(self.writer)
        nothing: Any = None
        self.connection = Connection(
            port, "test", "x", "x",
            on_event=lambda event: self.exchange.on_event(event),
            on_up=lambda: self.exchange.connected(),
        )  # fmt: skip
        (folder / "line.flow.yaml").write_text(flow, "utf-8")
        (folder / "queues.yaml").write_text(QUEUES, "utf-8")
        (book, _), library = read(folder), Library(folder / "prompts", folder)
        queues = {name: Queue(name, wrap_up=queue.wrap_up) for name, queue in book.queues.items()}
        self.version = Version(1, book, library, queues)
        self.exchange = Exchange(
            NAME, Ari(self.connection), nothing, library, self.floor, self.journal, self.writer, nothing,
            Services((), (), lambda name: ""),
            lambda: datetime.now(UTC), nothing, trunk="", listening="127.0.0.1:9",
        )  # fmt: skip
        self.floor.arrange(queues.values())
        for code in ("4271", "4272"):
            who = (code, (("it", 5),), frozenset({"desk", "tax"}), ("it",))
            self.floor.take(w.Joined(*who, "paused", "lunch", f"op-{code}"))

    def _present(self, new: w.Present) -> None:
        with self.database.transaction() as session:
            operators.set_presence(
                session, new.operator, new.presence, datetime.now(UTC), reason=new.reason, call=new.call, by=new.by
            )

    def wait(self, call: str) -> Session:
        """A call comes and waits in `desk`."""
        with self.database.transaction() as session:
            calls.start(
                session, id=call, channel=call, controller=NAME, called="+390600000001", caller="+390471123456",
                flow="line", version=1, started_at=datetime.now(UTC),
            )  # fmt: skip
        one = Session(self.exchange, call, call, self.version, "line", words.Facts(call, "+390600000001"))
        one.patience = 0.0  # there is no Asterisk to wait for
        one.state, actions = machine.begin(self.version.book, "line", one.facts, datetime.now(UTC), "it")
        self.exchange.add(call, one)
        for action in actions:
            if isinstance(action, words.Note):
                self.journal.note(call, action.kind, action.node, dict(action.detail))
        asked = next(action for action in actions if isinstance(action, words.Enqueue))
        one.conversation.wanted(msgspec.structs.replace(asked, skills=("it",)))
        return one

    def written(self, call: str) -> Any:
        """The call's journey, once what was noted is in the store."""
        self.journal.flush()
        return self.writer.run(lambda session: [(row.kind, row.detail) for row in calls.journey(session, call)])


def employ(database: Database) -> None:
    with database.transaction() as session:
        for code in ("4271", "4272"):
            if operators.get(session, code) is None:
                operators.add(session, code, f"Name {code}", ["it"], ["desk", "tax"], datetime.now(UTC))


@asynccontextmanager
async def running(database: Database, folder: Path, token: str) -> AsyncIterator[Controller]:
    now = datetime.now(UTC)
    employ(database)
    one, link = Controller(database, folder), Server(token)
    one.link = link
    for command in commands.ALL:
        link.on(command, partial(commands.carry_out, one.floor))
    link.on(overview.Look, lambda _: overview.look(one.floor, time.monotonic()))
    for kind in call_commands.ALL:
        link.on(kind, partial(call_commands.carry_out, one.exchange))
    address = await link.listen(range(41000, 42000))
    with database.transaction() as session:
        controllers.heartbeat(session, NAME, pid=1, started_at=now, now=now, calls=0, address=address)
        leases.hold(session, NAME, address, 1, 60)
    try:
        yield one
    finally:
        await link.close()
        one.journal.flush()
        await one.writer.close()
