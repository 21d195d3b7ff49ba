"""`ivr restore`: bring a backup back into an installation that does not run. What was purged since stays purged."""

import argparse
import shutil
from datetime import UTC, datetime
from pathlib import Path

from ivr.cli.installation import lock, make_folders, user
from ivr.cli.output import common, show
from ivr.cli.vault import open_store
from ivr.settings import FILE_NAME, Settings, load
from ivr.store import audit, backup, controllers
from ivr.store.database import Database
from recordings import ledger


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="what `ivr backup` made")
    parser.add_argument("--secrets", metavar="OTHER", type=Path, help="the secrets that were copied with it")
    parser.add_argument("--force", action="store_true", help="in place of what is stored here, which is lost")
    common(parser, "Example: ivr restore /backup/2027-07-01T03 --secrets /safe/2027-07-01T03 --data /srv/numero-nero")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    load(args.data)  # what is wrong with it is said before anything else
    manifest = backup.read(args.folder)
    settings = _with_its_settings(args)
    database = Database(settings.database_url)
    with lock(settings):
        _must_be_free(database, args.force)
        if args.secrets:
            shutil.copytree(args.secrets, settings.secrets, dirs_exist_ok=True)
        backup.bring_back(args.folder, manifest, database)
        replayed = ledger.settle(database, open_store(settings))
        database.scrub()
        with database.transaction() as session:
            audit.write(
                session, user(), "restore", detail=f"the backup of {manifest.made_at}; {replayed} deletions again"
            )
    show(args, {"made_at": manifest.made_at, "deletions_again": replayed})
    return 0


def _with_its_settings(args: argparse.Namespace) -> Settings:
    """Of this installation; where it has none of its own, those of the backup."""
    settings = load(args.data)
    make_folders(settings)
    own, its = settings.data / FILE_NAME, args.folder / FILE_NAME
    if its.exists() and not own.exists():
        shutil.copyfile(its, own)
        settings = load(args.data)
        make_folders(settings)
    return settings


def _must_be_free(database: Database, force: bool) -> None:
    if backup.is_empty(database):
        return
    with database.read() as session:
        running = [row.id for row in controllers.alive(session, datetime.now(UTC))]
    if running:
        raise backup.BackupError(f"{database.name}: controllers use it ({', '.join(running)}); stop them first")
    if not force:
        raise backup.BackupError(
            f"{database.name}: has something stored in it already; restore into an empty installation (--data), or "
            "take a backup of this one and then say --force: what is here is lost"
        )
