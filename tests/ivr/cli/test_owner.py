"""Root on data of somebody else's becomes that user, where they can read the program."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
SOMEBODY, GROUP = 61_234, 61_235  # who have no name on this machine
# The program of this test is loaded before; what could not be read afterwards is named by its arguments.
ASK = """
import os, sys
from pathlib import Path
from ivr.cli.owner import become_owner
folder, *program = map(Path, sys.argv[1:])
become_owner(folder, program)
print(os.getresuid(), os.getresgid(), os.getgroups(), os.environ["HOME"])
try:
    os.setuid(0)
except PermissionError:
    print("for good")
"""


def ask(folder: Path, *program: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", ASK, str(folder), *map(str, program)]
    return subprocess.run(command, capture_output=True, text=True, check=True)


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        os.chown(name, SOMEBODY, GROUP)
        yield Path(name)


def test_it_gives_up_roots_rights_for_good(folder: Path) -> None:
    told = ask(folder, folder, Path("/usr/bin"))
    assert told.stdout == f"{(SOMEBODY,) * 3} {(GROUP,) * 3} [] {folder}\nfor good\n"


def test_who_could_not_read_the_program_is_not_become(folder: Path) -> None:
    with TemporaryDirectory() as private:  # root's alone
        (Path(private) / "python").mkdir()
        told = ask(folder, Path(private) / "python")
    assert told.stdout.startswith("(0, 0, 0)") and "for good" not in told.stdout
    assert f"belongs to user {SOMEBODY}, who cannot read {private};" in told.stderr


def test_roots_own_data_stays_roots(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "not-there"):
        told = ask(place)
        assert told.stdout.startswith("(0, 0, 0)") and not told.stderr
