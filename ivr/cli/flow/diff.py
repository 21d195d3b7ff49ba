"""`ivr flow diff`: what changed between two versions, or since one, in the words of the language."""

import argparse
import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.cli.output import common, problem

if TYPE_CHECKING:
    from ivr.flow.model import Book
    from ivr.store.database import Database

FOLDER = "."


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("diff", help="what changed between two versions, or since one")
    common(parser, "Example: ivr flow diff 3 4")
    parser.add_argument("a", type=_version, metavar="A", help="a version's number, or `.` for the folder")
    parser.add_argument("b", type=_version, nargs="?", default=FOLDER, metavar="B", help="another (the folder)")
    parser.set_defaults(run=run)


def _version(text: str) -> str:
    if text != FOLDER and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"'{text}' is neither a version's number nor `.`, the folder")
    return text


def run(args: argparse.Namespace) -> int:
    """Differences are no problem: exit status 0 with or without them."""
    from ivr.flow.diff import diff
    from ivr.flow.findings import FlowErrors
    from ivr.settings import load
    from ivr.store.database import Database

    settings = load(args.data)
    database = Database(settings.database_url)
    try:
        (old, old_files), (new, new_files) = (
            _state(database, which, settings.flows.folder) for which in (args.a, args.b)
        )
    except (FlowErrors, OSError) as error:
        return problem(str(error))
    changes = diff(old, new, old_files, new_files)
    if args.json:
        print(json.dumps([asdict(one) | {"text": str(one)} for one in changes], indent=2, ensure_ascii=False))
        return 0
    for change in changes:
        print(change)
    if not changes:
        print("no difference")
    return 0


def _state(database: "Database", which: str, folder: Path) -> tuple["Book", dict[str, str]]:
    """The book and the files of a version, or of the folder. Raises FlowErrors, StoreError, OSError."""
    from ivr.flow.findings import FlowErrors
    from ivr.flow.loader import read
    from ivr.publishing import folder as folders
    from ivr.store import flow_versions
    from ivr.store.database import StoreError

    with tempfile.TemporaryDirectory(prefix="ivr-version-") as place:
        if which == FOLDER:
            files = folders.digests(folder)
        else:
            with database.read() as session:
                files = flow_versions.paths(session, int(which))
                if not files:
                    raise StoreError(f"there is no version {which}; see `ivr flow versions`")
                folders.write(Path(place), files, lambda sha256: flow_versions.content(session, sha256))
            folder = Path(place)
        book, findings = read(folder)
    if errors := [finding for finding in findings if finding.severity == "error"]:
        raise FlowErrors(errors)
    return book, files
