"""`ivr callbacks`: who has asked to be called back."""

import argparse

from ivr.cli.output import common, emit
from ivr.settings import load
from ivr.store import callbacks
from ivr.store.database import Database

COLUMNS = ["queue", "number", "language", "asked_at", "call_id"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr callbacks list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="those who wait for it, the oldest first")
    listing.add_argument("--queue", default="", help="only of this queue")
    common(listing, "Example: ivr callbacks list --queue payments")
    listing.set_defaults(run=_list)


def _list(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        rows = [{column: getattr(row, column) for column in COLUMNS} for row in callbacks.waiting(session, args.queue)]
    emit(args, rows, COLUMNS)
    return 0
