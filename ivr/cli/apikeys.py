"""`ivr apikeys`: keys with which programs of other houses use the API (`docs/api.md`)."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any

from ivr.cli.installation import user
from ivr.cli.output import common, emit
from ivr.settings import load
from ivr.store.database import Database
from ivr.store.schema import ApiKey
from ivr.web.v1 import keys
from ivr.web.v1.scopes import SCOPES

COLUMNS = ["name", "scopes", "per_minute", "created_at", "created_by", "expires_at", "last_used_at", "revoked_at"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr apikeys list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser("add", help="make a key; it is shown once")
    add.add_argument("name", metavar="NAME", help="what the audit calls it")
    add.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=SCOPES,
        metavar="SCOPE",
        help="what it may do, several times: " + "; ".join(f"{name} ({text})" for name, text in SCOPES.items()),
    )
    add.add_argument("--days", type=int, metavar="N", help="after which it is over (never)")
    add.add_argument(
        "--per-minute", type=int, default=keys.PER_MINUTE, metavar="N", help=f"requests it may make ({keys.PER_MINUTE})"
    )
    common(add, "Example: ivr apikeys add pagopa-reports --scope calls:read --scope surveys:read --days 365")
    add.set_defaults(run=_add)
    listing = commands.add_parser("list", help="keys, what they may do, when they were used last")
    common(listing, "Example: ivr apikeys list")
    listing.set_defaults(run=_list)
    revoke = commands.add_parser("revoke", help="from now on the key opens nothing")
    revoke.add_argument("name", metavar="NAME")
    common(revoke, "Example: ivr apikeys revoke pagopa-reports")
    revoke.set_defaults(run=_revoke)


def _add(args: argparse.Namespace) -> int:
    until = datetime.now(UTC) + timedelta(days=args.days) if args.days is not None else None
    with Database(load(args.data).database_url).transaction() as session:
        key = keys.add(session, args.name, args.scope, by=user(), per_minute=args.per_minute, expires_at=until)
    row = {"name": args.name, "scopes": sorted(set(args.scope)), "expires_at": until, "key": key}
    emit(args, [row], list(row))
    return 0


def _list(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        emit(args, [_row(one) for one in keys.listed(session)], COLUMNS)
    return 0


def _row(one: ApiKey) -> dict[str, Any]:
    return {name: getattr(one, name) for name in COLUMNS}


def _revoke(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).transaction() as session:
        keys.revoke(session, args.name, by=user())
    emit(args, [{"name": args.name, "revoked": True}], ["name", "revoked"])
    return 0
