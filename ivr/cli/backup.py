"""`ivr backup`: the database, of one moment, while calls go on. `docs/recordings.md` has the whole procedure."""

import argparse
import shutil
import sys
from pathlib import Path

from ivr.cli.output import common, show
from ivr.settings import FILE_NAME, load
from ivr.store import backup
from ivr.store.database import Database


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="a new folder, or an empty one")
    parser.add_argument(
        "--secrets",
        metavar="OTHER",
        type=Path,
        help="copy the secrets there, a folder of its own to be kept apart: who has both can open recordings",
    )
    common(parser, "Example: ivr backup /backup/2027-07-01T03 --secrets /safe/2027-07-01T03")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load(args.data)
    own_settings = settings.data / FILE_NAME
    manifest = backup.make(
        Database(settings.database_url), args.folder, [own_settings] if own_settings.exists() else []
    )
    if args.secrets:
        try:
            shutil.copytree(settings.secrets, args.secrets)
        except OSError as error:
            raise backup.BackupError(f"{args.secrets}: the secrets cannot be copied: {error}") from error
    else:
        print(
            f"ivr backup: without the secrets ({settings.secrets}) no recording opens; keep them too, apart from this: "
            "--secrets OTHER",
            file=sys.stderr,
        )
    size = sum(path.stat().st_size for path in args.folder.iterdir())
    show(args, {"folder": str(args.folder), "made_at": manifest.made_at, "bytes": size, "heads": dict(manifest.heads)})
    return 0
