"""Anonymised copies: what one process makes in a minute, its memory, and how long after a call its copy can be heard.

python -m bench.anonymised_copies [MINUTES] [voices]     of each conversation (5); what is said is not looked for
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ivr.cli.vault import open_vault
from ivr.prompts.audio import for_telephone
from ivr.prompts.pico import Pico
from ivr.settings import load
from ivr.store import anonymisations, calls
from ivr.store.database import Database
from recordings import spool
from recordings.ingest import ingest

RATE = 8000
LOT = 4  # conversations one after the other
SAID = (
    ("it", "Buongiorno, ho ricevuto un avviso di pagamento e vorrei sapere entro quando devo pagare."),
    ("en", "Thank you for waiting. The payment was received, and you do not need to do anything else."),
)


def conversation(minutes: float) -> np.ndarray:
    """Two voices in turn, as a tape has them."""
    one, other = (for_telephone(*Pico().speak(text, language), -20.0) for language, text in SAID)
    turn = np.stack([np.pad(one, (0, len(other))), np.pad(other, (len(one), 0))], axis=1)
    frames = int(minutes * 60 * RATE)
    return (np.tile(turn, (frames // len(turn) + 1, 1))[:frames] * 32767).astype("<i2")


def memory(pid: int) -> float:
    """The most that a process has held so far, in MB."""
    found = re.search(r"VmHWM:\s+([0-9]+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    return int(found[1]) / 1024 if found else 0.0


def cpu(pid: int) -> float:
    """Seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(minutes: float, speech: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        data, sound = Path(name), conversation(minutes)
        environment = {"NUMERO_NERO_RECORDINGS__SPEECH": str(speech).lower()}
        settings = load(data, environment=environment)
        database, vault = Database(settings.database_url), open_vault(settings)
        database.migrate()

        def end(call: str) -> float:
            """A call that has just ended is ingested; when that was."""
            with database.transaction() as session:
                now = datetime.now(UTC)
                calls.start(
                    session, id=call, channel=call, controller="c", called="", caller="", flow="f", started_at=now
                )
            folder = spool.folder_of(data, call, "1")
            folder.mkdir()
            for path, channel in zip(spool.files(folder, RATE), sound.T, strict=True):
                path.write_bytes(channel.tobytes())
            ended = time.monotonic()
            assert ingest(database, vault, folder, "Europe/Rome")
            return ended

        def until_all_there() -> float:
            while True:
                with database.read() as session:
                    if anonymisations.figures(session).waiting == 0:
                        return time.monotonic()
                time.sleep(0.05)

        command = [sys.executable, "-m", "ivr.cli.main", "anonymizer", "bench", "--data", name]
        worker = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | environment)
        try:
            end("first")  # with it all that is needed is loaded
            until_all_there()
            hearable = [-end(f"alone-{number}") + until_all_there() for number in range(2)]
            used = cpu(worker.pid)
            begun = min(end(f"lot-{number}") for number in range(LOT))
            took, used = until_all_there() - begun, cpu(worker.pid) - used
            most = memory(worker.pid)
        finally:
            worker.terminate()
            worker.wait()
    hours = LOT * minutes / 60
    done = f"{settings.recordings.profile}, {'what is said covered' if speech else 'voices and keys alone'}"
    print(f"conversations of {minutes:g} minutes, two channels at 8 kHz, {done}, one process")
    print(f"  {hours / took * 60:8.2f} h of conversation a minute")
    print(f"  {used / hours / 3600:8.3f} × real time, CPU")
    print(f"  {min(hearable):8.1f} s from the end of a call until its copy can be heard, nothing else waiting")
    print(f"  {most:8.0f} MB the process's memory at its peak")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 5.0, "voices" not in sys.argv[2:])
