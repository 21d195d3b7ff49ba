"""`ivr users`: who may sign in to the pages and the API."""

import argparse

from ivr.cli.output import common, emit
from ivr.settings import load
from ivr.store.database import Database
from ivr.web import access, users


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr users list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="add a user; the new password is shown once")
    add.add_argument("name", metavar="NAME")
    add.add_argument("--role", required=True, choices=access.ROLES)
    add.add_argument(
        "--operator",
        default="",
        metavar="CODE",
        help="for the role operator; a supervisor has one to listen and to take calls over",
    )
    common(add, "Example: ivr users add rossi --role reviewer")
    add.set_defaults(run=_add)
    listing = commands.add_parser("list", help="users and their roles")
    common(listing, "Example: ivr users list")
    listing.set_defaults(run=_list)
    remove = commands.add_parser("remove", help="take a user's rights away")
    remove.add_argument("name", metavar="NAME")
    common(remove, "Example: ivr users remove rossi")
    remove.set_defaults(run=_remove)


def _add(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).transaction() as session:
        password = users.add_user(session, args.name, args.role, args.operator)
    row = {"name": args.name, "role": args.role, "operator": args.operator, "password": password}
    emit(args, [row], list(row))
    return 0


def _list(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        rows = [
            {"name": one.name, "role": one.role, "operator": one.operator, "from": one.subject.partition(" ")[0]}
            for one in users.find(session)
        ]
    emit(args, rows, ["name", "role", "operator", "from"])
    return 0


def _remove(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).transaction() as session:
        users.remove_user(session, args.name)
    emit(args, [{"name": args.name, "removed": True}], ["name", "removed"])
    return 0
