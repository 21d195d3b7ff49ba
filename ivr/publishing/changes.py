"""What changed between two versions, or between a version and the designers' folder."""

import tempfile
from pathlib import Path

from ivr.flow.diff import Change, diff
from ivr.flow.findings import FlowErrors
from ivr.flow.loader import read
from ivr.flow.model import Book
from ivr.publishing import folder as folders
from ivr.store import flow_versions
from ivr.store.database import Database, StoreError

Which = int | None  # a version's number; None is the folder


def changes(database: Database, folder: Path, old: Which, new: Which) -> list[Change]:
    """In the words of the language. Raises FlowErrors, StoreError, OSError."""
    (old_book, old_files), (new_book, new_files) = (_state(database, folder, which) for which in (old, new))
    return diff(old_book, new_book, old_files, new_files)


def _state(database: Database, folder: Path, which: Which) -> tuple[Book, dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="ivr-version-") as place:
        if which is None:
            files = folders.digests(folder)
        else:
            with database.read() as session:
                files = flow_versions.paths(session, which)
                if not files:
                    raise StoreError(f"there is no version {which}; see `ivr flow versions`")
                folders.write(Path(place), files, lambda sha256: flow_versions.content(session, sha256))
            folder = Path(place)
        book, findings = read(folder)
    if errors := [finding for finding in findings if finding.severity == "error"]:
        raise FlowErrors(errors)
    return book, files
