"""`ivr flow check`: everything that is wrong with a flows' folder or one file of it, by line and column."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "check", help="find mistakes before a call does", epilog="Example: ivr flow check flows/assistenza.flow.yaml"
    )
    parser.add_argument(
        "path", nargs="?", type=Path, default=Path("flows"), metavar="PATH", help="folder or file (flows)"
    )
    parser.add_argument("--strict", action="store_true", help="a warning fails, too")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the installation whose `http.allow` counts (data)")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """A file is checked with the folder it lies in: its calendars, queues and subflows are there."""
    from ivr.flow.check import check
    from ivr.settings import load

    path: Path = args.path
    if not path.exists():
        print(f"ivr: {path} does not exist; give a flows' folder or a file in one", file=sys.stderr)
        return 2
    if not path.is_dir() and path.suffix != ".yaml":
        print(f"ivr: {path} is no flow; a flow's file ends in .flow.yaml", file=sys.stderr)
        return 2
    # Settings that name no host are those of a desk where flows are only written: the controller's will say.
    hosts = load(args.data).http.hosts
    folder = path if path.is_dir() else path.parent
    found = [one for one in check(folder, hosts) if folder == path or Path(one.file) == path]
    errors = sum(one.severity == "error" for one in found)
    if args.json:
        print(json.dumps([asdict(one) for one in found], indent=2, ensure_ascii=False))
    else:
        for one in found:
            print(one)
        print(f"{path}: {errors} errors, {len(found) - errors} warnings", file=sys.stderr)
    return 1 if errors or (args.strict and found) else 0
