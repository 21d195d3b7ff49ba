"""`ivr tickets`: the tickets of the embedded backend, and why a call made the one it made."""

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from ivr.cli import ticket_backend
from ivr.cli.criteria import more
from ivr.cli.installation import secret, user
from ivr.cli.output import common, emit, problem, show
from ivr.settings import Settings, load
from ivr.store import calls
from ivr.store.database import Database
from ivr.store.schema import Ticket
from ivr.tickets import desk, embedded, search
from ivr.tickets.outcome import draft, facts, places
from ivr.tickets.table import deciding

COLUMNS = ["number", "type", "state", "assignee", "due_at", "created_at", "subject"]
# What each command changes of a ticket, and how its value is called.
CHANGES = {
    "state": ("state", "new, open, waiting, resolved or closed; `open` again opens what was closed", "closed"),
    "assign": ("assignee", 'the user who has it; "" for nobody', "rossi"),
    "type": ("type", "Q, PQ, A, PA, I, PI or B", "PQ"),
    "queue": ("queue", "its queue", "privacy"),
    "priority": ("priority", "low, normal or high", "high"),
    "subject": ("subject", "what it is about", '"A payment that did not arrive"'),
    "specialist": ("specialist", "yes or no: whether the buyer's specialists were needed", "yes"),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr tickets list --state new --order due"
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    listing = commands.add_parser("list", help="the newest first")
    for name, line in search.HELP.items():
        listing.add_argument(f"--{name}", dest=f"of_{name}", action="append", metavar=name.upper(), help=line)
    listing.add_argument("--failed", action="store_true", help="those set aside, which the backend will not take")
    listing.add_argument("--limit", default="50", help=f"{search.MOST} at most (50)")
    listing.add_argument("--after", default="", metavar="TOKEN", help="go on after a page, with what it said")
    common(listing, 'Example: ivr tickets list --type Q --words "pagament* avviso"')
    listing.set_defaults(run=_list)
    one = commands.add_parser("show", help="everything about one")
    one.add_argument("key", metavar="NUMBER|CALL", help="its number, or its call's id")
    common(one, "Example: ivr tickets show 17")
    one.set_defaults(run=_show)
    words = commands.add_parser("comment", help="write something to one")
    words.add_argument("number", type=int, metavar="NUMBER")
    words.add_argument("text", metavar="TEXT")
    common(words, 'Example: ivr tickets comment 17 "The citizen has called again"')
    words.set_defaults(run=_comment)
    for name, (what, line, example) in CHANGES.items():
        change = commands.add_parser(name, help=f"change {line.partition(';')[0]}")
        change.add_argument("number", type=int, metavar="NUMBER")
        change.add_argument("value", metavar=what.upper(), help=line)
        common(change, f"Example: ivr tickets {name} 17 {example}")
        change.set_defaults(run=_change, what=what)
    why = commands.add_parser("explain", help="which row of the table decided what ticket a call makes")
    why.add_argument("call", metavar="CALL", help="its id, or the number of its ticket")
    common(why, "Example: ivr tickets explain 17")
    why.set_defaults(run=_explain)
    ticket_backend.arguments(commands)


def row(ticket: Ticket) -> dict[str, Any]:
    hidden = ("drafted", "words")
    return {
        column.name: getattr(ticket, column.name) for column in Ticket.__table__.columns if column.name not in hidden
    }


def _list(args: argparse.Namespace) -> int:
    if args.failed:
        return ticket_backend.failed(args)
    settings = load(args.data)
    given = {name: texts for name in search.HELP if (texts := getattr(args, f"of_{name}"))}
    # The secret is made when it is needed, not where nothing was started yet.
    policy, zone = settings.tickets.policy(secret(settings, "callers") if "caller" in given else ""), _zone(settings)
    now, limit = datetime.now(UTC), search.page_size(args.limit)
    with Database(settings.database_url).read() as session:
        page = search.find(session, given, policy=policy, zone=zone, now=now, limit=limit, after=args.after)
    emit(args, [row(ticket) for ticket in page.rows], COLUMNS)
    more(page.next)
    return 0


def _zone(settings: Settings) -> ZoneInfo:
    return ZoneInfo(settings.recordings.timezone)


def _show(args: argparse.Namespace) -> int:
    with Database(load(args.data).database_url).read() as session:
        ticket = embedded.get(session, args.key)
        if ticket is None:
            return problem(f"there is no ticket {args.key}; see `ivr tickets list`")
        whole = desk.whole(session, ticket.number)
    parts = {
        "history": [_plain(one, "at", "by", "what", "old", "new") for one in whole.changes],
        "comments": [_plain(one, "at", "by", "text") for one in whole.comments],
        "links": [_plain(one, "at", "title", "url") for one in whole.links],
    }
    told = {name: "".join(f"\n  {line}" for line in _lines(rows)) for name, rows in parts.items()}
    show(args, row(ticket) | (parts if args.json else told))
    return 0


def _plain(one: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}


def _lines(rows: list[dict[str, Any]]) -> list[str]:
    def cell(name: str, value: Any) -> str:
        return f"{value:%Y-%m-%d %H:%M}" if name == "at" else f"→ {value}" if name == "new" else str(value)

    return [" ".join(cell(name, value) for name, value in one.items() if value != "") for one in rows]


def _comment(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    return _done(args, lambda session, _: desk.comment(session, args.number, args.text, by=user(), now=now))


def _change(args: argparse.Namespace) -> int:
    def change(session: Session, settings: Settings) -> None:
        terms, now = settings.tickets.terms(), datetime.now(UTC)
        desk.change(session, args.number, args.what, args.value, by=user(), now=now, terms=terms)

    return _done(args, change)


def _done(args: argparse.Namespace, work: Callable[[Session, Settings], Any]) -> int:
    settings = load(args.data)
    with Database(settings.database_url).transaction() as session:
        work(session, settings)
        found = desk.whole(session, args.number).ticket
    emit(args, [row(found)], COLUMNS)
    return 0


def _explain(args: argparse.Namespace) -> int:
    settings = load(args.data)
    with Database(settings.database_url).read() as session:
        ticket = embedded.get(session, args.call)
        call = calls.get(session, ticket.call_id if ticket else args.call)
        if call is None:
            return problem(f"there is no call {args.call}; see `ivr tickets list`")
        place = places(calls.journeys(session, [call.id])).get(call.id, "")
    policy = settings.tickets.policy(secret(settings, "callers"))
    known = facts(call, place)
    number = deciding(known, policy.table)
    decided, made = policy.table[number], draft(call, policy, place)
    show(
        args,
        {
            **{name: value for name, value in vars(known).items() if args.json or value},
            "row": number + 1,
            "when": decided.when.model_dump(exclude_defaults=True),
            "ticket": {name: getattr(made, name) for name in ("type", "subject", "queue", "priority", "state")},
        },
    )
    return 0
