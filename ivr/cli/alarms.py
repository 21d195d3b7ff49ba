"""`ivr alarms`: what people must see to now; and whether they would be told."""

import argparse
import asyncio
import time
import uuid
from datetime import UTC, datetime

from ivr.cli.output import common, emit, problem
from ivr.cli.watch import ways
from ivr.problem import Problem
from ivr.settings import load
from ivr.watching import book
from ivr.watching.alarms import Notice
from ivr.watching.book import Letter

COLUMNS = ["alarm", "since", "told", "detail"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr alarms list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listed = commands.add_parser("list", help="what is wrong now, and since when")
    common(listed, "Example: ivr alarms list --json\n\nExit status 1: something is.")
    listed.set_defaults(run=_list)
    test = commands.add_parser("test", help="send a test by mail and webhook, now")
    common(test, "Example: ivr alarms test\n\nExit status 1: somebody did not take it, or nobody would be told.")
    test.set_defaults(run=_test)


def _list(args: argparse.Namespace) -> int:
    data = load(args.data).data
    if not data.is_dir():
        return problem(f"{data}: nothing is there yet: start with `ivr up`, or say with --data where it is")
    noted = book.read(data)
    rows = [
        {"alarm": name, "since": _time(one.since), "told": one.told and _time(one.told), "detail": one.detail}
        for name, one in sorted(noted.told().items())
    ]
    emit(args, rows, COLUMNS)
    return 1 if rows else 0


def _test(args: argparse.Namespace) -> int:
    settings, now = load(args.data), time.time()
    found, notice = ways(settings), Notice("raised", "test", "this is a test; nothing is wrong", now, 0.0)
    rows = []
    for way, tell in found.items():
        try:
            asyncio.run(tell(Letter(str(uuid.uuid4()), way, now, [notice])))
            rows.append({"way": way, "result": "taken"})
        except Problem as error:
            rows.append({"way": way, "result": str(error)})
    if not rows:
        rows = [{"way": "none", "result": "nobody would be told: set alarms.mail or alarms.webhook"}]
    emit(args, rows, ["way", "result"])
    return 0 if all(row["result"] == "taken" for row in rows) else 1


def _time(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
