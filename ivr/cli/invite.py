"""`ivr invite`: the file with which another machine gets a controller of this one's calls."""

import argparse
from pathlib import Path

from ivr.cli.invitation import write
from ivr.cli.output import common, show
from ivr.settings import load


def arguments(parser: argparse.ArgumentParser) -> None:
    common(
        parser,
        "Example: ivr invite controller-b.json\n\nIt holds secrets: bring it over by a way that nobody reads, use it "
        "there\n(`ivr controller NAME --join FILE`), and delete it.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="is made, for its owner alone to read")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    write(load(args.data), args.file)
    show(args, {"file": str(args.file)})
    return 0
