"""`ivr queues`: who waits, for how long, and who could serve them; a waiting call can be moved."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.acd.overview import Look, Overview
from ivr.calls import commands as c
from ivr.cli.installation import link_key
from ivr.cli.output import common, emit, problem, show
from ivr.control_room.lines import Lines
from ivr.control_room.queues import standing
from ivr.link.messages import LinkError, Refused
from ivr.problem import Problem, WrongUse
from ivr.settings import load
from ivr.store.database import Database

COLUMNS = ["name", "waiting", "longest", "operators", "service_level"]
CALL = ["queue", "position", "id", "kind", "waited", "language", "needs", "priority", "offered"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr queues list"
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = verbs.add_parser("list", help="waiting calls, operators by state, today's service level, by queue")
    common(listing, "Example: ivr queues list --json")
    listing.set_defaults(run=_list)
    calls = verbs.add_parser("calls", help="the calls that wait, in the order in which they are served")
    calls.add_argument("queue", metavar="QUEUE", nargs="?", help="only of this queue")
    common(calls, "Example: ivr queues calls payments")
    calls.set_defaults(run=_calls)
    move = verbs.add_parser("move", help="a waiting call to another queue, or to the front; it keeps the time waited")
    move.add_argument("queue", metavar="QUEUE", help="in which it waits")
    move.add_argument("call", metavar="CALL", help="its id (`ivr queues calls`)")
    move.add_argument("--to", default="", metavar="QUEUE", help="the other queue")
    move.add_argument("--front", action="store_true", help="before all others")
    common(
        move, "Example: ivr queues move payments 019a --to complaints\n         ivr queues move payments 019a --front"
    )
    move.set_defaults(run=_move)


def _standing(args: argparse.Namespace) -> list[dict[str, Any]]:
    settings = load(args.data)
    database, zone = Database(settings.database_url), ZoneInfo(settings.recordings.timezone)
    lines = Lines(database, link_key(settings))
    seen: Overview = asyncio.run(_ask(lines, lambda: lines.ask_floor(Look(), Overview)))
    with database.read() as session:
        return standing(session, seen, datetime.now(UTC), zone)


async def _ask(lines: Lines, question: Callable[[], Awaitable[Any]]) -> Any:
    """Raises Problem with the reason."""
    try:
        async with lines:
            return await question()
    except (Refused, LinkError) as error:
        raise Problem(str(error)) from None


def _list(args: argparse.Namespace) -> int:
    rows = _standing(args)
    if not args.json:
        rows = [row | {"service_level": _level(row["service_level"])} for row in rows]
    emit(args, rows, COLUMNS)
    return 0


def _level(level: dict[str, Any]) -> str:
    share = "-" if level["share"] is None else f"{level['share']:.0%}"
    return f"{share} within {level['within']:g} s"


def _calls(args: argparse.Namespace) -> int:
    found = _standing(args)
    if args.queue and args.queue not in {queue["name"] for queue in found}:
        return problem(f"there is no queue {args.queue}; see `ivr queues list`")
    rows = [
        {"queue": queue["name"], **call}
        for queue in found
        if args.queue in (None, queue["name"])
        for call in queue["calls"]
    ]
    emit(args, rows, CALL)
    return 0


def _move(args: argparse.Namespace) -> int:
    if not (args.to or args.front):
        raise WrongUse("ivr queues move: say --to QUEUE, or --front")
    settings = load(args.data)
    lines = Lines(Database(settings.database_url), link_key(settings))
    command = c.Move(args.call, "command line", args.queue, args.to, args.front)
    asyncio.run(_ask(lines, lambda: lines.ask_call(args.call, command, c.Done)))
    show(args, {"call": args.call, "queue": args.to or args.queue, "front": args.front})
    return 0
