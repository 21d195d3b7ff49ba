"""`ivr flow schema`: JSON Schemas of the designers' files, for their editors."""

import argparse
import json
from pathlib import Path
from typing import Any

from ivr.cli.output import emit
from ivr.problem import Problem

KINDS = ("flow", "calendars", "queues", "tests")


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "schema",
        help="JSON Schemas, so that an editor completes and checks",
        epilog="Example: ivr flow schema --of flow -o flow.schema.json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--of", choices=KINDS, default="flow", help="the file it is of (flow)")
    parser.add_argument("--all", type=Path, metavar="DIR", help="write all of them there, each as KIND.json")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="(stdout)")
    parser.add_argument("--json", action="store_true", help="say which files were written as JSON (a schema always is)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.flow.schema import SCHEMAS

    if not args.all and not args.output:
        print(text(SCHEMAS[args.of][0]()), end="")
        return 0
    files = {kind: args.all / f"{kind}.json" for kind in KINDS} if args.all else {args.of: args.output}
    try:
        if args.all:
            args.all.mkdir(parents=True, exist_ok=True)
        for kind, path in files.items():
            path.write_text(text(SCHEMAS[kind][0]()), "utf-8")
    except OSError as error:
        raise Problem(f"{error.filename}: {error.strerror}") from error
    emit(args, [{"of": kind, "file": str(path)} for kind, path in files.items()], ["of", "file"])
    return 0


def text(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
