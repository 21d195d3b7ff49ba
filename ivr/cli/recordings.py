"""`ivr recordings`: list, show and export recorded conversations."""

import argparse
from dataclasses import asdict
from pathlib import Path

from ivr.cli import criteria
from ivr.cli.installation import user
from ivr.cli.output import common, emit, problem, show
from ivr.cli.vault import open_vault
from ivr.settings import Settings, load
from ivr.store import audit
from ivr.store.database import Database
from recordings import catalogue
from recordings.export import export

COLUMNS = ["id", "started_at", "seconds", "queue", "operator", "language", "type", "ticket"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr recordings list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="the newest first")
    criteria.arguments(listing)
    criteria.pages(listing)
    common(listing, "Example: ivr recordings list --queue payments --from 2026-11-24 --hours 9-13 --survey clear:1-2")
    listing.set_defaults(run=_list)
    one = commands.add_parser("show", help="everything about one")
    one.add_argument("id", metavar="ID", help="its id, its call's, or the beginning of one")
    common(one, "Example: ivr recordings show 019ab3c2")
    one.set_defaults(run=_show)
    out = commands.add_parser("export", help="write one out as WAV: left the caller, right the operator")
    out.add_argument("id", metavar="ID")
    out.add_argument("file", metavar="FILE.wav", type=Path)
    out.add_argument("--force", action="store_true", help="overwrite FILE.wav")
    common(out, "Example: ivr recordings export 019ab3c2 conversation.wav")
    out.set_defaults(run=_export)


def _list(args: argparse.Namespace) -> int:
    settings = load(args.data)
    with Database(settings.database_url).read() as session:
        chosen = criteria.conditions(args, settings, session)
        page = catalogue.find(session, chosen, limit=catalogue.page_size(args.limit), after=args.after)
    emit(args, [asdict(one) for one in page.rows], COLUMNS)
    criteria.more(page.next)
    return 0


def _get(settings: Settings, id: str) -> catalogue.Entry:
    with Database(settings.database_url).read() as session:
        return catalogue.get(session, id)


def _show(args: argparse.Namespace) -> int:
    try:
        show(args, asdict(_get(load(args.data), args.id)))
    except catalogue.CatalogueError as error:
        return problem(str(error))
    return 0


def _export(args: argparse.Namespace) -> int:
    settings = load(args.data)
    try:
        entry, database = _get(settings, args.id), Database(settings.database_url)
        with database.transaction() as session:
            audit.write(session, user(), "export", entry.id, "original")
        export(database, open_vault(settings), entry, args.file, force=args.force)
    except catalogue.CatalogueError as error:
        return problem(str(error))
    emit(args, [{"id": entry.id, "file": str(args.file), "seconds": entry.seconds}], ["id", "file", "seconds"])
    return 0
