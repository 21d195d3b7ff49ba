"""Ports: each is free, or one of our own programs has it."""

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ivr.cli.doctor.finding import Finding, ok, problem
from ivr.cli.installation import Wanted, is_free, read_note, sockets
from ivr.settings import Settings

LISTENS = "0A"  # of TCP, in /proc/net


def ports(settings: Settings) -> Iterator[Finding]:
    noted = read_note(settings)
    ours = noted.pids() if noted else set()
    for wanted in sockets(settings):
        name, told = f"ports.{wanted.name}", f"{wanted.protocol} {wanted.host}:{wanted.port}"
        if not (error := is_free(wanted)):
            yield ok(name, f"{told} is free")
        elif holders := holders_of(wanted):
            if (holders | _sessions(holders)) & ours:
                yield ok(name, f"{told} is ours")
            else:
                yield problem(name, f"{told} is taken by {_programs(holders)}", _mend(settings))
        else:
            yield problem(name, f"{told} cannot be used: {error}", _mend(settings))


def _mend(settings: Settings) -> str:
    return f"end that program, or choose other ports: `ivr up --base-port {settings.ports.base + 1000}`"


def holders_of(wanted: Wanted) -> set[int]:
    """The processes that listen there, as far as we may see."""
    kind = "udp" if wanted.kind == socket.SOCK_DGRAM else "tcp"
    sockets_ = set()
    for table in (kind, f"{kind}6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == wanted.port and (kind == "udp" or fields[3] == LISTENS):
                    sockets_.add(f"socket:[{fields[9]}]")
    return {pid for pid in _processes() if sockets_ & _open(pid)}


def _sessions(pids: set[int]) -> set[int]:
    """Each program that `ivr up` starts leads a session, in which its own children are."""
    found = set()
    for pid in pids:
        with suppress(ProcessLookupError):
            found.add(os.getsid(pid))
    return found


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _open(pid: int) -> set[str]:
    found = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(descriptor.readlink().name)
    return found


def _programs(pids: set[int]) -> str:
    def name(pid: int) -> str:
        try:
            return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
        except OSError:
            return "a program"

    return ", ".join(f"{name(pid)} (process {pid})" for pid in sorted(pids))
