"""Chromium needs nothing of the host but its C library, so that a bare machine has all there is to it."""

import os
import re
import subprocess

from tests import browser

GLIBC = {"libc.so.6", "libdl.so.2", "libm.so.6", "libpthread.so.0", "libresolv.so.2", "librt.so.1", "linux-vdso.so.1"}


def test_every_library_but_the_c_library_is_in_the_tree() -> None:
    tree = browser.ensure()
    environment = os.environ | {"LD_LIBRARY_PATH": browser.libraries(tree)}
    told = subprocess.run(["ldd", tree / browser.PROGRAM], env=environment, capture_output=True, text=True, check=True)
    needed = {line.split()[0]: line for line in told.stdout.splitlines() if not re.match(r"\s*/", line)}
    foreign = {name for name, line in needed.items() if str(tree) not in line}
    assert len(needed) > 50
    assert foreign <= GLIBC, foreign
