"""`ivr callbacks`: who has asked to be called back, and what became of it."""

import argparse
from typing import Any

from ivr.cli.output import common, emit, problem, show
from ivr.settings import load
from ivr.store import callbacks
from ivr.store.database import Database
from ivr.store.schema import CallbackRequest

STATES = ("waiting", "calling", "done", "given-up", "cancelled")
COLUMNS = ["queue", "number", "language", "state", "tries", "since", "due_at", "call_id"]
TRY = ["at", "operator", "result", "ended_at", "attempt"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr callbacks list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="those who wait for it, in the order of their turns")
    listing.add_argument("--queue", default="", help="only of this queue")
    listing.add_argument("--state", choices=STATES, help="only in this state, also those that are over")
    listing.add_argument("--all", action="store_true", help="those that are over, too")
    listing.add_argument("--limit", type=int, default=200)
    common(listing, "Example: ivr callbacks list --queue payments\n         ivr callbacks list --state given-up --json")
    listing.set_defaults(run=_list)
    one = commands.add_parser("show", help="one, with its tries")
    one.add_argument("call", metavar="CALL", help="id of the call in which it was asked for")
    common(one, "Example: ivr callbacks show 019ab5c0-7f4e-7c31-9d53-0c6f5d7a1b22")
    one.set_defaults(run=_show)


def _row(wish: CallbackRequest) -> dict[str, Any]:
    return {column: getattr(wish, column) for column in (*COLUMNS, "asked_at", "skills", "priority")}


def _list(args: argparse.Namespace) -> int:
    states = (args.state,) if args.state else () if args.all else callbacks.LIVE
    with Database(load(args.data).database_url).read() as session:
        rows = [_row(wish) for wish in callbacks.find(session, args.queue, states, args.limit)]
    emit(args, rows, COLUMNS)
    return 0


def _show(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        wish = callbacks.get(session, args.call)
        if wish is None:
            return problem(f"no callback was asked for in call {args.call}; see `ivr callbacks list --all`")
        row = _row(wish)
        tries = [{column: getattr(one, column) for column in TRY} for one in callbacks.tries(session, args.call)]
    if args.json:
        show(args, row | {"rung": tries})
    else:
        show(args, row)
        emit(args, tries, TRY)
    return 0
