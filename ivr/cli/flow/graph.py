"""`ivr flow graph`: a flow as a picture, with the calls that went through it."""

import argparse
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.flow.graph import Graph

EXAMPLE = "Example: ivr flow graph flows/assistenza.flow.yaml -o assistenza.svg --calls 2026-11-01..2026-11-24"


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("graph", help="draw a flow", epilog=EXAMPLE)
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.svg", help="FILE's name and .svg, here; - for stdout")
    parser.add_argument("--lang", default="", help="show what is said in this language (the flow's first)")
    parser.add_argument(
        "--calls",
        type=_days,
        metavar="FROM..TO",
        help="count the calls of these days, the last included, as 2026-11-01..2026-11-24 or a single day",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="the installation's folder, for --calls (data)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--dot", action="store_true", help="Graphviz's language instead of a picture")
    form.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.flow.findings import FlowErrors
    from ivr.flow.graph import graph
    from ivr.flow.loader import SUFFIX, read

    path: Path = args.file
    if not path.is_file() or not path.name.endswith(SUFFIX):
        return _wrong(f"{path} is no flow's file; give one that ends in {SUFFIX}")
    name = path.name.removesuffix(SUFFIX)
    try:
        book, _, findings = read(path.parent)
    except FlowErrors as error:
        book, findings = None, error.findings
    if book is None or name not in book.flows:
        for finding in findings:
            if Path(finding.file) == path:
                print(finding, file=sys.stderr)
        return _problem(f"{path} cannot be read as a flow; see `ivr flow check {path}`")
    try:
        drawn = graph(book, name, args.lang)
    except ValueError as error:
        return _wrong(str(error))
    if args.calls:
        from ivr.store.database import StoreError

        try:
            drawn = _counted(drawn, args)
        except StoreError as error:
            return _problem(str(error))
    return _write(drawn, args)


def _counted(drawn: "Graph", args: argparse.Namespace) -> "Graph":
    """Days are those of the contract's time zone."""
    from datetime import datetime, time, timedelta
    from zoneinfo import ZoneInfo

    from ivr.flow.graph import with_calls
    from ivr.settings import load
    from ivr.store.database import Database
    from ivr.store.passages import passages

    settings = load(args.data)
    zone = ZoneInfo(settings.recordings.timezone)
    first, last = args.calls
    since, until = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    with Database(settings.database_url).read() as session:
        counted, left_out = with_calls(drawn, passages(session, drawn.flow, since, until))
    if left_out:
        ways = ", ".join(f"{way} ({calls})" for way, calls in sorted(left_out.items()))
        print(f"ivr: not in the flow as it is now, so left out: {ways}", file=sys.stderr)
    return counted


def _write(drawn: "Graph", args: argparse.Namespace) -> int:
    from ivr.flow.graph.dot import dot

    if args.json or args.dot:
        text, output = dot(drawn) if args.dot else _json(drawn), args.output or Path("-")
    else:
        from asterisk_conf import graphviz, tree
        from ivr.flow.graph.svg import svg

        try:
            layout = graphviz.layout(tree.ensure(lambda line: print(line, file=sys.stderr)), dot(drawn))
        except (graphviz.GraphvizError, tree.TreeError) as error:
            return _problem(str(error))
        period = f"{args.calls[0]} to {args.calls[1]}" if args.calls else ""
        text, output = svg(drawn, layout, period=period), args.output or Path(f"{drawn.flow}.svg")
    if output == Path("-"):
        print(text, end="")
        return 0
    try:
        output.write_text(text, "utf-8")
    except OSError as error:
        return _problem(f"{output}: {error.strerror}")
    print(output)
    return 0


def _json(drawn: "Graph") -> str:
    from dataclasses import asdict

    whole = asdict(drawn)
    whole["together"] = [{"from": a, "to": b, "calls": calls} for (a, b), calls in drawn.together.items()]
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _days(text: str) -> tuple[date, date]:
    first, dots, last = text.partition("..")
    try:
        days = date.fromisoformat(first), date.fromisoformat(last if dots else first)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no span of days; write 2026-11-01..2026-11-24") from None
    if days[0] > days[1]:
        raise argparse.ArgumentTypeError(f"'{text}' ends before it begins")
    return days


def _problem(message: str) -> int:
    print(f"ivr: {message}", file=sys.stderr)
    return 1


def _wrong(message: str) -> int:
    return _problem(message) + 1
