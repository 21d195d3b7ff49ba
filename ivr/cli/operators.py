"""`ivr operators`: who may take calls."""

import argparse
import sys
from datetime import UTC, datetime

from ivr.acd.state import USUAL_LEVEL
from ivr.calls import phones
from ivr.cli.installation import make_folders, secret
from ivr.cli.output import common, emit, problem, show
from ivr.settings import load
from ivr.store import operators
from ivr.store.database import Database
from ivr.store.schema import Presence

COLUMNS = ["code", "name", "languages", "skills", "queues", "state", "reason", "since"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr operators list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="add an operator")
    add.add_argument("code", metavar="CODE", help="3 to 8 digits; callers hear it")
    add.add_argument("--name", required=True)
    add.add_argument("--languages", required=True, metavar="it,en", help="the first is the one we speak to them")
    add.add_argument("--queues", required=True, metavar="all|NAME,…")
    add.add_argument("--skills", default="", metavar="NAME[:LEVEL],…", help="besides the languages; levels 1 to 9 (5)")
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
    try:
        skills = dict(map(_skill, filter(None, map(str.strip, args.skills.split(",")))))
    except ValueError:
        print(
            f"ivr operators add: --skills {args.skills}: write NAME or NAME:LEVEL, levels are 1 to 9", file=sys.stderr
        )
        return 2
    with _database(args).transaction() as session:
        operators.add(session, args.code, args.name, languages, queues, datetime.now(UTC), skills)
    row = {
        "code": args.code,
        "name": args.name,
        "languages": languages,
        "skills": skills,
        "queues": queues,
        **_stands(None),
    }
    emit(args, [row], COLUMNS)
    return 0


def _skill(text: str) -> tuple[str, int]:
    name, _, level = text.partition(":")
    return name, int(level or USUAL_LEVEL)


def _list(args: argparse.Namespace) -> int:
    with _database(args).read() as session:
        there = {row.code: row for row in operators.presences(session)}
        rows = [
            {
                "code": row.code,
                "name": row.name,
                "languages": row.languages,
                "skills": row.skills,
                "queues": row.queues,
                **_stands(there.get(row.code)),
            }
            for row in operators.current(session)
        ]
    emit(args, rows, COLUMNS)
    return 0


def _stands(presence: Presence | None) -> dict[str, object]:
    if presence is None:
        return {"state": "signed-out", "reason": "", "phone": "", "since": None}
    return {
        "state": presence.state,
        "reason": presence.reason,
        "phone": presence.phone,
        "since": presence.since,
    }


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
