"""`ivr controllers`: who carries calls, and whether each answers over its link."""

import argparse
import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from ivr.acd.leadership import Decisions, Took
from ivr.cli.installation import link_key
from ivr.cli.output import common, emit
from ivr.link.client import Client
from ivr.link.key import Key
from ivr.link.messages import LinkError, Ping
from ivr.settings import load
from ivr.store import controllers
from ivr.store.database import Database
from ivr.store.schema import Controller

COLUMNS = ["id", "pid", "address", "calls", "since", "answers", "ms", "decisions", "decision_ms"]
WITHIN = 2.0


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr controllers --json\n\nExit status 1: none is there, or one does not answer.")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load(args.data)
    with Database(settings.database_url).read() as session:
        alive = controllers.alive(session, datetime.now(UTC))
    rows = asyncio.run(_ask(alive, link_key(settings)))
    emit(args, rows, COLUMNS)
    return 0 if rows and all(row["answers"] for row in rows) else 1


async def _ask(alive: list[Controller], key: Key) -> list[dict[str, Any]]:
    return await asyncio.gather(*(_row(one, key) for one in alive))


async def _row(one: Controller, key: Key) -> dict[str, Any]:
    """`ms`: from the question to the answer, on a connection that stands. `decision_ms`: the 99th of a hundred."""
    row = {"id": one.id, "pid": one.pid, "address": one.address, "calls": one.calls, "since": one.started_at}
    try:
        async with Client(one.address, key) as client:
            await client.ask(Ping(), within=WITHIN)
            begun = time.perf_counter()
            await client.ask(Ping(), within=WITHIN)
            ms = (time.perf_counter() - begun) * 1000
            took: Took = await client.ask(Decisions(), Took, within=WITHIN)
            return row | {"answers": True, "ms": ms, "decisions": took.number, "decision_ms": took.p99 * 1000}
    except LinkError:
        return row | {"answers": False, "ms": None, "decisions": None, "decision_ms": None}
