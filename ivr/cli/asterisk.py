"""`ivr asterisk`: fetch Asterisk and the robot phone into the cache, if they are not there."""

import argparse
import sys

from asterisk_conf import kamailio, tree
from ivr.cli.output import common, emit


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr asterisk")
    parser.add_argument("--kamailio", action="store_true", help="and Kamailio, which stands before several Asterisks")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    def progress(line: str) -> None:
        print(line, file=sys.stderr)

    try:
        got = tree.ensure(progress)
        if args.kamailio:
            kamailio.ensure(progress)
    except tree.TreeError as error:
        print(f"ivr: {error}", file=sys.stderr)
        return 1
    emit(args, [{"asterisk": got.asterisk_version(), "folder": str(got.path)}], ["asterisk", "folder"])
    return 0
