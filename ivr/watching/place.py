"""What can be seen on this machine's disks and in its files, without asking anybody."""

import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from ivr.settings import Settings
from recordings import spool

MIB = 1 << 20


@dataclass(frozen=True)
class Spool:
    """Recordings that no store has yet, those of conversations that go on among them. `idle`: for how many seconds
    nobody has written to the one that was left first."""

    waiting: int
    idle: float


def spooled(folder: Path) -> Spool:
    ages = []
    for one in spool.waiting(folder):
        try:
            ages.append(time.time() - spool.written(one))
        except FileNotFoundError:  # it is stored by now
            continue
    return Spool(len(ages), max(ages, default=0.0))


def free(folder: Path) -> float:
    """MiB of the folder's disk; of the nearest one above, when it is not there yet."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(there).free / MIB


@dataclass(frozen=True)
class Certificate:
    """`until`: its last moment, UTC; None when the file cannot be read, and `problem` says why."""

    file: Path
    until: datetime | None
    problem: str = ""

    def days(self, now: datetime) -> float:
        return (self.until - now).total_seconds() / 86400 if self.until else 0.0


def watched(settings: Settings) -> list[Path]:
    """The files of the certificates that people are told of: those named, and that of SIP over TLS."""
    sip = settings.sip
    own = [sip.certificate if sip.certificate.name else settings.secrets / "sip-certificate.pem"]
    return [*settings.alarms.certificates, *(own if sip.tls != "off" else [])]


def certificates(files: Iterable[Path]) -> Iterator[Certificate]:
    """Of each PEM file, its first: in a chain, that is the house's own."""
    for file in files:
        try:
            first, *_ = x509.load_pem_x509_certificates(file.read_bytes())
        except OSError as error:
            yield Certificate(file, None, error.strerror or "cannot be read")
        except ValueError:
            yield Certificate(file, None, "is no certificate in PEM form")
        else:
            yield Certificate(file, first.not_valid_after_utc.astimezone(UTC))
