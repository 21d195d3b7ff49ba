"""The machine: Python and its packages, the clock, the disks."""

import ctypes
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import ivr
from asterisk_conf import debian
from ivr.cli import open_files
from ivr.cli.doctor.finding import Finding, ok, problem, unknown
from ivr.settings import Settings
from ivr.store import leases
from ivr.store.database import Database, StoreError
from ivr.watching import place

LEAST_PYTHON = (3, 11)
LOCK = Path(ivr.__file__).parents[1] / "requirements.lock"
FEW_MS = 500.0  # by which the store's clock may differ: tickets, leases and nights go by it
UNSYNCHRONISED, ERROR = 0x40, 5  # STA_UNSYNC and TIME_ERROR of <sys/timex.h>


def python(settings: Settings) -> Iterator[Finding]:
    running = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < LEAST_PYTHON:
        yield problem("python", f"Python {running}", "use Python 3.11: `make setup PYTHON=python3.11`")
    else:
        yield ok("python", f"Python {running}")


def packages(settings: Settings) -> Iterator[Finding]:
    if not LOCK.exists():
        yield unknown("packages", f"{LOCK} is not there to compare with")
        return
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", LOCK.read_text("utf-8"), re.MULTILINE))
    others = [
        f"{name} {have or 'is missing'} ({wanted})"
        for name, wanted in pinned.items()
        if (have := _version(name)) != wanted
    ]
    if others:
        told = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        yield problem("packages", f"not as in requirements.lock: {told}", "run `make setup`")
    else:
        yield ok("packages", f"{len(pinned)} as in requirements.lock")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`; the kernel writes 208 bytes."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def clock(settings: Settings) -> Iterator[Finding]:
    told = _Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(told))  # with modes 0 it only reads
    yield kept(state, told.status, told.maxerror)
    database = Database(settings.database_url)
    if not database.made:
        return
    try:
        with database.read() as session:
            before = datetime.now(UTC)
            theirs = leases.now(session)
            after = datetime.now(UTC)
    except StoreError:
        yield unknown("clock.store", "the store does not answer, so its clock is not known")
        return
    yield stepped(before, theirs, after)


def kept(state: int, status: int, most: int) -> Finding:
    """By adjtimex(2): its result, `status`, and `maxerror` in microseconds."""
    if state < 0:
        return unknown("clock", "the kernel does not say whether the clock is kept")
    if state == ERROR or status & UNSYNCHRONISED:
        mend = "let chrony or systemd-timesyncd keep it, unless the machine's host does"
        return unknown("clock", "nothing that the kernel knows of keeps the clock", mend)
    return ok("clock", f"kept, to {most / 1000:.0f} ms at worst")


def stepped(before: datetime, theirs: datetime, after: datetime) -> Finding:
    """The store's clock, read between two looks at ours."""
    off = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0) * 1000
    if off > FEW_MS:
        mend = "let chrony keep the clocks of both machines"
        return problem("clock.store", f"the store's clock is {off / 1000:.1f} s off ours", mend)
    return ok("clock.store", f"the store's clock is in step with ours, to {max(off, 1):.0f} ms")


def files(settings: Settings) -> Iterator[Finding]:
    for number, name in enumerate(settings.asterisk_names, 1):
        ports, may = settings.ports_of(number), open_files.of(settings, name)
        wanted, borne = (ports.rtp_last + 1 - ports.rtp_first) // 2, open_files.telephones(may)
        if borne < wanted:
            told = f"{may} are enough for {borne} telephones in calls on {name}, which has ports for {wanted}"
            mend = f"allow `ivr up` {open_files.needed(wanted)}: `ulimit -Hn`, LimitNOFILE=, a container's `ulimits`"
            yield problem(f"{name}.open-files", told, mend)
        else:
            yield ok(f"{name}.open-files", f"{may} are enough for {wanted} telephones in calls")


def disk(settings: Settings) -> Iterator[Finding]:
    least = settings.alarms.disk_free
    folders = {"data": settings.data.resolve(), "recordings": settings.recordings_folder, "cache": debian.cache_dir()}
    for name, folder in folders.items():
        free = place.free(folder)
        if name != "cache" and free < least:
            mend = "make room, move `data` to a larger disk, or lower alarms.disk_free"
            yield problem(f"disk.{name}", f"{free:.0f} MiB are free at {folder}; wanted are {least}", mend)
        else:
            yield ok(f"disk.{name}", f"{free:.0f} MiB are free at {folder}")
