"""`ivr survey`: what callers answered, by operator, queue, language or reason."""

import argparse
from datetime import date
from zoneinfo import ZoneInfo

from ivr.cli.output import common, emit
from ivr.days import bounds
from ivr.settings import load

GROUPS = ("operator", "queue", "language", "reason", "survey", "question")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--by",
        type=_groups,
        default=["question"],
        metavar="GROUP,…",
        help=f"what to tell results apart by: {', '.join(GROUPS)} (question)",
    )
    parser.add_argument("--from", dest="since", type=date.fromisoformat, metavar="DATE", help="calls from this day on")
    parser.add_argument("--to", type=date.fromisoformat, metavar="DATE", help="and to this day, included")
    common(parser, "Example: ivr survey --by operator,question --from 2026-11-01 --to 2026-11-30")
    parser.set_defaults(run=run)


def _groups(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in GROUPS:
            raise argparse.ArgumentTypeError(f"there is no '{name}' to tell results apart by; {', '.join(GROUPS)}")
    return names


def run(args: argparse.Namespace) -> int:
    from ivr.store import survey
    from ivr.store.database import Database

    settings = load(args.data)
    zone = ZoneInfo(settings.recordings.timezone)
    since = bounds(args.since, zone)[0] if args.since else None
    until = bounds(args.to, zone)[1] if args.to else None
    with Database(settings.database_url).read() as session:
        rows = survey.results(session, args.by, since, until)
    emit(args, rows, [*args.by, "count", "answered", "mean", "good"])
    return 0
