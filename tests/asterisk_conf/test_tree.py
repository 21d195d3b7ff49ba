"""The tree's programs run on this host as they are."""

import subprocess

from asterisk_conf import tree


def test_the_second_voice_finds_its_libraries_and_its_data() -> None:
    got = tree.ensure(print)
    command = got.argv("espeak-ng", f"--path={got.espeak_data}", "-v", "it", "--stdout", "Buongiorno.")
    done = subprocess.run(command, capture_output=True, check=True, timeout=20)
    assert done.stdout[:4] == b"RIFF" and len(done.stdout) > 10_000
