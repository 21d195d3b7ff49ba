"""`ivr recordings`: list, show and export recorded conversations; their anonymised copies."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from sqlalchemy import select

from ivr.cli import criteria
from ivr.cli.installation import user
from ivr.cli.output import common, emit, problem, show
from ivr.cli.vault import open_vault
from ivr.settings import Profile, Settings, load
from ivr.store import anonymisations, audit
from ivr.store.database import Database
from ivr.store.schema import Anonymisation, Recording
from recordings import catalogue
from recordings.export import export
from recordings.originals import DESTROYED

AT_ONCE = 500
PENDING = ["recording_id", "state", "asked_at", "due_at", "attempts", "holder", "problem", "last_error"]
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
    pending = commands.add_parser("pending", help="those that wait to be anonymised, and those that could not be")
    common(pending, "Example: ivr recordings pending --json")
    pending.set_defaults(run=_pending)
    anew = commands.add_parser(
        "anonymize", help="make anonymised copies, also of what was set aside; anew, if there are"
    )
    which = anew.add_mutually_exclusive_group(required=True)
    which.add_argument("ids", metavar="ID", nargs="*", default=[], help="its id, its call's, or the beginning of one")
    which.add_argument("--all", action="store_true", help="all that have an original")
    which.add_argument("--failed", action="store_true", help="those that were set aside")
    anew.add_argument("--profile", choices=get_args(Profile), default="", help="(as the settings say)")
    common(
        anew, "Example: ivr recordings anonymize 019ab3c2 --profile strong\n         ivr recordings anonymize --failed"
    )
    anew.set_defaults(run=_anonymize)


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
        return catalogue.meant(session, id)


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


def _pending(args: argparse.Namespace) -> int:
    """1: some were set aside."""
    with Database(load(args.data).database_url).read() as session:
        rows = anonymisations.find(session)
    emit(args, [{name: getattr(row, name) for name in PENDING} for row in rows], PENDING)
    return int(any(row.state == "failed" for row in rows))


def _anonymize(args: argparse.Namespace) -> int:
    database = Database(load(args.data).database_url)
    try:
        ids = [_wanted(database, id) for id in args.ids]
    except catalogue.CatalogueError as error:
        return problem(str(error))
    number = 0
    for batch in _batches(database, args.failed) if args.all or args.failed else [ids]:
        with database.transaction() as session:
            anonymisations.want(session, batch, args.profile, in_turn=args.all)
            for id in ids:
                audit.write(session, user(), "anonymize", id, args.profile)
        number += len(batch)
    if not ids:
        with database.transaction() as session:
            which = "those that failed" if args.failed else "all"
            audit.write(session, user(), "anonymize", detail=f"{which}, {number} {args.profile}".strip())
    emit(args, [{"asked": number}], ["asked"])
    return 0


def _wanted(database: Database, id: str) -> str:
    """Raises CatalogueError."""
    with database.read() as session:
        entry = catalogue.meant(session, id)
    if entry.purged or not entry.original:
        gone = "was deleted" if entry.purged else f"has no original any more: {DESTROYED}"
        raise catalogue.CatalogueError(f"recording {entry.id} {gone}")
    return entry.id


def _batches(database: Database, failed: bool) -> Iterator[list[str]]:
    last = ""
    chosen = select(Recording.id).where(Recording.purged_at.is_(None), Recording.original_gone_at.is_(None))
    if failed:
        chosen = chosen.join(Anonymisation, Anonymisation.recording_id == Recording.id)
        chosen = chosen.where(Anonymisation.state == "failed")
    while True:
        with database.read() as session:
            batch = list(session.scalars(chosen.where(Recording.id > last).order_by(Recording.id).limit(AT_ONCE)))
        if not batch:
            return
        yield batch
        last = batch[-1]
