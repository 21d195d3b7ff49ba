"""What one process does where recordings lie: the tape, and the nightly run that deletes what is over."""

from collections.abc import Awaitable, Callable
from typing import Any

from ivr.cli.installation import purge_rules
from ivr.cli.vault import open_store, open_vault
from ivr.settings import Settings
from ivr.store.database import Database
from recordings.nightly import Nightly
from recordings.purge import Purge
from recordings.tape import Tape


def open_tape(
    settings: Settings, database: Database, act: Callable[[dict[str, str]], Awaitable[dict[str, Any]]]
) -> Tape:
    """`act` sends one AMI action."""
    given = settings.recordings
    vault, place = open_vault(settings), settings.spool
    return Tape(database, vault, act, place=place, timezone=given.timezone, min_free=given.min_free)


def open_nightly(settings: Settings, database: Database) -> Nightly:
    store, rules = open_store(settings), purge_rules(settings)
    return Nightly(
        database,
        lambda now: Purge(database, store, settings.spool, rules, now),
        settings.recordings.purge_at,
        rules.zone,
    )
