"""`ivr export`: everything that the store holds of some days, as Parquet or CSV (`docs/api.md`)."""

import argparse
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.cli import person
from ivr.cli.installation import secret, user
from ivr.cli.output import common, emit, span
from ivr.problem import WrongUse
from ivr.settings import load
from ivr.store import audit
from ivr.store.database import Database

FORMATS = ("parquet", "csv")


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("days", type=span, metavar="FROM..TO", help="calls of these days, the last included")
    parser.add_argument("folder", type=Path, metavar="DIR", help="is made; it is there whole, or not at all")
    parser.add_argument("--format", choices=FORMATS, default="parquet", help="(parquet)")
    parser.add_argument(
        "--callers",
        action="store_true",
        help="numbers of callers as they are, not pseudonyms; takes --reason, and --as a privacy officer",
    )
    parser.add_argument("--reason", default="", help="why, for those who ask later")
    person.argument(parser, required=False)
    common(parser, "Example: ivr export 2026-01-01..2026-12-31 /handover/2026")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    # Takes long to import.
    from ivr.export.export import Wanted, export
    from ivr.web.access import APPROVE_ORIGINALS

    if args.callers and not (args.reason.strip() and args.user):
        raise WrongUse("--callers hands personal data over: say why with --reason, and who you are with --as")
    settings, (first, last) = load(args.data), args.days
    password = person.password(args.user) if args.user else ""
    database = Database(settings.database_url)
    wanted = Wanted(
        first,
        last,
        args.format,
        ZoneInfo(settings.recordings.timezone),
        secret(settings, "callers"),
        numbers=args.callers,
    )
    with database.transaction() as session:
        who = person.name(session, args.user, password, APPROVE_ORIGINALS) if args.user else user()
        told = f"{args.format}, {'numbers of callers: ' + args.reason if args.callers else 'pseudonyms of callers'}"
        audit.write(session, who, "export-all", f"{first}..{last}", told)
    manifest = export(database, wanted, args.folder)
    rows = [{"file": one.file, "rows": one.rows, "bytes": one.bytes, "sha256": one.sha256} for one in manifest.files]
    emit(args, rows, ["file", "rows", "bytes"])
    return 0
