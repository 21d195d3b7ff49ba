"""Publishing: what is in the designers' folder becomes what new calls hear, if it is sound; else nothing changes."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ivr.flow.check import check
from ivr.flow.findings import FlowErrors
from ivr.flow.loader import read
from ivr.problem import Problem
from ivr.prompts.library import Library
from ivr.publishing import folder as folders
from ivr.publishing.versions import load
from ivr.store import flow_versions
from ivr.store.database import Database

LARGEST = 100_000_000  # bytes of one file: two hours of a studio's recording


class PublishError(Problem):
    """The folder cannot be published; the message says why."""


class FailingTests(PublishError):
    """`failures`: of each test that failed, what did not fit and where."""

    def __init__(self, failures: Sequence[str]) -> None:
        super().__init__(f"{len(failures)} of the designers' tests failed")
        self.failures = list(failures)


def publish(
    database: Database,
    folder: Path,
    library: Library,
    *,
    tests: Callable[[Path], Sequence[str]],
    author: str,
    note: str,
    hosts: Collection[str] | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> int:
    """Check the folder, run its tests, make its prompts, keep its files, and make them the active version.

    Returns the new version's number, 0 when the active one is the same. `tests` runs those of a folder and says what
    failed; `hosts` may be asked by `http`, None for any; `progress` hears of the prompts. Raises FlowErrors,
    PublishError, PromptError and StoreError; then nothing has changed.
    """
    try:
        files = folders.digests(folder)
        for path in files:
            if (size := (folder / path).stat().st_size) > LARGEST:
                raise PublishError(f"{folder / path}: {size:,} bytes; a file may have {LARGEST:,}")
    except OSError as error:
        raise PublishError(f"{error.filename}: {error.strerror}") from error
    with database.read() as session:
        if files and files == flow_versions.paths(session, flow_versions.active_number(session)):
            return 0
    if errors := [finding for finding in check(folder, hosts) if finding.severity == "error"]:
        raise FlowErrors(errors)
    if failures := tests(folder):
        raise FailingTests(failures)
    book, _ = read(folder)
    library.make_all(book.all_says(), progress)

    def content(path: str) -> bytes:
        """What was checked is what is stored."""
        found = (folder / path).read_bytes()
        if hashlib.sha256(found).hexdigest() != files[path]:
            raise PublishError(f"{folder / path} was changed meanwhile; publish again")
        return found

    try:
        if folders.digests(folder) != files:
            raise PublishError(f"{folder} was changed meanwhile; publish again")
        with database.read() as session:
            missing = flow_versions.missing(session, files.values())
        for path, sha256 in files.items():
            if sha256 in missing:
                found = content(path)
                with database.transaction() as session:
                    flow_versions.keep(session, sha256, found)
        with database.transaction() as session:
            return flow_versions.publish(session, files, author=author, note=note, now=datetime.now(UTC))
    except OSError as error:
        raise PublishError(f"{error.filename}: {error.strerror}") from error


def differs(database: Database, folder: Path) -> bool:
    """Whether the folder holds something else than the active version. Raises OSError."""
    with database.read() as session:
        return folders.digests(folder) != flow_versions.paths(session, flow_versions.active_number(session))


def roll_back(
    database: Database, number: int, home: Path, library: Callable[[Path], Library], *, author: str, note: str
) -> bool:
    """Make version `number` active again, its prompts first; False when it is already. Raises as `publish` does."""
    version = load(database, number, home, library)
    version.library.make_all(version.book.all_says(), lambda done, total: None)
    with database.transaction() as session:
        return flow_versions.roll_back(session, number, author=author, note=note, now=datetime.now(UTC))
