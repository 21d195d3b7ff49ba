"""The engine: SQLite (WAL) or PostgreSQL behind SQLAlchemy; migrations; transactions."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
from sqlalchemy import Connection, create_engine, event, func, make_url, select
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from ivr.problem import Problem

MIGRATING = 0x4E4E  # PostgreSQL's number of the lock that migrations hold
BUSY = 10_000  # ms to wait for another process's transaction
BRIEFLY = 100
# A server that is gone without a word is away after so long, and not when the kernel gives up.
PATIENCE: dict[str, Any] = {"connect_timeout": 3, "tcp_user_timeout": 3000}  # seconds, and ms


class StoreError(Problem):
    """The store cannot be used, or cannot hold what was asked; the message says what to do."""


class Database:
    """Open lazily: an engine costs nothing until it is used. Safe to use from several threads and processes."""

    def __init__(self, url: str, within: float = 0.0, *, migrated: bool = False) -> None:
        """`within`: seconds that PostgreSQL has for each answer, and is away after; 0: as many as it takes. `migrated`:
        it is away, too, while its tables are of a former version; for all that `ivr up` starts, which may be before."""
        self.url = make_url(url)
        self._sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = create_engine(
            self.url,
            json_serializer=_json,
            json_deserializer=msgspec.json.decode,
            hide_parameters=True,  # an error's text goes into logs, and numbers of callers do not
            connect_args={} if self._sqlite else PATIENCE,
        )
        # The same engine; its transactions say from the start that they will write.
        self._writing = self.engine.execution_options(writes=True)
        self._migrating = threading.Lock()
        if self._sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        elif within or migrated:
            from ivr.store.impatient import connected

            event.listen(
                self.engine, "do_connect", lambda _, __, args, options: connected(within, migrated, *args, **options)
            )

    def migrate(self, revision: str = "head") -> None:
        """Bring the tables to what this code needs, or to a `revision` on the way. Two processes that start at once do
        it one after the other."""
        # Takes long to import, and most commands only read.
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        try:
            with self._migrating, self._file_locked("migrating"), self.engine.begin() as connection:
                if not self._sqlite:  # until the end of this transaction
                    connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        except CommandError as error:
            raise StoreError(
                f"{self.name}: was made by a newer Numero Nero ({error}); use that version, or another --data"
            ) from error
        except (SQLAlchemyError, OSError) as error:
            hint = "; check the folder's rights and the disk" if self._sqlite else ""
            raise StoreError(f"{self.name}: {_short(error)}{hint}") from error

    @property
    def made(self) -> bool:
        """False: SQLite's file is not there yet, and whoever opens it makes it."""
        return not self._sqlite or not self.url.database or Path(self.url.database).exists()

    def revisions(self) -> tuple[str, str]:
        """Of the tables that are there ("": none), and the one that this code needs. Raises StoreError."""
        from alembic.config import Config
        from alembic.runtime.migration import MigrationContext
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
        with self._errors(), self.engine.connect() as connection:
            has = MigrationContext.configure(connection).get_current_revision()
        return has or "", ScriptDirectory.from_config(config).get_current_head() or ""

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back on an error."""
        with self._errors(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    def scrub(self) -> bool:
        """After something was deleted for good: when this is True, SQLite's files have no byte of it any more. False:
        somebody is still reading the state before; do it again later. PostgreSQL has its vacuum for that."""
        if not self._sqlite:
            return True
        with self._errors(), closing(self.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={BRIEFLY}")  # while it waits for who reads, nobody can write
            try:
                busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY}")
        return not busy

    def connect(self) -> Connection:
        """A connection to keep, for many small transactions one after the other; its owner closes it."""
        return self._writing.connect()

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._errors(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """To read all of one moment, however long that takes and whoever writes meanwhile."""
        with self.read() as session:
            if not self._sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            text = _short(error)
            if text.startswith(("unable to open database file", "no such table", 'relation "')):
                text += "; nothing is stored there yet: start with `ivr up`, or say with --data where it is"
            raise StoreError(f"{self.name}: {text}") from error

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """One at a time of all that ask for that name, in all processes; who asks for nothing writes meanwhile."""
        if self._sqlite:
            with self._file_locked(name):
                yield
            return
        number = crc32(name.encode())
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            with self._errors():
                connection.execute(select(func.pg_advisory_lock(number)))
            try:
                yield
            finally:
                with suppress(SQLAlchemyError):  # a connection that is lost has lost the lock
                    connection.execute(select(func.pg_advisory_unlock(number)))

    @contextmanager
    def _file_locked(self, name: str) -> Iterator[None]:
        if not self._sqlite or not self.url.database:
            yield
            return
        with Path(f"{self.url.database}.{name}").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def is_away(self, error: Exception) -> bool:
        """Whether this says that the server cannot be reached; what was to be written may be tried again later."""
        if isinstance(error, StoreError) and isinstance(error.__cause__, Exception):
            error = error.__cause__
        if self._sqlite or not isinstance(error, DBAPIError):
            return False
        unsaid = isinstance(error, InterfaceError | OperationalError) and getattr(error.orig, "sqlstate", None) is None
        return error.connection_invalidated or unsaid

    @property
    def name(self) -> str:
        """The file, or the address without its password."""
        return self.url.database if self._sqlite and self.url.database else self.url.render_as_string()


def _short(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # We say BEGIN ourselves (see below), or the driver would begin late and a read could not become a write.
    connection.isolation_level = None
    cursor = connection.cursor()
    pragmas = ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY}", "foreign_keys=ON")
    for pragma in (*pragmas, "secure_delete=ON"):  # what is deleted is overwritten: the keys of recordings among it
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # Who reads first and writes later is refused at once when another has written meanwhile; IMMEDIATE waits its turn.
    writes = connection.get_execution_options().get("writes", False)
    connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
