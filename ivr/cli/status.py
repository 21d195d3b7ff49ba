"""`ivr status`: is everything up, and what is it doing."""

import argparse
import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ivr.cli.installation import is_alive, read_note
from ivr.cli.output import common
from ivr.control_room.board import board
from ivr.settings import Settings, load
from ivr.store import anonymisations, controllers, flow_versions, outbox
from ivr.store.database import Database, StoreError


def arguments(parser: argparse.ArgumentParser) -> None:
    common(parser, "Example: ivr status --json")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    settings = load(args.data)
    state = status(settings)
    print(json.dumps(state, indent=2, default=str) if args.json else _text(state))
    return 0 if state["ready"] else 1


def status(settings: Settings) -> dict[str, Any]:
    """The state of one installation; `ready` means that a call would be answered by a flow."""
    running, now = read_note(settings), datetime.now(UTC)
    beats, calls, operators, active, tickets, copies = {}, [], [], None, None, None
    try:
        if running:
            with Database(settings.database_url).read() as session:
                beats = {row.id: row.calls for row in controllers.alive(session, now)}
                active, copies = flow_versions.active(session), anonymisations.figures(session)
                view, tickets = board(session, now), outbox.standing(session, now)
                calls, operators = [asdict(one) for one in view.calls], [asdict(one) for one in view.operators]
    except StoreError:
        beats = {}
    ours = running.controllers if running else {}
    return {
        "ready": running is not None and running.alive() and bool(beats.keys() & ours.keys()),
        "asterisk": {
            "pid": running.asterisk if running and is_alive(running.asterisk) else None,
            "version": running.version if running else None,
            "sip": f"{settings.sip.listen}:{settings.ports.sip}",
        },
        "controllers": [{"id": name, "pid": pid, "calls": beats.get(name)} for name, pid in ours.items()],
        "tickets": {
            "pid": running.tickets if running and is_alive(running.tickets) else None,
            **(asdict(tickets) if tickets else {}),
        },
        "anonymizers": [{"id": name, "pid": pid} for name, pid in (running.anonymizers if running else {}).items()],
        "recordings": {"pending": copies.waiting, "failed": copies.failed, "oldest": copies.oldest} if copies else None,
        "flows": {
            "version": active.version if active else None,
            "since": active.since if active else None,
            "author": active.author if active else None,
        },
        "calls": calls,
        "operators": operators,
        "web": f"http://{settings.web.listen}:{settings.ports.web}/",
        "paths": {
            "data": str(settings.data.resolve()),
            "recordings": str(settings.recordings_folder),
            "spool": str(settings.spool),
            "database": Database(settings.database_url).name,
            "logs": str(settings.logs),
        },
    }


def _text(state: dict[str, Any]) -> str:
    asterisk = state["asterisk"]
    lines = [
        f"ready        {'yes' if state['ready'] else 'no'}",
        f"asterisk     {asterisk['version'] or 'not running'} (process {asterisk['pid']}), SIP at {asterisk['sip']}",
        *(f"{one['id']}  process {one['pid']}, {one['calls']} calls" for one in state["controllers"]),
        f"tickets      {_tickets(state['tickets'])}",
        *(f"{one['id']}  process {one['pid']}" for one in state["anonymizers"]),
        f"recordings   {_recordings(state['recordings'])}",
        f"flows        {_flows(state['flows'])}",
        f"operators    {', '.join(one['code'] + ' ' + one['state'] for one in state['operators']) or 'none'}",
        f"pages        {state['web']}",
        *(f"{name:<12} {path}" for name, path in state["paths"].items()),
    ]
    return "\n".join(lines)


def _tickets(tickets: dict[str, Any]) -> str:
    if "pending" not in tickets:
        return "none"
    told = f"process {tickets['pid']}, {tickets['pending']} to deliver, the oldest for {tickets['lag']:.0f} s"
    told += f", {tickets['failed']} set aside" if tickets["failed"] else ""
    return f"{told}: {tickets['reason']}" if tickets["reason"] else told


def _recordings(copies: dict[str, Any] | None) -> str:
    """Of their anonymised copies."""
    if copies is None:
        return "none"
    told = f"{copies['pending']} to anonymise, the oldest for {copies['oldest']:.0f} s"
    return f"{told}, {copies['failed']} set aside" if copies["failed"] else told


def _flows(flows: dict[str, Any]) -> str:
    if flows["version"] is None:
        return "none"
    return f"version {flows['version']} since {flows['since']:%Y-%m-%d %H:%M:%S} by {flows['author']}"
