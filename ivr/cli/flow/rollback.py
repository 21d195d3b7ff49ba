"""`ivr flow rollback`: new calls take an old version again."""

import argparse
import json

from ivr.cli.flow.publish import author, signed
from ivr.cli.output import common, problem


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("rollback", help="make an old version active again")
    common(parser, 'Example: ivr flow rollback 3 --note "wrong hours in 4"')
    parser.add_argument("version", type=int, metavar="V", help="its number, see `ivr flow versions`")
    signed(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.cli.installation import library
    from ivr.flow.findings import FlowErrors
    from ivr.prompts.library import PromptError
    from ivr.publishing.publish import roll_back
    from ivr.settings import load
    from ivr.store.database import Database

    settings, number = load(args.data), args.version
    database = Database(settings.database_url)
    try:
        home, sounds = settings.flow_versions, library(settings).of
        done = roll_back(database, number, home, sounds, author=author(args), note=args.note)
    except (FlowErrors, PromptError, OSError) as error:
        return problem(str(error))
    if args.json:
        print(json.dumps({"version": number, "changed": done}))
    else:
        print(f"version {number} is what new calls take" if done else f"version {number} is active already")
    return 0
