"""S3 that is slow, breaks off, is not there, or refuses; and what a process that dies in the midst of it leaves."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from anonymizer.sound import Samples
from ivr.store.database import Database
from recordings.copies import Stopped, Terms
from recordings.destruction import destroy
from recordings.ingest import ingest
from recordings.keys.files import Files
from recordings.keys.ring import Ring
from recordings.stores import StorageError, s3
from recordings.stores.s3 import S3
from recordings.vault import Vault
from tests.recordings.conftest import MORNING, ROME, add_call, add_recording
from tests.recordings.spooled import sound_of, spooled
from tests.recordings.test_copies import heard, make
from tests.s3 import BUCKET, Network, uploads

MEBIBYTE = bytes(1 << 20)


def opened(address: str, bucket: str = BUCKET) -> S3:
    return S3(bucket, endpoint=address, region="eu-south-1", access_key="tests", secret_key="tests")


@pytest.fixture
def network(s3_address: str) -> Iterator[Network]:
    one = Network(s3_address)
    yield one
    one.close()


@pytest.mark.parametrize(("busy", "cuts", "after"), [(3, 0, 0), (0, 3, 0), (0, 3, 3 << 20)])
def test_what_fails_for_a_while_is_done_again(network: Network, busy: int, cuts: int, after: int) -> None:
    network.busy, network.cuts, network.after = busy, cuts, after
    opened(network.address).put("day/a", [MEBIBYTE] * 20)
    assert network.failed == 3
    network.busy, network.cuts, network.after = busy, cuts, 0
    fresh = opened(network.address)
    assert fresh.read("day/a", 5, 10) == MEBIBYTE[:10] and network.failed == 6
    assert fresh.size("day/a") == 20 << 20


def test_what_fails_for_long_is_said_and_the_spool_keeps_the_sound(
    database: Database,
    s3_address: str,
    network: Network,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(s3, "RETRIES", 2)
    add_call(database, "call", MORNING)
    vault = Vault(opened(network.address), Ring([Files(tmp_path / "keys")]))
    folder = spooled(tmp_path, "call-1", MEBIBYTE * 9)
    network.busy = 1000
    assert ingest(database, vault, folder, ROME) is None
    assert sound_of(folder) == MEBIBYTE * 9
    assert "s3://recordings/2026/11/24/call-1.original: Generic S3 error" in caplog.text
    assert "503" in caplog.text and "stays in the spool" in caplog.text
    network.busy = 0
    assert ingest(database, vault, folder, ROME) == "call-1" and not folder.exists()
    assert uploads(s3_address) == 0
    vault.store.delete("2026/11/24/call-1.original")


def test_a_bucket_or_a_server_that_is_not_there(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StorageError, match=r"s3://nowhere/a: .*no such bucket"):
        opened(s3_address, "nowhere").put("a", [b"x"])
    monkeypatch.setattr(s3, "RETRIES", 1)
    with pytest.raises(StorageError, match=r"s3://recordings/a: .*error sending request"):
        opened("http://127.0.0.1:9").put("a", [b"x"])


def test_without_an_endpoint_it_is_amazons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked: the proxy that would carry it is not there."""
    monkeypatch.setattr(s3, "RETRIES", 0)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match=r"https://recordings\.s3\.eu-south-1\.amazonaws\.com/a"):
        opened("").size("a")


def _put_and_die(address: str) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield MEBIBYTE
        time.sleep(1)  # the first parts are there
        os._exit(9)

    opened(address).put("day/dead", pieces())


def test_an_upload_that_was_cut_off_is_not_to_be_seen(s3_address: str) -> None:
    process = multiprocessing.get_context("forkserver").Process(target=_put_and_die, args=(s3_address,))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    assert uploads(s3_address) == 1, "it had begun"
    store = opened(s3_address)
    assert "day/dead" not in list(store.names())
    store.put("day/dead", [b"alive"])
    assert store.read("day/dead", 0, 100) == b"alive"
    store.delete("day/dead")


def test_an_upload_holds_little_memory(s3_address: str) -> None:
    """A whole one of 200 MB would show."""
    process = multiprocessing.get_context("forkserver").Process(target=_put_much, args=(s3_address,))
    process.start()
    process.join(120)
    assert process.exitcode == 0
    opened(s3_address).delete("day/much")


def _put_much(address: str) -> None:
    store = opened(address)
    store.put("day/much", [b"x"])
    before = _resident()
    store.put("day/much", (MEBIBYTE for _ in range(200)))
    os._exit(0 if _resident(peak=True) - before < 64 << 20 else 1)


def _resident(peak: bool = False) -> int:
    line = "VmHWM" if peak else "VmRSS"
    text = Path("/proc/self/status").read_text()
    return int(text.partition(f"{line}:")[2].split()[0]) << 10


def test_an_anonymised_copy_in_a_bucket(database: Database, s3_address: str, tmp_path: Path, hiss: Samples) -> None:
    """Who is told to end leaves no upload; the copy is read back; the original can go."""
    vault = Vault(opened(s3_address), Ring([Files(tmp_path / "keys")]))
    id = add_recording(database, vault, tmp_path / "spool", "copied", hiss)
    before = uploads(s3_address)  # all tests share the bucket
    with pytest.raises(Stopped):
        make(database, vault, stopping=lambda: True)
    assert uploads(s3_address) == before
    assert make(database, vault, Terms(destroy=True)) and len(heard(database, vault, id)[0]) == len(hiss)
    assert destroy(database, vault.store, tmp_path / "spool", MORNING.date()) == 1
    assert [name for name in vault.store.names("2026/11/24") if id in name] == [f"2026/11/24/{id}.anonymised.2"]
    for name in [*vault.store.names("2026/11/24"), *vault.store.names("ledger")]:
        vault.store.delete(name)
