"""An installation of its own for one run of live tests: all of it real, in a temporary folder, on free ports."""

import asyncio
import ctypes
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asterisk_conf import tree
from ivr.calls.rehearsal import lane
from ivr.cli.installation import free_base, library, make_folders
from ivr.cli.status import status
from ivr.flow.model import Book
from ivr.problem import Problem
from ivr.prompts.library import Library
from ivr.settings import PREFIX, Settings, load
from ivr.store import operators
from ivr.store.database import Database

# At work, with a phone, but never free: so that a queue in which a test waits is not one where nobody is.
STAND_IN = "99999999"
START, STOP = 180.0, 60.0


class StageError(Problem):
    """The installation did not come up; the message has what it said."""


@dataclass
class Stage:
    """What all calls of one run share. `outside` is the SIP port of the number outside, `parts` the folder of what each
    test gives its call, `folder` one for the phones."""

    settings: Settings
    book: Book
    database: Database
    library: Library
    tree: tree.Tree
    folder: Path
    parts: Path
    outside: int


@asynccontextmanager
async def stage(
    book: Book,
    flows: Path,
    house: Settings,
    staffed: Iterable[str],
    codes: Mapping[str, Iterable[str]],
    say: Callable[[str], None],
) -> AsyncIterator[Stage]:
    """`staffed`: tests in whose queues somebody is at work; `codes`: operator → tests. Raises StageError, TreeError."""
    phone_tree = await asyncio.to_thread(tree.ensure, say)
    with tempfile.TemporaryDirectory(prefix="ivr-live-") as place:
        folder = Path(place)
        data, parts, outside = folder / "data", folder / "parts", _free_port()
        parts.mkdir()
        # Without the tests: `ivr up` publishes the folder, and these have been run already.
        shutil.copytree(flows, folder / "flows", ignore=shutil.ignore_patterns("tests"))
        environment = _environment(house, folder, outside)
        settings = load(data, base_port=free_base(), environment=environment)
        make_folders(settings)
        if house.prompts_folder.is_dir():  # named by content, so they are the same
            settings.prompts_folder.rmdir()
            settings.prompts_folder.symlink_to(house.prompts_folder)
        database = Database(settings.database_url)
        database.migrate()
        _staff(database, staffed, codes)
        say("starting an installation for the calls ...")
        async with _up(settings, environment, folder / "up.log"):
            yield Stage(settings, book, database, library(settings), phone_tree, folder, parts, outside)


def _environment(house: Settings, folder: Path, outside: int) -> dict[str, str]:
    """The environment of a run: of the house's settings only those that a test can tell; never its store or ports."""
    own: dict[str, object] = {"FLOWS__FOLDER": folder / "flows", "REHEARSAL__FOLDER": folder / "parts"}
    own["SIP__TRUNK_TO"] = f"127.0.0.1:{outside}"
    own |= {f"PROMPTS__{key}".upper(): value for key, value in house.prompts.model_dump().items()}
    own["TICKETS__TABLE"] = json.dumps([row.model_dump(mode="json") for row in house.tickets.table])
    others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return others | {PREFIX + name: str(value) for name, value in own.items()}


def _staff(database: Database, staffed: Iterable[str], codes: Mapping[str, Iterable[str]]) -> None:
    """Each operator takes the calls of the tests that name them, and no other."""
    now, everyone = datetime.now(UTC), {STAND_IN: staffed} | dict(codes)
    with database.transaction() as session:
        for code, tests in everyone.items():
            operator = operators.add(session, code, code, operators.LANGUAGES, ["all"], now)
            operator.languages = [*operators.LANGUAGES, *map(lane, tests)]
        operators.set_presence(session, STAND_IN, "paused", now, reason="stand-in")


@asynccontextmanager
async def _up(settings: Settings, environment: Mapping[str, str], log: Path) -> AsyncIterator[None]:
    """`ivr up` in a session of its own: Ctrl-C reaches us, and we stop it."""
    arguments = ["up", "--data", str(settings.data), "--base-port", str(settings.ports.base)]
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ivr.cli.main", *arguments, env=environment, start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, preexec_fn=_die_with_parent,
        )  # fmt: skip
    try:
        await _ready(settings, process, log)
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        try:
            async with asyncio.timeout(STOP):
                await process.wait()
        except TimeoutError:
            process.kill()


async def _ready(settings: Settings, process: asyncio.subprocess.Process, log: Path) -> None:
    try:
        async with asyncio.timeout(START):
            while process.returncode is None:
                if (await asyncio.to_thread(status, settings))["ready"]:
                    return
                await asyncio.sleep(0.3)
    except TimeoutError:
        pass
    told = (await asyncio.to_thread(log.read_text, "utf-8", "replace"))[-2000:]
    raise StageError(f"the installation for the calls did not start: {told}")


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _die_with_parent() -> None:
    """An installation whose run is killed ends with it (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)
