"""`ivr purge`: delete the recordings whose time is over. While it runs, the house does it each night by itself."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from ivr.cli.installation import purge_rules, user
from ivr.cli.output import common, emit
from ivr.cli.vault import open_store
from ivr.problem import WrongUse
from ivr.settings import Settings, load
from ivr.store import audit, leases
from ivr.store.database import Database
from recordings.proof import findings
from recordings.purge import Purge

AHEAD = timedelta(days=1)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what",
        nargs="?",
        choices=("run", "verify"),
        default="run",
        help="verify: prove from store and catalogue that nothing is left whose time is over (run)",
    )
    parser.add_argument(
        "--at",
        type=datetime.fromisoformat,
        metavar="TIME",
        help="as of then; Italian time unless it names a zone (now)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    parser.add_argument("--yes", action="store_true", help="do not ask, also when --at has not come yet")
    common(parser, "Example: ivr purge --at 2027-07-01T03:00 --dry-run\n         ivr purge verify")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load(args.data)
    database = Database(settings.database_url)
    with database.read() as session:
        now = min(datetime.now(UTC), leases.now(session))
    one = Purge(database, open_store(settings), settings.spool, purge_rules(settings), _at(args, settings) or now)
    if args.what == "verify":
        return _verify(args, one)
    if args.dry_run:
        return _told(args, one.would(), "would be deleted")
    if one.at > now + AHEAD:
        _ask(args, one)
    with database.transaction() as session:
        audit.write(session, user(), "purge", detail=f"as of {one.at.isoformat(timespec='seconds')}")
    return _told(args, one.run(user()), "deleted")


def _at(args: argparse.Namespace, settings: Settings) -> datetime | None:
    at: datetime | None = args.at
    return at.replace(tzinfo=ZoneInfo(settings.recordings.timezone)) if at and at.tzinfo is None else at


def _ask(args: argparse.Namespace, one: Purge) -> None:
    """A slip of the finger must not delete what is to be kept. Raises WrongUse."""
    last = f"recordings of calls up to {one.last} are deleted now, though they are to be kept until {one.today}"
    print(f"ivr purge: --at has not come yet: {last}", file=sys.stderr)
    if not args.yes and sys.stdin.isatty() and input("delete them? (yes) ") != "yes":
        raise WrongUse("nothing was deleted")


def _told(args: argparse.Namespace, purged: Iterator[Any], done: str) -> int:
    """A table has a line for each problem, JSON for each recording."""
    rows, number, failed = [], 0, 0
    for recording in purged:
        number, failed = number + 1, failed + bool(recording.problem)
        if args.json or args.dry_run or recording.problem:
            rows.append(asdict(recording))
    if rows or args.json:
        emit(args, rows, ["recording_id", "day", "problem"])
    if not args.json:
        print(f"{number - failed} {done}, {failed} could not be")
    return 1 if failed else 0


def _verify(args: argparse.Namespace, one: Purge) -> int:
    found = [asdict(finding) for finding in findings(one)]
    if found or args.json:
        emit(args, found, ["kind", "subject", "message"])
    if not args.json:
        print(f"{len(found)} findings" if found else f"nothing is left of calls up to {one.last}; the ledger is whole")
    return 1 if found else 0
