"""How long a start takes until a call would be answered: the first of a folder, and the second.

python -m bench.start

Asterisk and the Python packages are there already; their download, once a machine, is the network's time.
"""

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from asterisk_conf import tree
from ivr.cli.installation import free_base

ROOT = Path(__file__).parents[1]
READY = "Numero Nero is running."
STARTS = ("first (makes the prompts)", "second", "third")


def start(data: Path, base: int) -> tuple[float, float]:
    """(seconds from the command to its word that it is ready, seconds to stop)."""
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "ivr.cli.main", "up", "--data", str(data), "--base-port", str(base)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(READY):
            break
    ready = time.monotonic() - begun
    process.send_signal(signal.SIGINT)
    if process.wait() != 0:
        sys.exit("ivr up did not start; what it said is above")
    return ready, time.monotonic() - begun - ready


def main() -> None:
    tree.ensure(print)
    with tempfile.TemporaryDirectory(prefix="ivr-bench-") as folder:
        rows = [(name, *start(Path(folder), free_base())) for name in STARTS]
    print(f"{'start':<28}{'ready after, s':>16}{'stopped after, s':>18}")
    for name, ready, stopped in rows:
        print(f"{name:<28}{ready:>16.1f}{stopped:>18.1f}")


main()
