"""The sealed form: what goes in comes out, in any pieces and ranges; whatever else was done to it is found."""

import io
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.reader import SEALED, Reader
from recordings.sealed import CHUNK, HEADER, TAG, Damaged, context, seal

KEY = bytes(range(32))
BOUND = context("call-1", "original")


def sealed(*pieces: bytes, key: bytes = KEY, bound: bytes = BOUND) -> bytes:
    return b"".join(seal(key, bound, pieces))


def reader(stored: bytes, key: bytes = KEY, bound: bytes = BOUND) -> Reader:
    return Reader(lambda start, length: stored[start : start + length], len(stored), key, bound, "it")


def sound(length: int) -> bytes:
    """No two chunks of it are alike."""
    return b"".join(number.to_bytes(4, "big") for number in range(length // 4 + 1))[:length]


def opened(stored: bytes, key: bytes = KEY, bound: bytes = BOUND) -> bytes:
    return io.BufferedReader(reader(stored, key, bound)).read()


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 40 * CHUNK + 7])
def test_what_goes_in_comes_out(length: int) -> None:
    stored = sealed(sound(length))
    assert opened(stored) == sound(length)
    assert len(stored) == HEADER + length + TAG * max(1, -(-length // CHUNK))


@settings(max_examples=60)
@given(st.lists(st.integers(0, 3 * CHUNK), max_size=6), st.lists(st.integers(0, 9 * CHUNK), min_size=2, max_size=5))
def test_in_any_pieces_and_any_ranges(lengths: list[int], places: list[int]) -> None:
    whole = sound(sum(lengths))
    pieces, start = [], 0
    for length in lengths:
        pieces.append(whole[start : start + length])
        start += length
    one = io.BufferedReader(reader(sealed(*pieces)))
    for first, last in pairwise(places):
        one.seek(first)
        assert one.read(max(0, last - first)) == whole[first : max(first, last)]


def test_a_range_fetches_only_the_chunks_it_needs_and_reads_bounded_pieces() -> None:
    stored = sealed(sound(100 * CHUNK))
    fetched: list[tuple[int, int]] = []

    def fetch(start: int, length: int) -> bytes:
        fetched.append((start, length))
        return stored[start : start + length]

    one = Reader(fetch, len(stored), KEY, BOUND, "it")
    assert fetched == [(0, HEADER), (HEADER + 99 * SEALED, SEALED)]
    fetched.clear()
    one.seek(50 * CHUNK - 10)
    assert one.read(20) == sound(100 * CHUNK)[50 * CHUNK - 10 : 50 * CHUNK + 10]
    assert fetched == [(HEADER + 49 * SEALED, 2 * SEALED)]
    one.read(100)
    assert len(fetched) == 1, "what is held is not fetched again"
    one.seek(0)
    assert len(one.read(50 * CHUNK)) == 16 * CHUNK, "not more than a mebibyte at once"


def flipped(stored: bytes, place: int) -> bytes:
    return stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]


def chunks(stored: bytes) -> Iterator[bytes]:
    for start in range(HEADER, len(stored), SEALED):
        yield stored[start : start + SEALED]


def swapped(stored: bytes) -> bytes:
    first, second, *others = chunks(stored)
    return stored[:HEADER] + second + first + b"".join(others)


HARM: dict[str, Callable[[bytes], bytes]] = {
    "the first byte of the sound altered": lambda stored: flipped(stored, HEADER),
    "the last byte altered": lambda stored: flipped(stored, len(stored) - 1),
    "the nonces' prefix altered": lambda stored: flipped(stored, HEADER - 1),
    "the magic altered": lambda stored: flipped(stored, 0),
    "the version altered": lambda stored: flipped(stored, 4),
    "the chunk size altered": lambda stored: flipped(stored, 8),
    "two chunks swapped": swapped,
    "one chunk left out": lambda stored: stored[:HEADER] + stored[HEADER + SEALED :],
    "one chunk twice": lambda stored: stored[: HEADER + SEALED] + stored[HEADER:],
    "cut off between chunks": lambda stored: stored[: HEADER + 2 * SEALED],
    "cut off within a chunk": lambda stored: stored[:-1],
    "cut off within the tag of a new chunk": lambda stored: stored[: HEADER + 2 * SEALED + 5],
    "an empty chunk": lambda stored: stored[: HEADER + 2 * SEALED + TAG],
    "the header alone": lambda stored: stored[:HEADER],
    "part of the header": lambda stored: stored[:7],
    "nothing": lambda stored: b"",
    "something appended": lambda stored: stored + b"\x00",
    "a chunk of the same recording's other sealing": lambda stored: (
        stored[:-SEALED] + sealed(sound(3 * CHUNK))[-SEALED:]
    ),
    "a chunk of another recording under the same key": lambda stored: (
        stored[: HEADER + SEALED] + sealed(sound(3 * CHUNK), bound=context("call-2", "original"))[HEADER + SEALED :]
    ),
}


@pytest.mark.parametrize("harm", HARM.values(), ids=HARM)
def test_what_was_harmed_does_not_open(harm: Callable[[bytes], bytes]) -> None:
    stored = sealed(sound(3 * CHUNK))
    assert harm(stored) != stored
    with pytest.raises(Damaged, match=r"^it: "):
        opened(harm(stored))


def test_nor_under_another_key_or_as_another_recording_or_copy() -> None:
    stored = sealed(sound(10))
    for key, bound in (
        (bytes(32), BOUND),
        (KEY, context("call-2", "original")),
        (KEY, context("call-1", "anonymised")),
    ):
        with pytest.raises(Damaged, match="does not open"):
            opened(stored, key, bound)


def test_what_comes_before_the_harm_is_not_shown_when_the_end_is_gone() -> None:
    stored = sealed(sound(3 * CHUNK))[: HEADER + 2 * SEALED]
    with pytest.raises(Damaged):
        reader(stored)


def test_the_same_sound_is_sealed_differently_each_time() -> None:
    assert sealed(sound(100))[HEADER:] != sealed(sound(100))[HEADER:]


def test_seeking_before_the_begin_is_refused_and_behind_the_end_there_is_nothing() -> None:
    one = reader(sealed(sound(100)))
    assert one.seek(-10, io.SEEK_END) == 90 and one.read() == sound(100)[90:]
    assert one.seek(1000) == 1000 and one.read(5) == b""
    with pytest.raises(ValueError, match="before its begin"):
        one.seek(-1)
