"""Taking a recording out: its WAV, checked against what was stored."""

import hashlib
import os
from pathlib import Path

from ivr.store.database import Database
from recordings.catalogue import CatalogueError, Entry
from recordings.originals import DESTROYED
from recordings.reader import whole
from recordings.vault import Vault


def export(database: Database, vault: Vault, entry: Entry, target: Path, *, force: bool = False) -> None:
    """`target` is there whole, or as it was. Raises CatalogueError, and what the vault raises."""
    if entry.purged:
        raise CatalogueError(f"recording {entry.id} was deleted: its time was over")
    if not entry.original:
        raise CatalogueError(f"recording {entry.id}: {DESTROYED}")
    if target.exists() and not force:
        raise CatalogueError(f"{target} is there already; --force overwrites it")
    with database.read() as session:
        sound = vault.open(session, entry.id, entry.day)
    part, digest = target.with_name(f".{target.name}.part"), hashlib.sha256()
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in whole(sound):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != entry.sha256:
            raise CatalogueError(f"recording {entry.id} is not what was stored; restore it from the backup")
        part.replace(target)
    except OSError as error:
        raise CatalogueError(f"{error.filename or target}: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
