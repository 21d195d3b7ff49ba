import time
from pathlib import Path

import pytest

from ivr.flow.findings import FlowErrors
from ivr.flow.source import Source


def data(text: str) -> object:
    return Source(text.encode(), "f").data


def finding(content: bytes) -> tuple[int, int, str]:
    with pytest.raises(FlowErrors) as caught:
        Source(content, "f")
    one = caught.value.findings[-1]
    return one.line, one.column, one.code


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"), ("no", "no"), ("yes", "yes"), ("True", True), ("~", None), ("", None), ("010", 10),
        ("0o10", 8), ("0x1F", 31), ("10:30", "10:30"), ("1_000", "1_000"), ("1e3", 1000.0), (".5", 0.5), ("-1", -1),
        ("'1'", "1"), ("!!str 1", "1"), ("2026-12-24", "2026-12-24"), ("<<", "<<"), ("+39", 39), ("1.2.3", "1.2.3"),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(written: str, value: object) -> None:
    read = data(f"a: {written}")
    assert read == {"a": value} and isinstance(read, dict) and type(read["a"]) is type(value)


def test_keys_are_text_as_they_are_written() -> None:
    assert data("1: a\n010: b\non: c\n'#': d") == {"1": "a", "010": "b", "on": "c", "#": "d"}


def test_duplicates_are_found_and_the_first_is_kept() -> None:
    source = Source(b"a: 1\nb: {c: 1, 'c': 2}\n1: x\n'1': y\n", "f")
    assert [(one.line, one.column, one.code) for one in source.findings] == [
        (2, 11, "duplicate-key"),
        (4, 1, "duplicate-key"),
    ]
    assert source.data == {"a": 1, "b": {"c": 1}, "1": "x"}


def test_places_of_keys_and_items() -> None:
    source = Source("\ufeffa:\r\n  b: [x, {c: 1}]\r\n  è: &k\r\n    d: 2\r\ne: *k\r\n".encode(), "f")
    places = [
        ("a",),
        ("a", "b", 0),
        ("a", "b", 1, "c"),
        ("a", "b", "1", "c"),
        ("a", "è", "d"),
        ("e",),
        ("a", "none"),
        (),
    ]
    assert [source.place(where) for where in places] == [
        (1, 1), (2, 7), (2, 11), (2, 11), (4, 5), (5, 1), (1, 1), (1, 1)
    ]  # fmt: skip


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{','.join([f'*{chr(97 + at)}'] * 9)}]\n" for at in range(12)
)


def kilobytes(name: str) -> int:
    """Of this process's memory: what it takes, or took at most."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(f"{name}:"))
    return int(line.split()[1])


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (BOMB.encode(), (6, 8, "too-large")),
        (b"a: &a [*a]", (1, 8, "yaml")),
        (b"[ " * 500_000, (1, 67, "too-deep")),
        (b"{a: " * 200_000, (1, 133, "too-deep")),
        (b"- " * 400_000, (1, 67, "too-deep")),
        (b"- a\n" * 200_000, (100_000, 3, "too-large")),
        (b"x" * 10_000_000, (1, 1, "too-large")),
        (b"a: \xe8", (1, 4, "encoding")),
        (b"b: 1\na: \x00", (2, 4, "encoding")),
        (b"a: \x1b[1m", (1, 4, "encoding")),
        ("a: 1".encode("utf-16"), (1, 1, "encoding")),
        (b"a:\n\tb: 1", (2, 1, "yaml")),
        (b"a: 1\n---\nb: 2", (2, 1, "yaml")),
        (b"[a]: 1", (1, 1, "yaml")),
        (b"a: !!binary x", (1, 4, "yaml")),
        (b"a: !<tag:x> x", (1, 4, "yaml")),
        (b"a: .nan", (1, 4, "bad-value")),
        (b"a: 1e999", (1, 4, "bad-value")),
        (b"a: 99999999999999999999", (1, 4, "bad-value")),
        (b"a: " + b"9" * 900_000, (1, 4, "bad-value")),
        (b"a: [1,\n", (1, 6, "yaml")),
        (b"a: 'x\n\n", (1, 4, "yaml")),
        (b"a: b: c", (1, 5, "yaml")),
        (b"? " * 300_000, (1, 3, "yaml")),
    ],
)
def test_bad_files_give_one_clear_finding_at_once(content: bytes, wanted: tuple[int, int, str]) -> None:
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    begun, before = time.process_time(), kilobytes("VmRSS")
    assert finding(content) == wanted
    assert time.process_time() - begun < 2
    assert kilobytes("VmHWM") - before < 300_000


@pytest.mark.parametrize(
    "content", [b"#" * 999_000, b"\n" * 999_000, b"'" * 998_000, b"&a a\n" * 50_000, b"a: |\n  " + b" x" * 400_000]
)
def test_large_files_within_the_limit_are_read_at_once(content: bytes) -> None:
    begun = time.process_time()
    Source(content, "f")
    assert time.process_time() - begun < 2


def test_a_tab_is_named() -> None:
    with pytest.raises(FlowErrors, match="a tab stands where spaces are wanted; indent with spaces"):
        Source(b"a:\n\tb: 1", "f")
