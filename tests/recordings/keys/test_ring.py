"""Where key-encryption keys are, which is in use, and what they refuse."""

import threading
from pathlib import Path

import pytest

from recordings.keys.environment import Environment
from recordings.keys.files import Files
from recordings.keys.ring import ANONYMISED, ORIGINAL, KeyProblem, Ring, newest

KEY = bytes(range(32))


def test_the_first_use_makes_a_key_a_copy_for_its_owner_alone(tmp_path: Path) -> None:
    ring = Ring([Files(tmp_path / "keys")])
    original, anonymised = ring.current(ORIGINAL), ring.current(ANONYMISED)
    assert original.id.startswith("original-") and anonymised.id.startswith("anonymised-")
    assert ring.current(ORIGINAL).id == original.id
    assert (tmp_path / "keys" / original.id).stat().st_mode & 0o777 == 0o600
    wrapped = original.wrap(KEY, b"call-1")
    assert KEY not in wrapped and original.wrap(KEY, b"call-1") != wrapped
    assert Ring([Files(tmp_path / "keys")]).get(original.id).unwrap(wrapped, b"call-1") == KEY


def test_what_was_wrapped_opens_only_as_it_was(tmp_path: Path) -> None:
    ring = Ring([Files(tmp_path)])
    one, other = ring.current(ORIGINAL), ring.current(ANONYMISED)
    wrapped = one.wrap(KEY, b"call-1")
    for kek, given, bound in (
        (one, wrapped, b"call-2"),
        (other, wrapped, b"call-1"),
        (one, wrapped[:-1], b"call-1"),
        (one, b"", b"call-1"),
    ):
        with pytest.raises(KeyProblem, match=f"{kek.id} does not open the data key of {bound.decode()}"):
            kek.unwrap(given, bound)


def test_the_largest_number_is_in_use() -> None:
    ids = ["original-9", "original-10", "anonymised-11", "something-12", "original-x"]
    assert newest(ids, ORIGINAL) == "original-10" and newest(ids, "none") == ""


def test_keys_of_the_environment() -> None:
    variables = {
        "NUMERO_NERO_KEY_ORIGINAL_1": "00" * 32,
        "NUMERO_NERO_KEY_ORIGINAL_2": "11" * 32,
        "NUMERO_NERO_KEY_ANONYMISED_1": "ab",
        "NUMERO_NERO_KEY_FRONT_DOOR": "1234",
        "HOME": "/",
    }
    ring = Ring([Environment(variables)])
    assert ring.current(ORIGINAL).id == "original-2"
    assert ring.get("original-1").unwrap(ring.get("original-1").wrap(KEY, b""), b"") == KEY
    with pytest.raises(KeyProblem, match="NUMERO_NERO_KEY_ANONYMISED_1: a key is 64 hex digits"):
        ring.current(ANONYMISED)
    with pytest.raises(KeyProblem, match=r"set NUMERO_NERO_KEY_ORIGINAL_20\d+ .*openssl rand -hex 32"):
        ring.make(ORIGINAL)
    with pytest.raises(KeyProblem, match="take NUMERO_NERO_KEY_ORIGINAL_1 out"):
        ring.place("original-1").remove("original-1")


def test_a_key_may_move_and_is_known_by_its_name(tmp_path: Path) -> None:
    files = Files(tmp_path)
    kek = Ring([files]).current(ORIGINAL)
    wrapped = kek.wrap(KEY, b"")
    variable = "NUMERO_NERO_KEY_" + kek.id.upper().replace("-", "_")
    moved = Ring([Environment({variable: (tmp_path / kek.id).read_text().strip()})])
    assert moved.get(kek.id).unwrap(wrapped, b"") == KEY
    both = Ring([Environment({"NUMERO_NERO_KEY_ORIGINAL_1": "22" * 32}), files])
    assert both.current(ORIGINAL).id == "original-1", "the first place is the one in use"
    assert both.get(kek.id).unwrap(wrapped, b"") == KEY
    files.remove(kek.id)
    with pytest.raises(KeyProblem, match=f"{kek.id} is not in NUMERO_NERO_KEY_…, {tmp_path}; bring it back"):
        both.get(kek.id)


def test_a_damaged_file_says_which(tmp_path: Path) -> None:
    ring = Ring([Files(tmp_path)])
    kek = ring.current(ORIGINAL)
    (tmp_path / kek.id).write_bytes(b"\xff")
    with pytest.raises(KeyProblem, match=kek.id):
        ring.current(ORIGINAL)
    (tmp_path / kek.id).write_text("00ff")
    with pytest.raises(KeyProblem, match="64 hex digits"):
        ring.current(ORIGINAL)


def test_many_that_start_at_once_make_no_half_key(tmp_path: Path) -> None:
    wrapped: list[tuple[str, bytes]] = []

    def use() -> None:
        kek = Ring([Files(tmp_path)]).current(ORIGINAL)
        wrapped.append((kek.id, kek.wrap(KEY, b"")))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [Ring([Files(tmp_path)]).get(id).unwrap(one, b"") for id, one in wrapped] == [KEY] * 8
