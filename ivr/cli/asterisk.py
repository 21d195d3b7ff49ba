"""`ivr asterisk`: fetch Asterisk and the robot phone into the cache, if they are not there."""

import argparse
import sys

from asterisk_conf import tree
from ivr.cli.output import common, emit


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr asterisk")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        got = tree.ensure(lambda line: print(line, file=sys.stderr))
    except tree.TreeError as error:
        print(f"ivr: {error}", file=sys.stderr)
        return 1
    emit(args, [{"asterisk": got.asterisk_version(), "folder": str(got.path)}], ["asterisk", "folder"])
    return 0
