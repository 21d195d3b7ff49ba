"""Each part is seen when it is there, and when it dies or hangs: a real Asterisk, a real PostgreSQL, a real link."""

import os
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ivr.link.server import Server
from ivr.settings import load
from ivr.store import anonymisations, controllers
from ivr.store.database import Database
from ivr.store.outbox import Standing
from ivr.watching.eyes import Eyes, Stored, late
from recordings import spool
from tests import postgresql
from tests.asterisk import PASSWORD, Asterisk
from tests.certificates import certificate
from tests.ivr.tickets.ends import end_a_call


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    one = Asterisk(tmp_path_factory.mktemp("asterisk"))
    one.start()
    yield one
    one.kill()


@pytest.fixture
def store() -> Iterator[postgresql.Server]:
    """It may be stopped and started."""
    with TemporaryDirectory(prefix="ivr-pg-") as folder:
        one = postgresql.Server(Path(folder))
        one.start()
        yield one
        one.stop()


class House:
    """A controller's and the pages' health, on real sockets; Asterisk is there, too."""

    def __init__(self, data: Path, asterisk: Asterisk, url: str = "") -> None:
        (data / "spool").mkdir()
        self.settings = load(data, base_port=asterisk.ports.base, environment={"NUMERO_NERO_STORE__URL": url})
        self.database = Database(self.settings.database_url)
        self.parts, self.up = {"asterisk": True, "store": True}, True
        self.controller, self.pages = Server("secret", lambda: self.parts), Server("secret")

    def eyes(self, **limits: object) -> Eyes:
        alarms = self.settings.alarms.model_copy(update=limits)
        settings = self.settings.model_copy(update={"alarms": alarms})
        return Eyes(settings, self.database, PASSWORD, lambda: self.up)

    async def __aenter__(self) -> "House":
        self.database.migrate()
        address = await self.controller.listen(range(41000, 42000))
        await self.pages.listen([self.settings.ports.web])
        now = datetime.now(UTC) + timedelta(minutes=1)  # it does not beat any more
        with self.database.transaction() as session:
            controllers.heartbeat(session, "controller-1", pid=1, started_at=now, now=now, calls=0, address=address)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.controller.close()
        await self.pages.close()
        self.database.engine.dispose()


async def test_all_is_well_then_each_part_goes_and_comes_back(
    tmp_path: Path, asterisk: Asterisk, store: postgresql.Server
) -> None:
    async with House(tmp_path, asterisk, store.address.format("postgres")) as house:
        eyes = house.eyes()

        async def wrong() -> dict[str, str]:
            return {name: detail for name, detail in (await eyes.look()).items() if detail}

        assert await wrong() == {} and all(eyes.ready.values())

        os.kill(asterisk.pid, signal.SIGSTOP)
        house.parts["asterisk"] = False  # as a controller says that has lost it
        begun = time.monotonic()
        found = await wrong()
        assert time.monotonic() - begun < 5, "one that hangs is not waited for"
        os.kill(asterisk.pid, signal.SIGCONT)
        assert "no answer within 3 s" in found["asterisk"] and '503 {"asterisk": false' in found["calls"]
        assert found.keys() == {"asterisk", "calls"}
        assert eyes.ready == {"calls": False, "asterisk": False}
        house.parts["asterisk"] = True
        assert await wrong() == {}

        store.stop()
        seen = await eyes.look()
        assert "does not answer" in seen["store"] and "tickets" not in seen and "recordings" not in seen
        assert seen["calls"] == "" and all(eyes.ready.values()), "it is asked at the address that was known"
        store.start()
        assert await wrong() == {}

        await house.pages.close()
        house.up = False
        found = await wrong()
        assert "the pages do not answer" in found["web"] and "`ivr up` is gone" in found["up"] and len(found) == 2
        await house.controller.close()
        assert "controller-1: " in (await wrong())["calls"]


async def test_what_waits_for_too_long(tmp_path: Path, asterisk: Asterisk) -> None:
    async with House(tmp_path, asterisk) as house:
        end_a_call(house.database, wrap_up=0)
        folder = spool.folder_of(house.settings.spool, "call", "1")
        folder.mkdir()
        eyes = house.eyes(recordings_after=60.0)
        found = await eyes.look()
        assert found["tickets"].startswith("1 tickets are due") and found["spool"] == ""
        old = time.time() - 600
        os.utime(folder, (old, old))
        assert (await eyes.look())["spool"] == "a recording has been in the spool, and left alone, for 10 minutes"


def test_copies_that_wait_or_cannot_be_made(tmp_path: Path) -> None:
    settings, none = load(tmp_path, environment={}), Standing(0, 0.0, 0, "")

    def told(waiting: int, failed: int, oldest: float) -> str:
        return late(Stored({}, none, anonymisations.Figures(waiting, failed, oldest)), settings)["recordings"]

    assert told(3, 0, 1000.0) == "" and told(0, 0, 0.0) == ""
    assert told(3, 0, 3600.0) == "3 recordings wait for their copy, one for 60 minutes"
    assert told(3, 2, 1.0).endswith(", 2 set aside: `ivr recordings pending`")


async def test_disk_and_certificates(tmp_path: Path, asterisk: Asterisk) -> None:
    files = [certificate(tmp_path / "soon.pem", 5), certificate(tmp_path / "long.pem", 90), tmp_path / "none.pem"]
    async with House(tmp_path, asterisk) as house:
        found = await house.eyes(disk_free=10**9, certificates=files).look()
        assert f"MiB are free on the disk of {tmp_path}" in found["disk"]
        assert found["certificates"] == f"{files[0]}: ends in 5 days; {files[2]}: No such file or directory"
