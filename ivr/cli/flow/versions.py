"""`ivr flow versions`: what was published, by whom and why, and which version new calls take."""

import argparse

from ivr.cli.output import common, emit


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("versions", help="what was published, and what is active")
    common(parser, "Example: ivr flow versions")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from ivr.settings import load
    from ivr.store import calls, flow_versions
    from ivr.store.database import Database

    database = Database(load(args.data).database_url)
    with database.read() as session:
        active = flow_versions.active(session)
        running = [call.version for call in calls.live(session)]
        rows = [
            {
                "version": row.number,
                "created_at": row.created_at,
                "author": row.author,
                "active": active is not None and active.version == row.number,
                "active_since": active.since if active and active.version == row.number else None,
                "calls": running.count(row.number),
                "note": row.note,
            }
            for row in flow_versions.versions(session)
        ]
    emit(args, rows, ["version", "created_at", "author", "active", "calls", "note"])
    return 0
