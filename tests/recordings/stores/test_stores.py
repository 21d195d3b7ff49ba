"""What every store does, on each of them."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from recordings.stores import NotStored, StorageError, Store
from recordings.stores.folder import Folder
from recordings.stores.s3 import S3
from tests.s3 import make_bucket

_numbers = count()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return Folder(tmp_path / "store")
    address, bucket = request.getfixturevalue("s3_address"), f"bucket-{next(_numbers)}"
    make_bucket(address, bucket)
    return S3(bucket, endpoint=address, region="eu-south-1", access_key="tests", secret_key="tests")


def test_what_was_put_is_read_whole_and_in_parts(store: Store) -> None:
    store.put("2026/11/24/call-1.original", [b"abc", b"", b"defg"])
    assert store.size("2026/11/24/call-1.original") == 7
    assert store.read("2026/11/24/call-1.original", 0, 7) == b"abcdefg"
    assert store.read("2026/11/24/call-1.original", 2, 3) == b"cde"
    assert store.read("2026/11/24/call-1.original", 5, 100) == b"fg"


def test_putting_again_takes_the_place(store: Store) -> None:
    store.put("a", [b"first, and longer"])
    store.put("a", [b"second"])
    assert store.size("a") == 6 and store.read("a", 0, 6) == b"second"


def test_half_of_something_is_never_there(store: Store) -> None:
    def breaking() -> Iterator[bytes]:
        yield bytes(12_000_000)  # more than one part of an upload
        raise RuntimeError("the sound ended in the midst")

    store.put("day/b", [b"whole"])
    for name in ("day/a", "day/b"):
        with pytest.raises(RuntimeError, match="in the midst"):
            store.put(name, breaking())
    assert list(store.names()) == ["day/b"]
    assert store.read("day/b", 0, 100) == b"whole"


def test_what_is_not_there(store: Store) -> None:
    for ask in (lambda: store.size("2026/none"), lambda: store.read("2026/none", 0, 1)):
        with pytest.raises(NotStored, match="2026/none"):
            ask()
    store.delete("2026/none")


def test_deleting(store: Store) -> None:
    store.put("day/a", [b"x"])
    store.delete("day/a")
    assert list(store.names()) == []
    with pytest.raises(NotStored):
        store.size("day/a")


def test_names_come_in_order_by_folder_and_one_after_the_other(store: Store) -> None:
    names = [f"2026/11/{day}/call-{number}.original" for day in (23, 24) for number in range(3)]
    for name in reversed(names):
        store.put(name, [b"x"])
    assert list(store.names()) == names
    assert list(store.names("2026/11/24")) == names[3:]
    assert list(store.names("2026/11/2")) == [] and list(store.names("2027")) == []
    assert next(iter(store.names())) == names[0]


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "a/../../b", "a//b", "a/", ".hidden", "a/.b", "", "a\\..\\b", "a\x00b", "a\nb", "à"]
)
def test_names_that_lead_elsewhere_are_refused(store: Store, name: str) -> None:
    for ask in (
        lambda: store.put(name, [b"x"]),
        lambda: store.read(name, 0, 1),
        lambda: store.size(name),
        lambda: store.delete(name),
    ):
        with pytest.raises(StorageError, match="no name of a stored recording"):
            ask()


def test_a_folder_that_takes_nothing_says_where(tmp_path: Path) -> None:
    (tmp_path / "2026").symlink_to("/dev/full")
    with pytest.raises(StorageError, match=r"2026.*look at the disk"):
        Folder(tmp_path).put("2026/a", [b"x"])


def test_a_folders_files_are_their_owners_alone_and_leave_nothing_behind(tmp_path: Path) -> None:
    Folder(tmp_path / "store").put("2026/a", [b"x"])
    assert (tmp_path / "store/2026").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "store/2026").iterdir()] == ["a"]
    (tmp_path / "store/2026/.a.part").write_bytes(b"of a crash")
    assert list(Folder(tmp_path / "store").names()) == ["2026/a"]
    Folder(tmp_path / "store").delete("2026/a")
    assert list((tmp_path / "store/2026").iterdir()) == []
