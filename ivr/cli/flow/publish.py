"""`ivr flow publish`: the folder becomes what new calls hear, at once; calls in progress end as they began."""

import argparse
import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from ivr.cli.output import common, problem


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("publish", help="check, test and make it what new calls hear")
    common(parser, 'Example: ivr flow publish --note "Summer hours"')
    parser.add_argument("path", nargs="?", type=Path, metavar="PATH", help="folder (the settings' flows.folder)")
    signed(parser)
    parser.set_defaults(run=run)


def signed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--note", default="", metavar="TEXT", help="why, for those who read the list of versions")
    parser.add_argument("--author", metavar="NAME", help="who (the user of this machine)")


def author(args: argparse.Namespace) -> str:
    from ivr.cli.installation import user

    return args.author or user()


def run(args: argparse.Namespace) -> int:
    from ivr.cli.flow.test import failures
    from ivr.cli.installation import library, make_folders
    from ivr.flow.findings import Finding, FlowErrors
    from ivr.problem import Problem
    from ivr.prompts.library import PromptError
    from ivr.publishing.publish import FailingTests, publish
    from ivr.settings import load
    from ivr.store import flow_versions
    from ivr.store.database import Database

    settings = load(args.data)
    folder: Path = args.path or settings.flows.folder
    if not folder.is_dir():
        problem(f"{folder} is no folder; a whole flows' folder is published, not one file")
        return 2
    result: dict[str, Any] = {"published": False, "version": None, "findings": [], "failures": [], "problem": ""}
    try:
        make_folders(settings)
        database = Database(settings.database_url)
        database.migrate()
        sounds, tests = library(settings).of(folder.resolve()), partial(failures, settings=settings)
        number = publish(
            database, folder, sounds, tests=tests, author=author(args), note=args.note, hosts=settings.http.hosts
        )
        with database.read() as session:
            result |= {"published": number > 0, "version": number or flow_versions.active_number(session)}
    except FlowErrors as error:
        result |= {"findings": [asdict(one) for one in error.findings], "problem": "the check found errors"}
    except FailingTests as error:
        result |= {"failures": error.failures, "problem": str(error)}
    except (Problem, PromptError) as error:
        result["problem"] = str(error)
    if args.json:
        print(json.dumps(result, indent=2, ensure_ascii=False))
    elif result["problem"]:
        for one in result["findings"]:
            print(Finding(**one), file=sys.stderr)
        for one in result["failures"]:
            print(one, file=sys.stderr)
        problem(f"nothing was published: {result['problem']}")
    elif result["published"]:
        print(f"version {result['version']} is what new calls take")
    else:
        print(f"nothing changed since version {result['version']}, which new calls take")
    return 1 if result["problem"] else 0
