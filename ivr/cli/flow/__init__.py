"""`ivr flow`: the designers' commands, one module each. What takes long to import is imported where it is run."""

import argparse
from types import ModuleType

from ivr.cli.flow import check, diff, graph, publish, rollback, schema, simulate, test, versions

COMMANDS: tuple[ModuleType, ...] = (check, graph, schema, simulate, test, publish, versions, diff, rollback)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr flow check flows/"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
