"""`ivr anonymize IN OUT`: the anonymiser's own command."""

import argparse

from anonymizer import command
from anonymizer.files import WrongUse as NotPossible
from ivr.problem import WrongUse


def arguments(parser: argparse.ArgumentParser) -> None:
    command.arguments(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    try:
        return command.run(args)
    except NotPossible as error:
        raise WrongUse(str(error)) from error
