"""Operators' phones and callers on real SIP: SIPp holds hundreds of them in three processes.

Without sound of their own: what Asterisk plays to them is dropped by the kernel. All on loopback.
"""

import asyncio
import csv
import random
import signal
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from asterisk_conf.tree import Tree

HOST = "127.0.0.1"
SCENARIOS = Path(__file__).parent / "scenarios"
REGISTRATIONS = 100  # a second
MOST = 5000  # calls at a time


class CrowdError(Exception):
    """SIPp could not do it; the message says what it said."""


@dataclass(frozen=True)
class Heard:
    """What a phone told, at `at` (seconds since 1970): an operator's rings, hangs-up, is-left, cancelled; a caller's
    comes, goes, refused (503)."""

    who: str
    what: str
    at: float


class Phones:
    """`async with Phones(…)`: registered, and answering. `passwords`: by operator. They answer after `ring` seconds
    and hang up `talk` seconds later, give or take a second."""

    def __init__(
        self, tree: Tree, folder: Path, server: int, passwords: dict[str, str], ring: float, talk: float
    ) -> None:
        self._tree, self._folder, self._server, self._passwords = tree, folder, server, passwords
        self._port, self._log = _free_port(), folder / "phones.log"
        times = {"ring": ring, "short": talk - 1, "usual": talk, "long": talk + 1}
        self._scenario = _filled(folder, "phone", **{name: str(round(1000 * time)) for name, time in times.items()})

    async def __aenter__(self) -> "Phones":
        accounts = self._folder / "accounts.csv"
        rows = [
            f"op-{code};[authentication username=op-{code} password={password}]"
            for code, password in self._passwords.items()
        ]
        accounts.write_text("\n".join(["SEQUENTIAL", *rows, ""]))
        # From the port at which they will be called: Asterisk calls a phone where its registration came from.
        registering = await _sipp(
            self._tree, self._folder, "register", self._port, f"{HOST}:{self._server}",
            "-sf", str(SCENARIOS / "register.xml"), "-inf", str(accounts),
            "-r", str(REGISTRATIONS), "-m", str(len(rows)), "-recv_timeout", "4000",
        )  # fmt: skip
        if await registering.wait() != 0:
            raise CrowdError(f"not every phone could register; see {self._folder}")
        self._process = await _sipp(
            self._tree, self._folder, "phones", self._port, f"{HOST}:{self._server}",
            "-sf", str(self._scenario), "-trace_logs", "-log_file", str(self._log),
        )  # fmt: skip
        return self

    async def __aexit__(self, *_: object) -> None:
        await _end(self._process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def heard(self) -> list[Heard]:
        return _read(self._log)


class Callers:
    """`async with Callers(…)`. `numbers`: what each call dials, in order. `impatient`: the part of callers who hang up
    after `patience` seconds, wherever they are by then."""

    def __init__(
        self, tree: Tree, folder: Path, server: int, numbers: Sequence[str], impatient: float, patience: float
    ) -> None:
        self._tree, self._folder, self._server, self._numbers = tree, folder, server, numbers
        self._processes: list[asyncio.subprocess.Process] = []
        self._scenario = _filled(folder, "caller", patient=f"{1 - impatient:.3f}", patience=str(round(1000 * patience)))

    async def __aenter__(self) -> "Callers":
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in self._processes:
            await _end(process)

    async def place(self, name: str, first: int, number: int, per_second: float) -> "asyncio.subprocess.Process":
        """Calls `first` to `first + number`, evenly spaced; ends when all are over."""
        rows = [f"+39066{index:07};{dialled}" for index, dialled in enumerate(self._numbers)][first : first + number]
        fields = self._folder / f"{name}.csv"
        fields.write_text("\n".join(["SEQUENTIAL", *rows, ""]))
        period = 10  # seconds: SIPp takes whole numbers
        process = await _sipp(
            self._tree, self._folder, name, _free_port(), f"{HOST}:{self._server}",
            "-sf", str(self._scenario), "-inf", str(fields), "-m", str(number), "-l", str(MOST),
            "-r", str(round(per_second * period)), "-rp", str(1000 * period),
            "-trace_logs", "-log_file", str(self._folder / f"{name}.log"),
            "-trace_stat", "-stf", str(self._folder / f"{name}.stat"), "-fd", "1",
        )  # fmt: skip
        self._processes.append(process)
        return process

    def heard(self, *names: str) -> list[Heard]:
        """Of calls that were answered."""
        return sorted((one for one in self._told(names) if one.what != "refused"), key=lambda one: one.at)

    def refused(self, *names: str) -> int:
        """Calls that were answered by 503."""
        return sum(one.what == "refused" for one in self._told(names))

    def _told(self, names: Sequence[str]) -> Iterator[Heard]:
        for name in names:
            yield from _read(self._folder / f"{name}.log")

    def counts(self, name: str) -> tuple[int, int]:
        """(calls that went as they should, calls that did not)."""
        with (self._folder / f"{name}.stat").open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        return int(last["SuccessfulCall(C)"]), int(last["FailedCall(C)"])


def _read(log: Path) -> list[Heard]:
    """In order of time."""
    lines = (line.split() for line in log.read_text().splitlines())
    return [Heard(who, what, float(stamp)) for *_, stamp, what, who in lines]


def _filled(folder: Path, name: str, **values: str) -> Path:
    text = (SCENARIOS / f"{name}.xml").read_text()
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    path = folder / f"{name}.xml"
    path.write_text(text)
    return path


async def _sipp(tree: Tree, folder: Path, name: str, port: int, *arguments: str) -> asyncio.subprocess.Process:
    with (folder / f"{name}.out").open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *tree.argv("sipp", "-i", HOST, "-p", str(port), "-mi", HOST, "-nostdin", "-trace_err"),
            "-error_file", str(folder / f"{name}.errors"), *arguments,
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
        )  # fmt: skip


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        await process.wait()


def _free_port() -> int:
    while True:
        port = random.randrange(6000, 9000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
