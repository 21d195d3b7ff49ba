"""`ivr audit`: who did what; whether the log is as it was written."""

import argparse
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.cli.output import common, emit, show
from ivr.days import bounds
from ivr.settings import load
from ivr.store import audit, chained
from ivr.store.database import Database
from ivr.store.schema import AuditEntry

COLUMNS = ["seq", "at", "user", "action", "subject", "detail"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr audit list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="the newest first")
    listing.add_argument("--user", default="", help="only what this user did")
    listing.add_argument("--action", default="", help="only actions that begin so, as `flow`")
    listing.add_argument("--subject", default="", help="only about this: the id of a call, of a recording, …")
    listing.add_argument("--from", dest="since", type=date.fromisoformat, metavar="DATE", help="from this day on")
    listing.add_argument("--to", type=date.fromisoformat, metavar="DATE", help="and to this day, included")
    listing.add_argument("--limit", type=int, default=50)
    listing.add_argument("--before", type=int, default=0, metavar="SEQ", help="go on before this entry")
    common(listing, "Example: ivr audit list --action listen --from 2026-11-01\n         ivr audit list --before 4711")
    listing.set_defaults(run=_list)
    verify = commands.add_parser("verify", help="is every entry there, as it was written, and in its place")
    verify.add_argument(
        "--head",
        action="append",
        default=[],
        metavar="HASH",
        help="the hash of an entry that was noted elsewhere: the log must still have it (several times)",
    )
    common(verify, f"Example: ivr audit verify --head {'5e' * 32}")
    verify.set_defaults(run=_verify)


def _list(args: argparse.Namespace) -> int:
    settings = load(args.data)
    zone = ZoneInfo(settings.recordings.timezone)
    with Database(settings.database_url).read() as session:
        found = audit.find(
            session,
            user=args.user,
            action=args.action,
            subject=args.subject,
            since=_bounds(args.since, zone)[0],
            until=_bounds(args.to, zone)[1],
            before=args.before,
            limit=args.limit,
        )
    emit(args, [{name: getattr(entry, name) for name in (*COLUMNS, "hash")} for entry in found], COLUMNS)
    return 0


def _bounds(day: date | None, zone: ZoneInfo) -> tuple[datetime, datetime] | tuple[None, None]:
    return bounds(day, zone) if day else (None, None)


def _verify(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).snapshot() as session:
        head = chained.head(session, AuditEntry)
        broken = chained.verify(session, AuditEntry, args.head)
    row: dict[str, Any] = {"whole": broken is None, "entries": head.seq, "head": head.hash}
    if broken:
        row |= {"first_broken": broken.seq, "what": broken.what, "problem": broken.message}
    show(args, row)
    return 1 if broken else 0
