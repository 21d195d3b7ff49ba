"""A log that shows when it was tampered with: each entry carries a hash that depends on all before it. Pure.

The hash of an entry is SHA-256 over the hash of the entry before it (64 hexadecimal digits; zeros for the first), a
line feed, and the entry: a JSON object in UTF-8 with its keys sorted, no spaces, characters as they are, times in UTC
as `2027-07-01T00:30:00.000000Z`, days as `2027-07-01`. An entry's number, `seq`, is part of it; numbers begin at 1 and
have no gaps. Whoever can write everything can also make a whole new chain: that shows against a head noted elsewhere.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256

BEGINNING = "0" * 64
Entry = Mapping[str, str | int | date | datetime | None]


@dataclass(frozen=True)
class Head:
    """The newest entry's number and hash; 0 and zeros of an empty log."""

    seq: int = 0
    hash: str = BEGINNING


@dataclass(frozen=True)
class Broken:
    """The first entry that is not as it was written. `what`: altered, inserted, removed, cut-off."""

    seq: int
    what: str
    message: str


def link(previous: str, entry: Entry) -> str:
    """The hash of an entry (with its `seq`, without its hash) that comes after the one with hash `previous`."""
    text = json.dumps(dict(entry), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)
    return sha256(f"{previous}\n{text}".encode()).hexdigest()


def check(entries: Iterable[tuple[Entry, str]], head: Head, noted: Iterable[str] = ()) -> Broken | None:
    """The first thing that is wrong, or None. `entries`: with their stored hashes, by `seq`. `head`: what the log says
    of its own end. `noted`: hashes written down elsewhere, each of which the log must still hold."""
    missing = set(noted) - {BEGINNING}
    before, last = BEGINNING, Head()
    for (entry, stored), following in _with_next(entries):
        seq = _seq(entry)
        if seq != last.seq + 1:
            return _gap(last.seq, seq)
        if link(last.hash, entry) != stored:
            if seq > 1 and link(before, {**entry, "seq": seq - 1}) == stored:
                return _inserted(seq - 1)
            if following and link(last.hash, {**following[0], "seq": seq}) == following[1]:
                return _inserted(seq)
            return Broken(
                seq, "altered", f"entry {seq} was altered, or something before it was removed: its hash is not its own"
            )
        before, last = last.hash, Head(seq, stored)
        missing.discard(stored)
    if last.seq < head.seq:
        return Broken(
            last.seq + 1,
            "cut-off",
            f"the end is cut off: entries {last.seq + 1} to {head.seq} are gone; the backup may have them",
        )
    if last != head:
        return Broken(
            head.seq + 1, "inserted", f"what stands from entry {head.seq + 1} on was not written by the program"
        )
    if missing:
        return Broken(
            last.seq + 1,
            "cut-off",
            f"the noted head {min(missing)[:16]}… is in no entry: the end was cut off, or all was written anew",
        )
    return None


def _with_next(entries: Iterable[tuple[Entry, str]]) -> Iterator[tuple[tuple[Entry, str], tuple[Entry, str] | None]]:
    one: tuple[Entry, str] | None = None
    for following in entries:
        if one is not None:
            yield one, following
        one = following
    if one is not None:
        yield one, None


def _gap(last: int, seq: int) -> Broken:
    if seq <= last:
        return _inserted(seq)
    gone = f"entry {last + 1} is" if seq == last + 2 else f"entries {last + 1} to {seq - 1} are"
    return Broken(last + 1, "removed", f"{gone} gone; the backup may have them")


def _inserted(seq: int) -> Broken:
    return Broken(seq, "inserted", f"entry {seq} was inserted: those around it were written without it")


def _seq(entry: Entry) -> int:
    seq = entry["seq"]
    assert isinstance(seq, int)
    return seq


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a chained entry")
