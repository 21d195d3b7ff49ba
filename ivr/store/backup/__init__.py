"""A copy of the database, whole and of one moment, while calls go on; and the way back.

SQLite is copied by its own online backup, in one step: who reads stops nobody from writing. PostgreSQL's tables are
copied out by COPY in one snapshot rather than by pg_dump, which must be installed and as new as the server; COPY comes
with the driver. What makes the tables is the migrations, here and there, so a copy is brought into a database of any
server version, and then to what this code needs.
"""

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, inspect, select, text

from ivr.problem import Problem
from ivr.store.backup import postgresql, sqlite
from ivr.store.database import Database
from ivr.store.schema import ChainHead

FORMAT = 1
MANIFEST = "backup.json"


class BackupError(Problem):
    """A backup that cannot be made or brought back; the message says why, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """`files`: SHA-256 by name. `columns`: by table, of PostgreSQL's. `heads`: of the chains, to note elsewhere."""

    made_at: str
    database: str  # sqlite, postgresql
    revision: str  # of the tables
    files: Mapping[str, str]
    columns: Mapping[str, list[str]]
    heads: Mapping[str, str]
    format: int = FORMAT


def make(database: Database, folder: Path, besides: Sequence[Path] = ()) -> Manifest:
    """Into an empty folder, with the files that belong to it `besides`; `backup.json` is written last, so without it a
    backup is none. Raises BackupError, StoreError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder}: is not an empty folder; each backup has one of its own")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        columns: dict[str, list[str]] = {}
        if database.engine.dialect.name == "sqlite":
            sqlite.copy_out(Path(database.name), folder)
            with create_engine(f"sqlite:///{folder / sqlite.NAME}", poolclass=NullPool).connect() as connection:
                revision, heads = _stands(connection)
        else:
            with database.snapshot() as session:
                revision, heads = _stands(session.connection())
                columns = postgresql.copy_out(session.connection(), folder)
        for path in besides:
            shutil.copyfile(path, folder / path.name)
        files = {path.name: _digest(path) for path in sorted(folder.iterdir())}
        manifest = Manifest(made_at, database.engine.dialect.name, revision, files, columns, heads)
        _write(folder / MANIFEST, json.dumps(asdict(manifest), indent=2) + "\n")
    except OSError as error:
        raise BackupError(f"{error.filename}: {error.strerror}; what is there is no backup") from error
    return manifest


def read(folder: Path) -> Manifest:
    """Having looked whether all of it is as it was made. Raises BackupError."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text("utf-8")))
    except FileNotFoundError:
        raise BackupError(
            f"{folder}: has no {MANIFEST}: it is no backup, or one that was cut off; take another"
        ) from None
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{folder / MANIFEST}: cannot be read ({error}); take another backup") from error
    if manifest.format != FORMAT:
        raise BackupError(f"{folder}: was made by a newer Numero Nero; use that version")
    for name, digest in manifest.files.items():
        try:
            whole = _digest(folder / name) == digest
        except OSError:
            whole = False
        if not whole:
            raise BackupError(f"{folder / name}: is damaged, or missing; take another backup")
    return manifest


def is_empty(database: Database) -> bool:
    """Whether nothing was ever stored there."""
    if database.engine.dialect.name == "sqlite" and not Path(database.name).exists():
        return True
    return not inspect(database.engine).get_table_names()


def bring_back(folder: Path, manifest: Manifest, database: Database) -> None:
    """In place of all that the database has. Raises BackupError, StoreError."""
    if database.engine.dialect.name != manifest.database:
        raise BackupError(
            f"the backup is of {manifest.database}, the database is {database.engine.dialect.name}: set store.url to a "
            f"database of that kind"
        )
    if manifest.database == "sqlite":
        database.engine.dispose()  # a connection that is kept would go on with the file of before
        sqlite.copy_in(folder, Path(database.name))
    else:
        with database.transaction() as session:
            postgresql.drop(session.connection())
        database.migrate(manifest.revision)
        with database.transaction() as session:
            postgresql.copy_in(session.connection(), folder, manifest.columns)
    database.migrate()


def _stands(connection: Connection) -> tuple[str, dict[str, str]]:
    """The tables' revision, and the chains' heads."""
    revision: str = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    heads = connection.execute(select(ChainHead.name, ChainHead.hash).order_by(ChainHead.name))
    return revision, {name: hash for name, hash in heads}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _write(path: Path, text: str) -> None:
    """Whole, or not at all."""
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
