"""the catalogue: a narrow row a recording, to search a million; samples of it; the type a ticket was delivered with"""

from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from ivr.store.catalogue import lot, minute
from ivr.store.schema import UtcTime

revision = "0011"
down_revision = "0012"

ZONE = ZoneInfo("Europe/Rome")  # what days went by until now, unless a house had set another
AT_ONCE = 1000


def upgrade() -> None:
    op.add_column("ticket_outbox", sa.Column("type", sa.String(), nullable=False, server_default=""))
    op.execute(
        "UPDATE ticket_outbox SET type = tickets.type FROM tickets"
        " WHERE tickets.call_id = ticket_outbox.call_id AND ticket_outbox.reference <> ''"
    )
    words = ("queue", "language", "reason", "operator", "outcome", "disposition", "flow", "type", "ticket")
    catalogue = op.create_table(
        "catalogue",
        sa.Column("started_at", UtcTime(), primary_key=True),
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recordings.id"), primary_key=True),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("waited", sa.Double(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in words),
        sqlite_with_rowid=False,
    )
    for rows in op.get_bind().execute(_there()).mappings().partitions(AT_ONCE):
        op.bulk_insert(catalogue, [_entry(row) for row in rows])
    op.create_index("ix_catalogue_recording_id", "catalogue", ["recording_id"], unique=True)
    for name in ("call_id", "ticket"):
        op.create_index(f"ix_catalogue_{name}", "catalogue", [name])
    for name in ("operator", "language", "reason", "type"):
        op.create_index(f"catalogue_{name}", "catalogue", [name, "started_at"])
    op.create_index("survey_answers_given", "survey_answers", ["question", "answer", "call_id"])
    op.create_table(
        "samples",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("drawn_at", UtcTime(), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("strata", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
    )
    op.create_table(
        "sample_items",
        sa.Column("recording_id", sa.String(), sa.ForeignKey("recordings.id"), primary_key=True),
        sa.Column("sample", sa.String(), sa.ForeignKey("samples.name"), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("reviewed_at", UtcTime(), nullable=True),
        sa.UniqueConstraint("sample", "place"),
    )


def _there() -> sa.Select[Any]:
    """The tables as they are here, whatever they become later."""
    recordings = sa.table("recordings", *map(sa.column, ("id", "call_id", "kind", "seconds", "purged_at")))
    recordings.append_column(sa.column("day", sa.Date()))
    calls = sa.table("calls", *map(sa.column, ("id", "queue", "language", "operator", "outcome", "disposition")))
    for column in (sa.column("started_at", UtcTime()), sa.column("ticket", sa.JSON())):
        calls.append_column(column)
    for name in ("flow", "version", "waited"):
        calls.append_column(sa.column(name))
    outbox = sa.table("ticket_outbox", *map(sa.column, ("call_id", "type", "reference")))
    of_recording = (recordings.c[name] for name in ("call_id", "kind", "seconds", "day"))
    of_call = (column for column in calls.c if column.name not in ("id", "ticket"))
    return (
        sa.select(
            recordings.c.id.label("recording_id"),
            *of_recording,
            *of_call,
            calls.c.ticket.label("said"),
            sa.func.coalesce(outbox.c.type, "").label("type"),
            sa.func.coalesce(outbox.c.reference, "").label("ticket"),
        )
        .join(calls, calls.c.id == recordings.c.call_id)
        .outerjoin(outbox, outbox.c.call_id == calls.c.id)
        .where(recordings.c.purged_at.is_(None))
    )


def _entry(row: sa.RowMapping) -> dict[str, object]:
    entry = dict(row)
    said = entry.pop("said") or {}
    reasons = (said.get("fields", {}).get("reason"), said.get("subject"), "")
    return entry | {
        "reason": next(reason for reason in reasons if reason is not None),
        "minute": minute(row["started_at"], ZONE),
        "weekday": row["day"].isoweekday(),
        "lot": lot(row["recording_id"]),
    }
