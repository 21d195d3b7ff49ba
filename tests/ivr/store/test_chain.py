"""Whatever is done to a log afterwards is found, at the first entry that it touches."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from ivr.store.chain import BEGINNING, Broken, Entry, Head, check, link
from ivr.store.chained import bind

Rows = list[tuple[Entry, str]]
NAMES = st.lists(st.text(max_size=8), min_size=3, max_size=12)


def log(names: list[str]) -> tuple[Rows, Head]:
    at = datetime(2027, 7, 1, 0, 30, tzinfo=UTC)
    rows = bind(Head(), [{"at": at, "day": date(2027, 1, 1), "user": name} for name in names])
    entries: Rows = [({key: value for key, value in row.items() if key != "hash"}, row["hash"]) for row in rows]
    return entries, Head(len(rows), rows[-1]["hash"])


def found(broken: Broken | None) -> tuple[int, str]:
    assert broken is not None
    return broken.seq, broken.what


def test_the_encoding_is_the_documented_one() -> None:
    entry = {"seq": 1, "at": datetime(2027, 7, 1, 0, 30, tzinfo=UTC), "day": date(2027, 1, 1), "user": "è"}
    # printf '%064d\n%s' 0 '{"at":"2027-07-01T00:30:00.000000Z","day":"2027-01-01","seq":1,"user":"è"}' | sha256sum
    assert link(BEGINNING, entry) == "c3964fcd8fe3508363d464cdec6e533df3ec4ad4f5211f6f264f8438be04d358"


@given(NAMES)
def test_a_log_as_it_was_written_is_whole(names: list[str]) -> None:
    entries, head = log(names)
    assert check(entries, head) is None
    assert check(entries, head, [hash for _, hash in entries]) is None, "each of its hashes is noted elsewhere"


def test_an_empty_log_is_whole() -> None:
    assert check([], Head()) is None


@given(NAMES, st.data())
def test_an_altered_entry_is_named(names: list[str], data: st.DataObject) -> None:
    entries, head = log(names)
    index = data.draw(st.integers(0, len(names) - 1))
    entry, hash = entries[index]
    entries[index] = ({**entry, "user": f"{entry['user']}!"}, hash)
    assert found(check(entries, head)) == (index + 1, "altered")


@given(NAMES, st.data())
def test_an_altered_entry_with_a_hash_of_its_own_breaks_the_next(names: list[str], data: st.DataObject) -> None:
    entries, head = log(names)
    index = data.draw(st.integers(0, len(names) - 2))
    before = entries[index - 1][1] if index else BEGINNING
    changed = {**entries[index][0], "user": "somebody else"}
    entries[index] = (changed, link(before, changed))
    assert found(check(entries, head)) == (index + 2, "altered")


@given(NAMES, st.data())
def test_what_was_removed_in_the_middle_is_named(names: list[str], data: st.DataObject) -> None:
    entries, head = log(names)
    index = data.draw(st.integers(0, len(names) - 2))
    del entries[index]
    assert found(check(entries, head)) == (index + 1, "removed")


@given(NAMES, st.data())
def test_what_was_inserted_is_named(names: list[str], data: st.DataObject) -> None:
    """With those behind it numbered anew, and even with a hash that follows from the one before."""
    entries, head = log(names)
    index = data.draw(st.integers(0, len(names) - 1))
    before = entries[index - 1][1] if index else BEGINNING
    false = {**entries[index][0], "user": "put in"}
    own = data.draw(st.sampled_from([link(before, false), "f" * 64]))
    behind = [({**entry, "seq": number}, hash) for number, (entry, hash) in enumerate(entries[index:], index + 2)]
    assert found(check([*entries[:index], (false, own), *behind], head)) == (index + 1, "inserted")


@given(NAMES, st.data())
def test_a_cut_end_is_found_by_the_head(names: list[str], data: st.DataObject) -> None:
    entries, head = log(names)
    left = data.draw(st.integers(0, len(names) - 1))
    assert found(check(entries[:left], head)) == (left + 1, "cut-off")


@given(NAMES, st.data())
def test_a_cut_end_with_its_head_set_back_is_found_by_a_head_noted_elsewhere(
    names: list[str], data: st.DataObject
) -> None:
    entries, head = log(names)
    left = data.draw(st.integers(1, len(names) - 1))
    cut, false = entries[:left], Head(left, entries[left - 1][1])
    assert check(cut, false) is None, "nothing in the log itself shows it"
    assert found(check(cut, false, [head.hash])) == (left + 1, "cut-off")


def test_what_was_added_past_the_head_is_found() -> None:
    entries, _ = log(["a", "b", "c"])
    assert found(check(entries, Head(2, entries[1][1]))) == (3, "inserted")
