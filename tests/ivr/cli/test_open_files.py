import os
import resource
import subprocess
from pathlib import Path

from ivr.cli import open_files
from ivr.cli.installation import Running, make_folders, note
from ivr.settings import load

LIMIT = resource.RLIMIT_NOFILE


def test_as_many_as_we_may_have() -> None:
    usual, most = resource.getrlimit(LIMIT)
    try:
        resource.setrlimit(LIMIT, (256, most))
        open_files.allow()
        assert resource.getrlimit(LIMIT) == (min(open_files.MOST, most), most)
    finally:
        resource.setrlimit(LIMIT, (usual, most))


def test_what_counts_is_the_limit_of_the_asterisk_that_runs(tmp_path: Path) -> None:
    settings, here = load(tmp_path, environment={}), min(open_files.MOST, resource.getrlimit(LIMIT)[1])
    make_folders(settings)
    assert open_files.of(settings, "asterisk") == here
    with subprocess.Popen(["sleep", "60"]) as asterisk:
        resource.prlimit(asterisk.pid, LIMIT, (700, here))
        note(settings, Running(os.getpid(), asterisk.pid, "22", {}, 0, 0, 0))
        assert open_files.of(settings, "asterisk") == 700 and open_files.of(settings, "asterisk-2") == here
        asterisk.kill()
    assert open_files.of(settings, "asterisk") == here, "it is gone: `ivr up` starts it with what there is here"


def test_telephones() -> None:
    assert [open_files.telephones(files) for files in (100, 1024, 2200)] == [0, 154, 350]
    assert open_files.needed(400) == 2500
