"""the audit log and the ledger of deletions as chains; legal holds; runs of the purge"""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from ivr.store.chain import Head
from ivr.store.chained import bind
from ivr.store.schema import KEPT, UNERASED, UtcTime

revision = "0012"
down_revision = "0010"

CHAINS = ("audit", "purge_ledger")


def upgrade() -> None:
    database = op.get_bind()
    audited = database.execute(sa.text("SELECT * FROM audit ORDER BY id").columns(at=UtcTime())).mappings().all()
    purged = database.execute(
        sa.text("SELECT * FROM purge_ledger ORDER BY purged_at, recording_id").columns(
            day=sa.Date(), purged_at=UtcTime(), as_of=UtcTime()
        )
    )
    deletions = purged.mappings().all()
    for table in CHAINS:
        op.drop_table(table)
    audit = op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("at", UtcTime(), nullable=False, index=True),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    ledger = op.create_table(
        "purge_ledger",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("recording_id", sa.String(), nullable=False, unique=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("purged_at", UtcTime(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    heads = op.create_table(
        "chain_heads",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    old = ({**{key: row[key] for key in ("at", "user", "action", "subject")}, "detail": ""} for row in audited)
    _fill(audit, heads, old)
    kept = ("recording_id", "day", "purged_at", "sha256")
    _fill(ledger, heads, ({**{key: row[key] for key in kept}, "rule": f"as of {row['as_of']}"} for row in deletions))
    for table in CHAINS:
        _refuse_changes(table)
    _holds_and_runs()


def _fill(table: sa.Table, heads: sa.Table, entries: Iterable[Mapping[str, Any]]) -> None:
    rows = bind(Head(), entries)
    if rows:
        op.bulk_insert(table, rows)
    last = Head(rows[-1]["seq"], rows[-1]["hash"]) if rows else Head()
    op.bulk_insert(heads, [{"name": table.name, "seq": last.seq, "hash": last.hash}])


def _refuse_changes(table: str) -> None:
    """Whoever administers the database can take these triggers away; then the chain shows what was changed."""
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only added to'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_only_added() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{table} is only added to'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_only_added()"
    )


def _holds_and_runs() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("call_id", sa.String(), sa.ForeignKey("calls.id"), nullable=False, index=True),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", UtcTime(), nullable=False),
        sa.Column("lifted_by", sa.String(), nullable=False),
        sa.Column("lifted_at", UtcTime(), nullable=True),
    )
    op.create_table(
        "purge_runs",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("as_of", UtcTime(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("pseudonyms", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
    )
    op.add_column("recordings", sa.Column("erased_at", UtcTime(), nullable=True))
    op.execute("UPDATE recordings SET erased_at = purged_at")
    op.create_index("recordings_kept", "recordings", ["day"], sqlite_where=KEPT, postgresql_where=KEPT)
    op.create_index("recordings_unerased", "recordings", ["id"], sqlite_where=UNERASED, postgresql_where=UNERASED)
