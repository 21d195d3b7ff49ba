"""`ivr operators`: who may take calls."""

import argparse
import asyncio
import sys
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from ivr.acd import commands, day
from ivr.acd.state import USUAL_LEVEL
from ivr.calls import phones
from ivr.cli.installation import link_key, make_folders, secret
from ivr.cli.output import common, emit, problem, show
from ivr.control_room.lines import Lines
from ivr.days import bounds
from ivr.link.messages import LinkError, Refused
from ivr.problem import WrongUse
from ivr.settings import load
from ivr.store import audit, operators
from ivr.store.database import Database, StoreError
from ivr.store.schema import Presence, PresenceEvent

COLUMNS = ["code", "name", "languages", "skills", "queues", "state", "reason", "since"]
EVENT = ["at", "state", "reason", "call_id", "by"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "Example: ivr operators list"
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = verbs.add_parser("add", help="add an operator")
    add.add_argument("code", metavar="CODE", help="3 to 8 digits; callers hear it")
    add.add_argument("--name", required=True)
    add.add_argument("--languages", required=True, metavar="it,en", help="the first is the one we speak to them")
    add.add_argument("--queues", required=True, metavar="all|NAME,…")
    add.add_argument("--skills", default="", metavar="NAME[:LEVEL],…", help="besides the languages; levels 1 to 9 (5)")
    common(add, "Example: ivr operators add 4271 --name 'Anna B.' --languages it,de --queues all")
    add.set_defaults(run=_add)
    listing = verbs.add_parser("list", help="operators and where they stand")
    common(listing, "Example: ivr operators list --json")
    listing.set_defaults(run=_list)
    remove = verbs.add_parser("remove", help="remove an operator; past calls keep the code")
    remove.add_argument("code", metavar="CODE")
    common(remove, "Example: ivr operators remove 4271")
    remove.set_defaults(run=_remove)
    state = verbs.add_parser("state", help="put an operator to work, on pause, or off")
    state.add_argument("code", metavar="CODE")
    state.add_argument("state", choices=["ready", "paused", "signed-out"])
    state.add_argument("--reason", default="", help="of the pause")
    common(state, "Example: ivr operators state 4271 paused --reason training")
    state.set_defaults(run=_state)
    events = verbs.add_parser("events", help="each change of where an operator stood, and who made it")
    events.add_argument("code", metavar="CODE")
    events.add_argument("--date", metavar="D", help="as 2026-11-24 (today)")
    common(events, "Example: ivr operators events 4271 --date 2026-11-24")
    events.set_defaults(run=_events)
    worked = verbs.add_parser("day", help="seconds in each state from the first sign-in to the last sign-out")
    worked.add_argument("code", metavar="CODE")
    worked.add_argument("--date", metavar="D", help="as 2026-11-24 (today)")
    common(worked, "Example: ivr operators day 4271 --date 2026-11-24 --json")
    worked.set_defaults(run=_day)
    phone = verbs.add_parser("phone", help="how to set up the operator's SIP phone (shows its password)")
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


def _state(args: argparse.Namespace) -> int:
    if (args.state == "paused") != bool(args.reason.strip()):
        print("ivr operators state: a pause has a --reason, and nothing else has one", file=sys.stderr)
        return 2
    code, by = args.code, "command line"
    command: commands.Command = commands.Ready(code, by)
    if args.state == "paused":
        command = commands.Pause(code, args.reason, by)
    elif args.state == "signed-out":
        command = commands.SignOut(code, by)
    settings = load(args.data)
    database = Database(settings.database_url)
    try:
        stands = asyncio.run(_ask(Lines(database, link_key(settings)), command))
    except (Refused, LinkError) as error:
        return problem(str(error))
    with database.transaction() as session:
        audit.write(session, by, "operator-state", f"{code} {args.state} {args.reason}".strip())
    show(args, {"code": code, "state": stands.state, "reason": stands.reason, "then": stands.then})
    return 0


async def _ask(lines: Lines, command: commands.Command) -> commands.Stands:
    async with lines:
        stands: commands.Stands = await lines.ask_floor(command, commands.Stands)
        return stands


def _changes(args: argparse.Namespace, now: datetime) -> tuple[list[PresenceEvent], datetime, datetime]:
    """Of the day that was asked for, with its bounds. Raises StoreError for a code that nobody has had, WrongUse."""
    settings = load(args.data)
    zone = ZoneInfo(settings.recordings.timezone)
    asked = now.astimezone(zone).date()
    if args.date:
        try:
            asked = date.fromisoformat(args.date)
        except ValueError:
            raise WrongUse(f"--date {args.date}: write a day as 2026-11-24") from None
    begin, end = bounds(asked, zone)
    with _database(args).read() as session:
        if operators.get(session, args.code) is None:
            raise StoreError(f"there is no operator {args.code}; see `ivr operators list`")
        return operators.events(session, args.code, begin, end), begin, end


def _events(args: argparse.Namespace) -> int:
    changes, begin, _ = _changes(args, datetime.now(UTC))
    rows = [{column: getattr(one, column) for column in EVENT} for one in changes if one.at >= begin]
    emit(args, rows, EVENT)
    return 0


def _day(args: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    worked = day.account(*_changes(args, now), now)
    if worked is None:
        return problem(f"operator {args.code} was not at work on that day")
    row = {"code": args.code, "first": worked.first, "last": worked.last, "open": worked.open}
    show(args, row | {"seconds": worked.seconds, "states": worked.states, "pauses": worked.pauses})
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
