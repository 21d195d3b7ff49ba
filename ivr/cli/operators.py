"""`ivr operators`: who may take calls."""

import argparse
from datetime import UTC, datetime

from ivr.calls import phones
from ivr.cli.installation import make_folders, secret
from ivr.cli.output import common, emit, problem, show
from ivr.settings import load
from ivr.store import operators
from ivr.store.database import Database

COLUMNS = ["code", "name", "languages", "queues", "state"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr operators list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="add an operator")
    add.add_argument("code", metavar="CODE", help="3 to 8 digits; callers hear it")
    add.add_argument("--name", required=True)
    add.add_argument("--languages", required=True, metavar="it,en", help="the first is the one we speak to them")
    add.add_argument("--queues", required=True, metavar="all|NAME,…")
    common(add, "Example: ivr operators add 4271 --name 'Anna B.' --languages it,de --queues all")
    add.set_defaults(run=_add)
    listing = commands.add_parser("list", help="operators and where they stand")
    common(listing, "Example: ivr operators list --json")
    listing.set_defaults(run=_list)
    remove = commands.add_parser("remove", help="remove an operator; past calls keep the code")
    remove.add_argument("code", metavar="CODE")
    common(remove, "Example: ivr operators remove 4271")
    remove.set_defaults(run=_remove)
    phone = commands.add_parser("phone", help="how to set up the operator's SIP phone (shows its password)")
    phone.add_argument("code", metavar="CODE")
    common(phone, "Example: ivr operators phone 4271")
    phone.set_defaults(run=_phone)


def _database(args: argparse.Namespace) -> Database:
    settings = load(args.data)
    make_folders(settings)
    database = Database(settings.database_url)
    database.migrate()
    return database


def _add(args: argparse.Namespace) -> int:
    languages, queues = (
        [part.strip() for part in text.split(",") if part.strip()] for text in (args.languages, args.queues)
    )
    with _database(args).transaction() as session:
        operators.add(session, args.code, args.name, languages, queues, datetime.now(UTC))
    row = {"code": args.code, "name": args.name, "languages": languages, "queues": queues, "state": "signed-out"}
    emit(args, [row], COLUMNS)
    return 0


def _list(args: argparse.Namespace) -> int:
    with _database(args).read() as session:
        states = {row.code: row.state for row in operators.presences(session)}
        rows = [
            {
                "code": row.code,
                "name": row.name,
                "languages": row.languages,
                "queues": row.queues,
                "state": states.get(row.code, "signed-out"),
            }
            for row in operators.current(session)
        ]
    emit(args, rows, COLUMNS)
    return 0


def _remove(args: argparse.Namespace) -> int:
    with _database(args).transaction() as session:
        operators.remove(session, args.code, datetime.now(UTC))
    emit(args, [{"code": args.code, "removed": True}], ["code", "removed"])
    return 0


def _phone(args: argparse.Namespace) -> int:
    settings = load(args.data)
    with _database(args).read() as session:
        if args.code not in {row.code for row in operators.current(session)}:
            return problem(f"there is no operator {args.code}; see `ivr operators list`")
    password = phones.password(secret(settings, "phones"), args.code)
    server = f"{settings.sip.listen}:{settings.ports.sip}"
    show(args, {"account": phones.account(args.code), "password": password, "server": server, "sign_in": "*1"})
    return 0
