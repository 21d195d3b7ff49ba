"""`ivr purge`: delete the recordings whose time is over. Meant for every night."""

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ivr.cli.output import common, emit
from ivr.settings import load
from ivr.store.database import Database
from recordings.retention import purge


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--at",
        type=datetime.fromisoformat,
        metavar="TIME",
        help="as of then; Italian time unless it names a zone (now)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    common(parser, "Example: ivr purge --at 2027-07-01T03:00 --dry-run")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load(args.data)
    rules = settings.recordings
    at = args.at or datetime.now(UTC)
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(rules.timezone))
    purged = purge(
        Database(settings.database_url),
        settings.recordings_folder,
        at,
        timezone=rules.timezone,
        keep_days=rules.keep_days,
        dry_run=args.dry_run,
    )
    emit(args, [asdict(one) for one in purged], ["recording_id", "day", "problem"])
    if not args.json:
        failed = sum(bool(one.problem) for one in purged)
        print(f"{len(purged) - failed} {'would be deleted' if args.dry_run else 'deleted'}, {failed} could not be")
    return 1 if any(one.problem for one in purged) else 0
