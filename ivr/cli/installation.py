"""One installation on disk: its folders, its secrets, its ports, and the note about what is running."""

import fcntl
import getpass
import json
import os
import random
import re
import socket
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from zoneinfo import ZoneInfo

from ivr.problem import Problem
from ivr.secret_file import made_once
from ivr.settings import Settings

MACHINES = "machines"  # the certificate of our own machines is named so

if TYPE_CHECKING:
    from ivr.link.key import Key
    from ivr.prompts.library import Library
    from recordings.purge import Rules


class InstallationError(Problem):
    """Something on this machine is in the way; the message says what and what to do."""


def make_folders(settings: Settings) -> None:
    folders = (
        settings.data,
        settings.recordings_folder,
        settings.spool,
        settings.logs,
        settings.secrets,
        settings.prompts_folder,
    )
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise InstallationError(
                f"{folder}: cannot be made ({error.strerror}); choose another folder with --data"
            ) from error


def secret(settings: Settings, name: str) -> str:
    """A random secret of this installation, made at first use; only its owner may read the file."""
    return made_once(settings.secrets / name, 24)


def link_key(settings: Settings) -> "Key":
    """What our processes show each other; with other machines, their one certificate, too. Raises InstallationError."""
    from ivr.cli.certificate import own_certificate
    from ivr.link.key import Key

    machines = settings.machines
    if not machines.listen:
        return Key(secret(settings, "link"))
    for name in ("link", f"{MACHINES}-certificate.pem", f"{MACHINES}-key.pem") if machines.asterisk else ():
        if not (settings.secrets / name).exists():
            raise InstallationError(
                f"{settings.secrets / name}: is missing; `ivr controller NAME --join FILE` brings it"
            )
    return Key(secret(settings, "link"), *own_certificate(settings.secrets, machines.listen, MACHINES))


def library(settings: Settings) -> "Library":
    """The prompts of this installation, made as its settings say. Raises TreeError."""
    from asterisk_conf import tree
    from ivr.prompts.library import Library
    from ivr.prompts.recipe import Recipe
    from ivr.prompts.said import Limits

    wanted = settings.prompts
    recipe = Recipe(wanted.synthesiser, wanted.loudness)
    if wanted.synthesiser == "espeak-ng":
        got = tree.ensure(lambda line: print(line, file=sys.stderr))
        command = got.argv("espeak-ng", f"--path={got.espeak_data}")
        recipe = Recipe(wanted.synthesiser, wanted.loudness, tuple(command))
    limits = Limits(wanted.said_age, wanted.said_size)
    return Library(settings.prompts_folder, settings.flows.folder.resolve(), recipe, limits, wanted.workers)


def purge_rules(settings: Settings) -> "Rules":
    from recordings.purge import Rules

    given = settings.recordings
    return Rules(ZoneInfo(given.timezone), given.keep_days, given.pseudonyms_after, secret(settings, "callers"))


def user() -> str:
    """Who gives a command here: the user of this machine."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # one without a name, as in some containers
        return f"user {os.getuid()}"


def given_secret(settings: Settings, name: str) -> str:
    """A secret that the house was given (a web service's key): from the environment, as `NUMERO_NERO_SECRET_NAME`, or
    from the file `NAME` in the secrets' folder. Raises KeyError."""
    variable = "NUMERO_NERO_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
    if value := os.environ.get(variable):
        return value
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        raise KeyError(name)
    try:
        return (settings.secrets / "given" / name).read_text("utf-8").strip()
    except OSError:
        raise KeyError(name) from None


def lock(settings: Settings) -> TextIO:
    """Hold the installation: one `ivr up` a data folder. Keep the file open as long as it runs."""
    file = (settings.data / "up.lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        raise InstallationError(
            f"{settings.data}: already runs (process {holder}); stop it, or start another with --data and --base-port"
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


_claims: deque[socket.socket] = deque()


def free_base() -> int:
    """A thousand ports whose fixed ones nobody has, and that no other process is given until this one has asked four
    times more, or ended: it takes seconds until they are listened on. First below those that Linux gives to whoever
    opens a connection: one of these may be taken a moment later."""
    below, above = range(11000, 32000, 1000), range(33000, 60000, 1000)
    for base in (*random.sample(below, len(below)), *random.sample(above, len(above))):
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with suppress(OSError):
            claim.bind(("127.0.0.1", base + 59))
            for offset, kind in ((60, socket.SOCK_DGRAM), *((one, socket.SOCK_STREAM) for one in (38, 56, 60, 80, 88))):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", base + offset))
            if len(_claims) == 4:
                _claims.popleft().close()
            _claims.append(claim)
            return base
        claim.close()
    raise InstallationError("no thousand ports from 11000 to 60000 are free; end what has them")


@dataclass(frozen=True)
class Wanted:
    """A port, as `ports.NAME` of the settings; `kind` of the socket module."""

    name: str
    host: str
    port: int
    kind: socket.SocketKind

    @property
    def protocol(self) -> str:
        return "UDP" if self.kind == socket.SOCK_DGRAM else "TCP"


def sockets(settings: Settings) -> list[Wanted]:
    """Where the programs of an installation listen, but for those of which any of several will do."""
    ports = settings.ports
    tls = [Wanted("sips", settings.sip.listen, ports.sips, socket.SOCK_STREAM)] if settings.sip.tls != "off" else []
    several = [
        one
        for number, name in enumerate(settings.asterisk_names if settings.proxied else (), 1)
        for one in (
            Wanted(f"sip of {name}", settings.sip.listen, settings.ports_of(number).sip, socket.SOCK_DGRAM),
            Wanted(f"sip of {name}", settings.sip.listen, settings.ports_of(number).sip, socket.SOCK_STREAM),
            Wanted(f"ari of {name}", "127.0.0.1", settings.ports_of(number).ari, socket.SOCK_STREAM),
            Wanted(f"ami of {name}", "127.0.0.1", settings.ports_of(number).ami, socket.SOCK_STREAM),
        )
    ]
    before = [Wanted("phones", "127.0.0.1", ports.phones, socket.SOCK_STREAM)] if settings.proxied else []
    own = [
        Wanted("ari", "127.0.0.1", ports.ari, socket.SOCK_STREAM),
        Wanted("ami", "127.0.0.1", ports.ami, socket.SOCK_STREAM),
    ]
    machines = settings.machines.listen
    far = [
        Wanted("ari_tls", machines, ports.ari_tls, socket.SOCK_STREAM),
        Wanted("media", machines, ports.media, socket.SOCK_STREAM),
    ]
    return [
        *tls,
        *(far if machines else ()),
        Wanted("sip", settings.sip.listen, ports.sip, socket.SOCK_DGRAM),
        Wanted("sip", settings.sip.listen, ports.sip, socket.SOCK_STREAM),
        *before,
        *(several or own),
        Wanted("web", settings.web.listen, ports.web, socket.SOCK_STREAM),
        Wanted("health", "127.0.0.1", ports.health, socket.SOCK_STREAM),
    ]


def is_free(wanted: Wanted) -> str:
    """Why a port cannot be used now, "" when it can."""
    with socket.socket(socket.AF_INET, wanted.kind) as probe:
        if wanted.kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((wanted.host, wanted.port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


def check_ports(settings: Settings) -> None:
    """Raises InstallationError naming the first port that somebody else has."""
    for one in sockets(settings):
        if reason := is_free(one):
            raise InstallationError(
                f"{one.protocol} port {one.port} (ports.{one.name}) on {one.host} cannot be used: {reason}; end the "
                f"program that has it, or choose other ports: --base-port {settings.ports.base + 1000}"
            )


@dataclass(frozen=True)
class Running:
    """What `ivr up` noted about the programs it started."""

    up: int
    asterisk: int
    version: str
    controllers: dict[str, int]
    web: int
    tickets: int
    listening: int
    anonymizers: dict[str, int] = field(default_factory=dict)
    watch: int = 0
    traces: int = 0  # 0: there is no collector to send them to
    asterisks: dict[str, int] = field(default_factory=dict)  # the second and following
    kamailio: int = 0  # 0: there is one Asterisk, and nothing before it
    media: int = 0  # 0: there are no other machines

    def programs(self) -> dict[str, int]:
        """Name → process."""
        own = ("up", "asterisk", "web", "tickets", "listening", "watch", "traces", "kamailio", "media")
        return {name: getattr(self, name) for name in own} | self.asterisks | self.controllers | self.anonymizers

    def pids(self) -> set[int]:
        return {pid for pid in self.programs().values() if pid}

    def alive(self) -> bool:
        needed = [self.web, *self.controllers.values(), *([self.kamailio] if self.kamailio else ())]
        some = any(map(is_alive, (self.asterisk, *self.asterisks.values())))
        return some and all(map(is_alive, needed))


def note(settings: Settings, running: Running) -> None:
    part = settings.state_file.with_suffix(".part")
    part.write_text(json.dumps(vars(running) | {"base_port": settings.ports.base}), "utf-8")
    part.replace(settings.state_file)


def read_note(settings: Settings) -> Running | None:
    try:
        values: dict[str, Any] = json.loads(settings.state_file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    values.pop("base_port")
    return Running(**values)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
