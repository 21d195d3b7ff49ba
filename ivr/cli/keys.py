"""`ivr keys`: the keys that wrap the recordings' own."""

import argparse
from dataclasses import asdict

from ivr.cli.output import common, emit
from ivr.cli.vault import open_vault
from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database
from recordings.keys.ring import COPIES, Ring
from recordings.keys.rotation import listed, remove, rewrap

BY = "command line"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr keys list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="where each is, and how many data keys it wraps")
    common(listing, "Example: ivr keys list")
    listing.set_defaults(run=_list)
    rotate = commands.add_parser("rotate", help="make new ones, and wrap all data keys by them")
    _copies(rotate)
    common(rotate, "Example: ivr keys rotate --copy original")
    rotate.set_defaults(run=_rotate)
    again = commands.add_parser("rewrap", help="wrap all data keys by those in use: after a rotation that was cut off")
    _copies(again)
    common(again, "Example: ivr keys rewrap")
    again.set_defaults(run=_rewrap)
    gone = commands.add_parser("remove", help="destroy one that wraps nothing any more")
    gone.add_argument("id", metavar="KEY")
    common(gone, "Example: ivr keys remove original-20261128113000")
    gone.set_defaults(run=_remove)


def _copies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--copy", choices=COPIES, action="append", help="only for these (both)")


def _list(args: argparse.Namespace) -> int:
    """1 when one is missing."""
    settings = load(args.data)
    with Database(settings.database_url).read() as session:
        found = listed(session, open_vault(settings).ring)
    emit(args, [asdict(one) for one in found], ["id", "state", "wraps", "place"])
    return 1 if any(one.state == "missing" for one in found) else 0


def _rotate(args: argparse.Namespace) -> int:
    settings = load(args.data)
    database, ring = Database(settings.database_url), open_vault(settings).ring
    for copy in args.copy or COPIES:
        with database.transaction() as session:
            audit.write(session, BY, "rotate-key", ring.make(copy))
    return _to_those_in_use(args, database, ring)


def _rewrap(args: argparse.Namespace) -> int:
    settings = load(args.data)
    return _to_those_in_use(args, Database(settings.database_url), open_vault(settings).ring)


def _to_those_in_use(args: argparse.Namespace, database: Database, ring: Ring) -> int:
    done = [rewrap(database, ring, copy) for copy in args.copy or COPIES]
    emit(args, [asdict(one) for one in done], ["kek", "keys", "problems"])
    return 1 if any(one.problems for one in done) else 0


def _remove(args: argparse.Namespace) -> int:
    settings = load(args.data)
    remove(Database(settings.database_url), open_vault(settings).ring, args.id, BY)
    emit(args, [{"removed": args.id}], ["removed"])
    return 0
