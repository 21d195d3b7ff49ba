"""`ivr tickets`: the tickets of the embedded backend."""

import argparse
from typing import Any

from ivr.cli.output import common, emit, problem, show
from ivr.settings import load
from ivr.store.database import Database
from ivr.store.schema import Ticket
from ivr.tickets import embedded

COLUMNS = ["number", "type", "subject", "created_at", "call_id"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr tickets list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="the newest first")
    listing.add_argument("--type", default="", choices=["", "Q", "PQ", "A", "PA", "I", "PI", "B"])
    listing.add_argument("--limit", type=int, default=50)
    common(listing, "Example: ivr tickets list --type Q")
    listing.set_defaults(run=_list)
    one = commands.add_parser("show", help="everything about one")
    one.add_argument("key", metavar="NUMBER|CALL", help="its number, or its call's id")
    common(one, "Example: ivr tickets show 17")
    one.set_defaults(run=_show)


def _row(ticket: Ticket) -> dict[str, Any]:
    return {column.name: getattr(ticket, column.name) for column in Ticket.__table__.columns}


def _list(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        rows = [_row(ticket) for ticket in embedded.recent(session, type=args.type, limit=args.limit)]
    emit(args, rows, COLUMNS)
    return 0


def _show(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        ticket = embedded.get(session, args.key)
    if ticket is None:
        return problem(f"there is no ticket {args.key}; see `ivr tickets list`")
    show(args, _row(ticket))
    return 0
