"""`ivr originals`: who asked to hear a recording's original, voices as they are, and who approved."""

import argparse
from typing import Any

from ivr.cli import person
from ivr.cli.output import common, emit
from ivr.settings import load
from ivr.store.database import Database
from ivr.store.schema import OriginalRequest
from ivr.web import access
from recordings import originals

COLUMNS = ["id", "recording_id", "asked_by", "asked_at", "reason", "approved_by", "until"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr originals list"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    ask = commands.add_parser("request", help="ask to hear one; somebody else must approve")
    ask.add_argument("id", metavar="ID", help="the recording's, whole")
    ask.add_argument("--reason", required=True, help="why, for those who ask later")
    _as(ask, "Example: ivr originals request 019ab3c2-… --reason 'complaint 17/2027' --as rossi")
    ask.set_defaults(run=_request)
    approve = commands.add_parser("approve", help="let the one who asked hear it for a time")
    approve.add_argument("id", metavar="REQUEST", type=int, help="the request's number")
    _as(approve, "Example: ivr originals approve 12 --as bianchi")
    approve.set_defaults(run=_approve)
    listing = commands.add_parser("list", help="the newest first")
    common(listing, "Example: ivr originals list")
    listing.set_defaults(run=_list)


def _as(parser: argparse.ArgumentParser, example: str) -> None:
    person.argument(parser, required=True)
    common(parser, example)


def _request(args: argparse.Namespace) -> int:
    settings, password = load(args.data), person.password(args.user)
    with Database(settings.database_url).transaction() as session:
        user = person.name(session, args.user, password, access.ASK_FOR_ORIGINALS)
        row = _row(originals.ask(session, args.id, reason=args.reason, by=user))
    emit(args, [row], COLUMNS)
    return 0


def _approve(args: argparse.Namespace) -> int:
    settings, password = load(args.data), person.password(args.user)
    with Database(settings.database_url).transaction() as session:
        user = person.name(session, args.user, password, access.APPROVE_ORIGINALS)
        seconds = settings.recordings.originals_for
        row = _row(originals.approve(session, args.id, by=user, seconds=seconds))
    emit(args, [row], COLUMNS)
    return 0


def _list(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        emit(args, [_row(one) for one in originals.find(session)], COLUMNS)
    return 0


def _row(one: OriginalRequest) -> dict[str, Any]:
    return {name: getattr(one, name) for name in (*COLUMNS, "approved_at")}
