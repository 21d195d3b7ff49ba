"""`ivr flow graph`: a flow as a picture, with the calls that went through it."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ivr.cli.output import span
from ivr.problem import Problem, WrongUse

if TYPE_CHECKING:
    from ivr.flow.graph import Graph

EXAMPLE = "Example: ivr flow graph flows/assistenza.flow.yaml --calls 2026-11-01..2026-11-24"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser(
        "graph", help="draw a flow", epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.svg", help="FILE's name and .svg, here; - for stdout")
    parser.add_argument("--lang", default="", help="show what is said in this language (the flow's first)")
    parser.add_argument(
        "--calls",
        type=span,
        metavar="FROM..TO",
        help="count the calls of these days, the last included, as 2026-11-01..2026-11-24 or a single day",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the installation's folder, for --calls (data)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dot", action="store_true", help="Graphviz's language instead of a picture")
    form.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.flow.graph import graph
    from ivr.flow.loader import SUFFIX, read

    path: Path = args.file
    if not path.is_file() or not path.name.endswith(SUFFIX):
        raise WrongUse(f"{path} is no flow's file; give one that ends in {SUFFIX}")
    name = path.name.removesuffix(SUFFIX)
    book, findings = read(path.parent)
    if name not in book.flows:
        wrong = next((f"{one}; " for one in findings if Path(one.file) == path), "")
        raise Problem(f"{wrong}only what can be read can be drawn: see `ivr flow check {path}`")
    try:
        drawn = graph(book, name, args.lang)
    except ValueError as error:
        raise WrongUse(str(error)) from error
    text = _text(_counted(drawn, args) if args.calls else drawn, args)
    output = args.output or Path("-" if args.json or args.dot else f"{name}.svg")
    if output == Path("-"):
        print(text, end="")
        return 0
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        raise Problem(f"{output}: {error.strerror}") from error
    print(output)
    return 0


def _counted(drawn: "Graph", args: argparse.Namespace) -> "Graph":
    """Days are those of the contract's time zone."""
    from zoneinfo import ZoneInfo

    from ivr.days import bounds
    from ivr.flow.graph import with_calls
    from ivr.settings import load
    from ivr.store.database import Database
    from ivr.store.passages import passages

    settings = load(args.data)
    zone = ZoneInfo(settings.recordings.timezone)
    first, last = args.calls
    since, until = bounds(first, zone, last)
    with Database(settings.database_url).read() as session:
        counted, left_out = with_calls(drawn, passages(session, drawn.flow, since, until))
    if left_out:
        ways = ", ".join(f"{way} ({calls})" for way, calls in sorted(left_out.items()))
        print(f"ivr: not in the flow as it is now, so left out: {ways}", file=sys.stderr)
    return counted


def _text(drawn: "Graph", args: argparse.Namespace) -> str:
    from ivr.flow.graph.dot import dot

    if args.json:
        return _json(drawn)
    if args.dot:
        return dot(drawn)
    from asterisk_conf import graphviz, tree
    from ivr.flow.graph.svg import svg

    try:
        layout = graphviz.layout(tree.ensure(lambda line: print(line, file=sys.stderr)), dot(drawn))
    except (graphviz.GraphvizError, tree.TreeError) as error:
        raise Problem(str(error)) from error
    return svg(drawn, layout, period="{} to {}".format(*args.calls) if args.calls else "")


def _json(drawn: "Graph") -> str:
    from dataclasses import asdict

    whole = asdict(drawn)
    whole["together"] = [{"from": a, "to": b, "calls": calls} for (a, b), calls in drawn.together.items()]
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
