"""`ivr holds`: legal holds. What is held is not deleted when its time is over."""

import argparse
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.cli.installation import user
from ivr.cli.output import common, emit
from ivr.cli.vault import open_store
from ivr.settings import Settings, load
from ivr.store.database import Database
from ivr.store.schema import Hold
from recordings import holds

COLUMNS = ["id", "call_id", "recording_id", "until", "reason", "added_by", "added_at"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr holds list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="keep a recording, or all that there is of a call")
    what = add.add_mutually_exclusive_group(required=True)
    what.add_argument("id", metavar="ID", nargs="?", help="of a recording, or of a call")
    what.add_argument("--ticket", metavar="N", help="the call of this ticket")
    add.add_argument("--reason", required=True, help="why, for those who ask later")
    add.add_argument("--until", required=True, type=date.fromisoformat, metavar="DATE", help="the last day of the hold")
    common(add, "Example: ivr holds add --ticket 4711 --reason 'complaint 17/2027' --until 2028-03-31")
    add.set_defaults(run=_add)
    listing = commands.add_parser("list", help="what is held, the first to end first")
    listing.add_argument("--all", action="store_true", help="also what was lifted, or has ended")
    common(listing, "Example: ivr holds list")
    listing.set_defaults(run=_list)
    lift = commands.add_parser("lift", help="hold no longer; what is over is deleted by the next purge")
    lift.add_argument("id", metavar="HOLD", type=int, help="the hold's number")
    common(lift, "Example: ivr holds lift 12")
    lift.set_defaults(run=_lift)


def _today(settings: Settings) -> date:
    return datetime.now(UTC).astimezone(ZoneInfo(settings.recordings.timezone)).date()


def _add(args: argparse.Namespace) -> int:
    settings = load(args.data)
    database = Database(settings.database_url)
    with database.read() as session:
        target = holds.target_of_ticket(session, args.ticket) if args.ticket else holds.target(session, args.id)
    hold = holds.add(
        database,
        open_store(settings),
        target,
        reason=args.reason,
        until=args.until,
        by=user(),
        today=_today(settings),
    )
    emit(args, [_row(hold)], COLUMNS)
    return 0


def _list(args: argparse.Namespace) -> int:
    settings = load(args.data)
    with Database(settings.database_url).read() as session:
        found = holds.find(session, _today(settings), all=args.all)
    emit(args, [_row(hold) for hold in found], [*COLUMNS, *(["lifted_by", "lifted_at"] if args.all else [])])
    return 0


def _lift(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).transaction() as session:
        hold = holds.lift(session, args.id, user())
    emit(args, [_row(hold)], [*COLUMNS, "lifted_by", "lifted_at"])
    return 0


def _row(hold: Hold) -> dict[str, Any]:
    return {name: getattr(hold, name) for name in (*COLUMNS, "lifted_by", "lifted_at")}
