"""A house with recordings, for the tests of what is kept and what goes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.store import calls, catalogue
from ivr.store.database import Database
from ivr.store.schema import Recording
from recordings.keys.files import Files
from recordings.keys.ring import COPIES, ORIGINAL, Ring
from recordings.proof import Finding, findings
from recordings.purge import Purge, Purged, Rules
from recordings.stores import Store
from recordings.stores.folder import Folder
from recordings.vault import Vault, stored_name

ROME = ZoneInfo("Europe/Rome")
NUMBER = "+390612345678"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ROME)


@dataclass(frozen=True)
class House:
    database: Database
    root: Path
    folder: str = "kept"
    elsewhere: Store | None = None

    @property
    def store(self) -> Store:
        return self.elsewhere or Folder(self.root / self.folder)

    @property
    def vault(self) -> Vault:
        return Vault(self.store, Ring([Files(self.root / "secrets" / "recordings")]))

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    def call(self, id: str, started: datetime, caller: str = NUMBER) -> str:
        with self.database.transaction() as session:
            calls.start(
                session, id=id, channel=f"ch-{id}", controller="c", called="1", caller=caller, flow="f",
                started_at=started,
            )  # fmt: skip
        return id

    def record(self, call: str, started: datetime, part: str = "1") -> str:
        """A call with a recording of both copies: rows, keys, files."""
        with self.database.read() as session:
            known = calls.get(session, call) is not None
        if not known:
            self.call(call, started)
        id, day, content = f"{call}-{part}", started.astimezone(ROME).date(), f"sealed {call} {part}".encode()
        keys = {copy: self.vault.put(stored_name(day, id, copy), id, copy, [content]) for copy in COPIES}
        now = datetime.now(UTC)
        with self.database.transaction() as session:
            recording = Recording(
                id=id, call_id=call, day=day, file=stored_name(day, id, ORIGINAL), seconds=1.0, bytes=len(content),
                sha256=sha256(content).hexdigest(), complete=True, stored_at=now, purged_at=None, erased_at=None,
            )  # fmt: skip
            session.add(recording)
            catalogue.enter(session, recording, ROME)
            for copy, key in keys.items():
                self.vault.keep(session, id, copy, key)
        return id

    def purge(self, when: str | datetime, **rules: int) -> Purge:
        moment = at(when) if isinstance(when, str) else when
        return Purge(self.database, self.store, self.spool, Rules(ROME, key="a key", **rules), moment)

    def run(self, when: str | datetime, **rules: int) -> list[Purged]:
        return list(self.purge(when, **rules).run("a test"))

    def found(self, when: str | datetime) -> list[tuple[str, str]]:
        return [(one.kind, one.subject) for one in self.findings(when)]

    def findings(self, when: str | datetime) -> list[Finding]:
        return list(findings(self.purge(when)))

    def files(self) -> set[str]:
        return {name for name in self.store.names() if not name.startswith("ledger/")}


def house(database: Database, root: Path) -> House:
    one = House(database, root)
    one.spool.mkdir(parents=True)
    (root / "kept").mkdir()
    return one
