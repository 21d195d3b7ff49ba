"""A token of PKCS#11 without hardware: Debian's SoftHSM, unpacked into our cache, its tokens in a folder of ours."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from asterisk_conf.debian import unpacked

LABEL, PIN = "tests", "123456"


@dataclass(frozen=True)
class Soft:
    """A token labelled LABEL, opened by PIN."""

    module: Path


@contextmanager
def token(folder: Path) -> Iterator[Soft]:
    """Once a process: the module reads where its tokens are when it is loaded."""
    tree = unpacked("softhsm", "bookworm", ("softhsm2",), "SoftHSM for the tests", print)
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    soft = Soft(tree / "usr/lib/softhsm/libsofthsm2.so")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(configuration))
        made = ["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "654321"]
        command = [tree / "usr/bin/softhsm2-util", "--module", soft.module, *made]
        subprocess.run(command, check=True, capture_output=True)
        yield soft
