"""Whatever is done to a flow's file, the checker says something about it, soon, and never fails."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from ivr.flow.check import examine
from ivr.flow.files import Folder
from ivr.flow.source import Source

FLOWS = Path(__file__).parents[3] / "flows"
FILES = {name: content for name, content in Folder(FLOWS).items() if name.endswith(".yaml")}
PIECES = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"- ",
    b"\n",
    b"\t",
    b"&a ",
    b"*a",
    b"'",
    b'"',
    b"\x00",
    b"\xff",
    b"!!x ",
    b"|\n",
]
PIECES += [b"= 1 +", b"{x", b"on", b"010", b"~", b"9" * 30, b"# ", b"---\n", b"%", b"? ", b"<<: *a"]
VALUES: list[Any] = [None, True, 0, -1, 10**12, 1.5, "", "= 1 +", "{", "end", "x" * 300, [], {}, [[]], {"play": "x"}]


def bytes_changed(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        length = chance.choice([0, 1, 1, 5, 40])
        changed[at : at + length] = chance.choice([b"", *PIECES])
    return bytes(changed)


def structure_changed(value: Any, chance: random.Random) -> Any:
    """The same tree with some keys or values replaced, removed or doubled."""
    if isinstance(value, dict):
        items = [(key, structure_changed(item, chance)) for key, item in value.items() if chance.random() > 0.004]
        if items and chance.random() < 0.01:
            items.append((chance.choice(["play", "next", "otherwise", "subflow", "x y", ""]), chance.choice(items)[1]))
        return dict(items)
    if isinstance(value, list):
        return [structure_changed(item, chance) for item in value]
    return chance.choice(VALUES) if chance.random() < 0.006 else value


def written(value: Any) -> bytes:
    """JSON is YAML."""
    import json

    return json.dumps(value, ensure_ascii=False).encode()


@pytest.mark.parametrize("seed", range(6))
def test_no_change_makes_it_fail_or_wait(seed: int) -> None:
    chance = random.Random(seed)
    trees = {name: Source(content, name).data for name, content in FILES.items()}
    for turn in range(50):
        files = dict(FILES)
        for name in files:
            if turn % 2 and chance.random() < 0.7:
                files[name] = bytes_changed(files[name], chance)
            elif chance.random() < 0.7:
                files[name] = written(structure_changed(trees[name], chance))
        begun = time.process_time()
        findings = examine(files)
        assert time.process_time() - begun < 3, (seed, turn)
        for one in findings:
            assert one.line >= 1 and one.column >= 1 and one.message and one.file in files, (seed, turn, one)
