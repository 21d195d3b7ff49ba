"""Log files are turned over while programs write into them."""

import subprocess
import sys
import time
from pathlib import Path

from ivr.cli.log_files import turn

WRITER = """
import time
for number in range(4000):
    print(number, "x" * 90, flush=True)
    time.sleep(0.0005)
"""


def test_whoever_writes_goes_on_in_an_empty_file(tmp_path: Path) -> None:
    log, turns = tmp_path / "web.log", 0
    with log.open("ab") as output, subprocess.Popen([sys.executable, "-c", WRITER], stdout=output) as writer:
        while writer.poll() is None:
            turns += bool(turn(tmp_path, 50_000, 20))
            time.sleep(0.05)
    assert writer.returncode == 0 and turns >= 4
    kept = [*(tmp_path / f"web.log.{number}" for number in range(turns, 0, -1)), log]
    assert {*tmp_path.iterdir()} == {*kept} and all(file.stat().st_size < 150_000 for file in kept)
    numbers = [int(line.split()[0]) for file in kept for line in file.read_text().splitlines()]
    assert numbers == sorted({*numbers}), "in order, none twice"
    assert len(numbers) >= 4000 - turns, "at most one is lost at each turn"


def test_the_oldest_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "asterisk-2"
    folder.mkdir()
    log, small = folder / "asterisk.log", tmp_path / "up.log"
    small.write_text("small")
    for number in range(4):
        log.write_text(f"{number}" * 100)
        log.chmod(0o600)
        assert turn(tmp_path, 50, 2) == [log]
    assert {file.name: file.read_text()[:1] for file in folder.iterdir()} == {
        "asterisk.log": "",
        "asterisk.log.1": "3",
        "asterisk.log.2": "2",
    }
    assert (folder / "asterisk.log.1").stat().st_mode & 0o777 == 0o600
    assert small.read_text() == "small" and turn(tmp_path, 50, 2) == []


def test_none_may_be_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("x" * 100)
    assert turn(tmp_path, 50, 0) == [log] and [file.name for file in tmp_path.iterdir()] == ["web.log"]
    assert log.read_text() == ""
