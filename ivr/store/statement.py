"""Statements that every call runs: Core statements turned into the driver's own SQL once.

Running a Core statement costs 60 to 200 µs, most of it SQLAlchemy's; this way it is 10 to 30. The SQL, the conversion
of values and the defaults of columns still are SQLAlchemy's, so they fit SQLite and PostgreSQL.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import ClauseElement, CursorResult
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler

Row = Mapping[str, Any]
# The SQL, and what turns a row into what the driver takes with it.
Made = tuple[str, Callable[[Row], Any]]


class Statement:
    """An insert sets the columns that its rows name, an update those besides its bound parameters."""

    def __init__(self, core: ClauseElement) -> None:
        self._core = core
        self._made: WeakKeyDictionary[Dialect, dict[tuple[str, ...], Made]] = WeakKeyDictionary()

    def run(self, session: Session, rows: Row | Sequence[Row]) -> CursorResult[Any]:
        """Run with one row, or once for each of several, which all name the same columns in the same order."""
        connection = session.connection()
        names = tuple(rows if isinstance(rows, Mapping) else rows[0])
        made = self._made.setdefault(connection.dialect, {})
        if names not in made:
            made[names] = _make(self._core, names, connection.dialect)
        sql, convert = made[names]
        if isinstance(rows, Mapping):
            return connection.exec_driver_sql(sql, convert(rows))
        return connection.exec_driver_sql(sql, [convert(row) for row in rows])


def _make(core: ClauseElement, names: tuple[str, ...], dialect: Dialect) -> Made:
    compiled = cast(SQLCompiler, core.compile(dialect=dialect, column_keys=names))
    # Whatever a row does not name: a value in the statement itself, or its column's default.
    defaults = dict(compiled.params)
    for column in getattr(compiled, "insert_prefetch", ()):
        default: Any = column.default
        defaults[column.key] = default.arg if default.is_scalar else default.arg(None)
    order = list(compiled.positiontup or compiled.binds)
    processors = [compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]
    fields = [(name, defaults.get(name), process) for name, process in zip(order, processors, strict=True)]

    def values(row: Row) -> tuple[Any, ...]:
        # A list first: half the time of a generator.
        return tuple(
            [process(row.get(name, value)) if process else row.get(name, value) for name, value, process in fields]
        )

    if compiled.positional:
        return compiled.string, values
    return compiled.string, lambda row: dict(zip(order, values(row), strict=True))
