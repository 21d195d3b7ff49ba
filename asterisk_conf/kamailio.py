"""Kamailio, which stands before several Asterisks: how to get it, its configuration, what it is told while it runs."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from asterisk_conf import debian
from asterisk_conf.debian import Progress
from asterisk_conf.render import HEADER, Proxy
from asterisk_conf.tree import SUITE

PACKAGES = ("kamailio", "kamailio-websocket-modules", "kamailio-tls-modules")
TEMPLATES = Path(__file__).parent / "proxy"
LOOPBACK = "127.0.0.0/8"
WITHIN = 5.0  # seconds for an answer
SHARED = "256"  # MiB, of which only what is used is taken: a connection by TLS is 83 kB, and there may be 2,048

State = Literal["active", "drained", "gone"]


class KamailioError(Exception):
    """It did not answer, or not as was asked."""


@dataclass(frozen=True)
class Tls:
    """SIP over TLS, which ends here: at `port`, with this certificate and its key (PEM). `only`: who comes from outside
    without it gets no answer."""

    port: int
    certificate: Path
    key: Path
    only: bool = False


@dataclass(frozen=True)
class Kamailio:
    """What was fetched."""

    path: Path

    def argv(self, program: str, *arguments: str) -> list[str]:
        """The command line of `kamailio` or `kamcmd`: with the tree's own libraries, on the host as it is."""
        libraries = next(self.path.glob("usr/lib/*-linux-gnu"))
        loader = next(libraries.glob("ld-linux-*.so.*"))
        paths = f"{libraries}:{libraries / 'kamailio'}"
        name = str(self.path / "usr/sbin" / program)
        return [str(loader), "--library-path", paths, "--argv0", program, name, *arguments]

    @property
    def modules(self) -> Path:
        return next(self.path.glob("usr/lib/*-linux-gnu/kamailio/modules"))

    def command(self, folder: Path) -> list[str]:
        """What runs it with the configuration in `folder`, until it is ended."""
        given = ("-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-P", str(folder / "kamailio.pid"))
        return self.argv("kamailio", "-DD", "-E", "-m", SHARED, *given)

    def version(self) -> str:
        """For example `5.6.3`."""
        argv = self.argv("kamailio", "-v")
        told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=WITHIN).stdout
        return told.split()[2]

    def refused(self, folder: Path) -> str:
        """What it has against the configuration in `folder`; "" when it takes it."""
        argv = self.argv("kamailio", "-c", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder))
        done = subprocess.run(argv, capture_output=True, text=True, timeout=WITHIN)
        lines = [line for line in done.stderr.splitlines() if "ERROR" in line or "CRITICAL" in line]
        return (lines or done.stderr.splitlines() or ["it does not say why"])[-1].strip() if done.returncode else ""


def there() -> Kamailio | None:
    """What was fetched, if it was."""
    folder = debian.folder_of("kamailio", SUITE, PACKAGES)
    return Kamailio(folder) if folder.exists() else None


def ensure(progress: Progress) -> Kamailio:
    """Fetched if it is not in the cache. Raises TreeError."""
    return Kamailio(debian.unpacked("kamailio", SUITE, PACKAGES, "Kamailio (about 110 MB)", progress))


def render(
    kamailio: Kamailio,
    folder: Path,
    *,
    proxy: Proxy,
    asterisks: Sequence[str],
    phones: int,
    trunk_from: Sequence[str],
    phones_from: Sequence[str],
    tls: Tls | None = None,
) -> None:
    """Write the configuration into `folder`. `asterisks`: `host:port` of each; `phones`: the port on loopback for those
    in browsers; citizens' calls and telephones are let in from these networks."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    values = {
        "modules": kamailio.modules,
        "host": proxy.host,
        "port": proxy.port,
        "secret": proxy.secret,
        "header": HEADER,
        "phones": phones,
        "control": _control(folder),
        "list": folder / "dispatcher.list",
        "trunk_from": trunk_from,
        "phones_from": [LOOPBACK, *phones_from],
        "tls": tls,
        "tls_file": folder / "tls.cfg",
    }
    environment = Environment(  # noqa: S701 this is a configuration file, not HTML
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    for name, text in (
        *((name, environment.get_template(name).render(values)) for name in ("kamailio.cfg", "tls.cfg")),
        ("dispatcher.list", "".join(f"1 sip:{address}\n" for address in asterisks)),
    ):
        path = folder / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")


def _control(folder: Path) -> Path:
    return folder / "kamailio.ctl"


def states(kamailio: Kamailio, folder: Path) -> dict[str, State]:
    """How each Asterisk stands, by its `host:port`. Raises KamailioError."""
    told = _ask(kamailio, folder, "dispatcher.list")
    found: dict[str, State] = {}
    for address, flags in re.findall(r"URI: sip:(\S+).*?FLAGS: (\w+)", told, re.DOTALL):
        found[address] = {"A": "active", "D": "drained"}.get(flags[0], "gone")  # type: ignore[assignment]
    return found


def set_state(kamailio: Kamailio, folder: Path, address: str, *, drained: bool) -> None:
    """Whether an Asterisk is given no new calls. Raises KamailioError."""
    _ask(kamailio, folder, "dispatcher.set_state", "d" if drained else "ap", "1", f"sip:{address}")


def _ask(kamailio: Kamailio, folder: Path, *command: str) -> str:
    argv = kamailio.argv("kamcmd", "-s", f"unix:{_control(folder)}", *command)
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=WITHIN)
    except subprocess.TimeoutExpired:
        raise KamailioError(f"Kamailio did not answer within {WITHIN:.0f} s") from None
    if done.returncode or done.stdout.startswith("error"):
        raise KamailioError(f"Kamailio: {(done.stderr or done.stdout).strip()}")
    return done.stdout
