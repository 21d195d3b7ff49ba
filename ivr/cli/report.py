"""`ivr report`: what is reported to the buyer."""

import argparse
import json
import re
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.cli.output import common, emit, problem
from ivr.settings import Prices, load
from ivr.store.database import Database
from ivr.tickets import accounts
from ivr.tickets.accounts_sheet import notes, workbook

COLUMNS = ["what", "tickets", "price", "amount"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr report tickets --month 2026-11"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    tickets = commands.add_parser("tickets", help="what a month's closed tickets come to")
    tickets.add_argument("--month", type=_month, required=True, metavar="YYYY-MM", help="by the clock of the contract")
    tickets.add_argument("--excel", type=Path, metavar="FILE.xlsx", help="write a workbook that adds up by formulas")
    tickets.add_argument("--force", action="store_true", help="overwrite FILE.xlsx")
    common(tickets, "Example: ivr report tickets --month 2026-11 --excel november.xlsx")
    tickets.set_defaults(run=_tickets)


def _month(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) or text < "1970" or text > "9998":
        raise argparse.ArgumentTypeError(f"'{text}' is no month; write it as 2026-11")
    return date.fromisoformat(f"{text}-01")


def _prices(given: Prices) -> accounts.Prices:
    return accounts.Prices(
        {name: getattr(given, name) for name in accounts.PAID}, given.specialist, given.specialist_is
    )


def _tickets(args: argparse.Namespace) -> int:
    settings = load(args.data)
    zone, prices = ZoneInfo(settings.recordings.timezone), settings.tickets.prices
    with Database(settings.database_url).snapshot() as session:
        account = accounts.account(session, args.month, _prices(prices), zone)
    if args.excel:
        try:
            with args.excel.open("wb" if args.force else "xb") as file:
                file.write(workbook(account, zone, prices.specialist_is))
        except FileExistsError:
            return problem(f"{args.excel} is there already; give --force to overwrite it, or another name")
        except OSError as error:
            return problem(f"{args.excel}: cannot be written ({error.strerror}); choose another place")
    rows = [{**vars(line), "price": f"{line.price:.2f}", "amount": f"{line.amount:.2f}"} for line in account.lines]
    if args.json:
        told = {"unpaid": account.unpaid, "unknown": account.unknown, "undelivered": account.undelivered}
        told["specialists_unknown"] = account.specialists_unknown
        whole = {"month": account.month, "lines": rows, "total": f"{account.total:.2f}", **told}
        print(json.dumps(whole, indent=2))
        return 0
    total = {"what": "total", "tickets": "", "price": "", "amount": f"{account.total:.2f}"}
    emit(args, [*rows, total], COLUMNS)
    for text, number in notes(account).items():
        if number:
            print(f"ivr: {text}: {number}", file=sys.stderr)
    return 0
