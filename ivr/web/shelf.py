"""The flows that designers can look at: the folder they work in, and each published version."""

import re
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from ivr.flow.check import check
from ivr.flow.findings import Finding, FlowErrors
from ivr.flow.loader import SUFFIX, read
from ivr.flow.model import Book
from ivr.prompts.library import Library
from ivr.publishing.versions import load
from ivr.store import flow_versions
from ivr.store.database import Database

DRAFT = "draft"
KEPT = 4  # shelves in memory


class NotThere(Exception):
    """No such flow or version."""


@dataclass(frozen=True)
class Shelf:
    """`source`: "draft", or a version's number. `book`: the flows that can be read, also those with findings."""

    source: str
    book: Book
    findings: list[Finding]
    library: Library

    def findings_of(self, flow: str) -> list[Finding]:
        return [one for one in self.findings if one.file == f"{flow}{SUFFIX}"]

    def runs(self, flow: str) -> bool:
        return flow in self.book.flows and not any(one.severity == "error" for one in self.findings_of(flow))

    @property
    def flows(self) -> list[str]:
        """All, also those that cannot be read."""
        found = {one.file.removesuffix(SUFFIX) for one in self.findings if one.file.endswith(SUFFIX)}
        return sorted(self.book.flows.keys() | found)


class Shelves:
    """Reads what is asked for, and keeps it until its files change. May be used from several threads."""

    def __init__(
        self,
        folder: Path,
        database: Database,
        home: Path,
        library: Library,
        hosts: Collection[str] | None = None,
    ) -> None:
        """`home`: where the files of published versions lie. `hosts`: those that flows may ask, None for any."""
        self._hosts = hosts
        self._folder, self._database, self._home, self._library = folder.resolve(), database, home, library
        self._kept: dict[str, tuple[object, Shelf]] = {}
        self._reading = threading.Lock()

    def get(self, source: str) -> Shelf:
        """Takes a while: call it in a thread. Raises NotThere, StoreError, OSError."""
        if source != DRAFT and not re.fullmatch(r"[1-9][0-9]{0,8}", source):
            raise NotThere(source)
        with self._reading:
            stamp = _stamp(self._folder) if source == DRAFT else source
            kept_stamp, shelf = self._kept.pop(source, (None, None))
            if shelf is None or kept_stamp != stamp:
                shelf = self._draft() if source == DRAFT else self._version(int(source))
            self._kept[source] = (stamp, shelf)
            while len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
            return shelf

    def _draft(self) -> Shelf:
        folder = self._folder
        findings = [_below(folder, one) for one in check(folder, self._hosts)]
        book, _ = read(folder)
        shown = {name: flow for name, flow in book.flows.items() if flow.languages and flow.nodes}
        book = replace(book, flows=shown)
        return Shelf(DRAFT, book, findings, self._library)

    def _version(self, number: int) -> Shelf:
        with self._database.read() as session:
            if not flow_versions.paths(session, number):
                raise NotThere(str(number))
        try:
            version = load(self._database, number, self._home, self._library.of)
        except FlowErrors as error:  # published with an older engine
            found = [_below(self._home / str(number), one) for one in error.findings]
            return Shelf(str(number), Book({}, {}, {}), found, self._library)
        return Shelf(str(number), version.book, [], version.library)


def _stamp(folder: Path) -> object:
    """Changes when a file does."""
    files = [(path, path.stat()) for path in folder.rglob("*") if path.is_file()]
    return sorted((str(path), stat.st_mtime_ns, stat.st_size) for path, stat in files)


def _below(folder: Path, finding: Finding) -> Finding:
    path = Path(finding.file)
    return replace(finding, file=str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name)
