"""Connections to PostgreSQL that are only had while it is of use: it answers, and has the tables that this code needs.

A server that hangs with its connections open (it was stopped, or waits for its disk) says nothing, and the kernel goes
on acknowledging what is sent to it. One that was away may come back with the tables of a former version, when a new one
was started meanwhile. Both are away.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg.errors import OperationalError, UndefinedTable, _WaitTimeout

# Milliseconds that a transaction may stand still: who is cut off in the midst of one, machine and all, would hold
# the row of the lease for hours, and nobody else could lead.
HELD = 2000
_REVISION = re.compile(r'^(down_)?revision = "(.*)"$', re.MULTILINE)


@cache
def needed() -> str:
    """The newest revision: no other comes after it. Without Alembic, which takes long to import."""
    folder = Path(__file__).parent / "migrations/versions"
    found = [match for path in folder.glob("*.py") for match in _REVISION.findall(path.read_text("utf-8"))]
    [newest] = {name for before, name in found if not before} - {name for before, name in found if before}
    return str(newest)


class Impatient(psycopg.Connection[Any]):
    """Who gets no answer `within` seconds has no connection any more. What was asked may have been done, or be yet."""

    within: float = 3.0

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        try:
            return super().wait(gen, *args, **({"timeout": self.within} | options))
        except _WaitTimeout:
            self.pgconn.finish()
            raise OperationalError(f"the server has not answered for {self.within:g} s") from None


def connected(within: float, migrated: bool, *arguments: Any, **options: Any) -> psycopg.Connection[Any]:
    """`within`: 0 for one that waits. `migrated`: only to the tables of this code, or of a newer one, whose controllers
    may be at work beside ours while it is rolled out."""
    one = (Impatient if within else psycopg.Connection[Any]).connect(*arguments, **options)
    if isinstance(one, Impatient):
        one.within = within
        one.execute(f"SET idle_in_transaction_session_timeout = {HELD}")
        one.commit()
    if migrated and (has := _revision(one)) < needed():  # they are counted, in digits that are always as many
        one.close()
        raise OperationalError(f"its tables are of version {has or 'none'}, and not {needed()}; `ivr up` makes these")
    return one


def _revision(connection: psycopg.Connection[Any]) -> str:
    try:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except UndefinedTable:
        row = None
    connection.rollback()
    return str(row[0]) if row else ""
