"""`ivr flow diff`: what changed between two versions, or since one, in the words of the language."""

import argparse
import json
from dataclasses import asdict

from ivr.cli.output import common, problem

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
    from ivr.flow.findings import FlowErrors
    from ivr.publishing.changes import changes as compare
    from ivr.settings import load
    from ivr.store.database import Database

    settings = load(args.data)
    old, new = (None if which == FOLDER else int(which) for which in (args.a, args.b))
    try:
        changes = compare(Database(settings.database_url), settings.flows.folder, old, new)
    except (FlowErrors, OSError) as error:
        return problem(str(error))
    if args.json:
        print(json.dumps([asdict(one) | {"text": str(one)} for one in changes], indent=2, ensure_ascii=False))
        return 0
    for change in changes:
        print(change)
    if not changes:
        print("no difference")
    return 0
