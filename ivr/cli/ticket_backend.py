"""`ivr tickets`, what is about delivery: check, conformance, reconcile, retry, and `list --failed`."""

import argparse
from datetime import UTC, datetime
from typing import Any

from ivr.cli.deliver import faults, open_backend
from ivr.cli.output import common, emit, problem
from ivr.settings import load
from ivr.store import outbox
from ivr.store.database import Database
from ivr.tickets import search
from ivr.tickets.backend import BackendError
from ivr.tickets.conformance import conformance
from ivr.tickets.watch import reconcile


def arguments(commands: Any) -> None:
    retry = commands.add_parser("retry", help="deliver again what was set aside")
    which = retry.add_mutually_exclusive_group(required=True)
    which.add_argument("call", nargs="?", metavar="CALL", help="one, by its call's id")
    which.add_argument("--all", action="store_true", help="each that was set aside")
    common(retry, "Example: ivr tickets retry --all")
    retry.set_defaults(run=_retry)
    check = commands.add_parser("check", help="ask the backend whether it has what we need")
    common(check, "Example: ivr tickets check")
    check.set_defaults(run=_check)
    missing = commands.add_parser("reconcile", help="after the backend was restored: make again what is gone")
    common(missing, "Example: ivr tickets reconcile")
    missing.set_defaults(run=_reconcile)
    suite = commands.add_parser("conformance", help="does a backend do all that it must; makes tickets there")
    suite.add_argument("name", metavar="NAME", help="as tickets.backend names it")
    common(suite, "Example: ivr tickets conformance rt")
    suite.set_defaults(run=_conformance)


def failed(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        rows = [
            {"call_id": one.call_id, "reason": one.last_error, "since": one.failed_at, "ticket": one.reference}
            for one in outbox.failed(session, search.page_size(args.limit))
        ]
    emit(args, rows, ["call_id", "since", "reason"])
    return 0


def _retry(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).transaction() as session:
        number = outbox.retry(session, datetime.now(UTC), None if args.all else [args.call])
    if not number and not args.all:
        return problem(f"no ticket of call {args.call} was set aside; see `ivr tickets list --failed`")
    emit(args, [{"due": number}], ["due"])
    return 0


def _check(args: argparse.Namespace) -> int:
    found = faults(load(args.data))
    emit(args, [{"problem": one} for one in found], ["problem"])
    return 1 if found else 0


def _reconcile(args: argparse.Namespace) -> int:
    settings = load(args.data)
    database = Database(settings.database_url)
    backend = open_backend(settings, database)
    try:
        number = reconcile(database, backend, settings.tickets.backend, datetime.now(UTC))
    except BackendError as error:
        return problem(f"the backend cannot be asked: {error}")
    finally:
        backend.close()
    emit(args, [{"due": number}], ["due"])
    return 0


def _conformance(args: argparse.Namespace) -> int:
    settings = load(args.data)
    backend = open_backend(settings, Database(settings.database_url), args.name)
    try:
        found = list(conformance(backend))
    finally:
        backend.close()
    rows = [{"result": "FAILED" if one.problem else "ok", "what": one.what, "problem": one.problem} for one in found]
    emit(args, rows, ["result", "what", "problem"])
    return 1 if any(one.problem for one in found) else 0
