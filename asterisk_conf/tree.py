"""The tree: Asterisk, the robot phone, SIPp, a second voice and Graphviz from Debian, unpacked into a cache of ours.

Nothing on the host changes. Debian 12 has no Asterisk, so the packages come from a newer Debian. They run straight on
the host through the tree's own program loader, which gives them their own libraries and leaves them the host's files:
no chroot, no root.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SUITE = "forky"
PACKAGES = (
    "asterisk",
    "asterisk-config",
    "asterisk-modules",
    "asterisk-moh-opsound-wav",
    "baresip-core",
    "espeak-ng",
    "graphviz",
    "sip-tester",
)
SPACE = 1_000_000_000
# What Debian 12's mmdebstrap needs of Perl beyond the `perl-base` of a bare machine.
PERL = ("perl-modules-5.36", "libperl5.36")

Progress = Callable[[str], None]


class TreeError(Exception):
    """Asterisk could not be fetched; the message says what failed and what to do."""


@dataclass(frozen=True)
class Tree:
    path: Path

    @cached_property
    def _libraries(self) -> Path:
        return next(self.path.glob("usr/lib/*-linux-gnu"))

    @property
    def modules(self) -> Path:
        return self._libraries / "asterisk" / "modules"

    @property
    def share(self) -> Path:
        return self.path / "usr/share/asterisk"

    @property
    def moh(self) -> Path:
        return self.share / "moh"

    @property
    def sbin(self) -> Path:
        return self.path / "usr/sbin"

    @property
    def phone_modules(self) -> Path:
        return self.path / "usr/lib/baresip/modules"

    @property
    def espeak_data(self) -> Path:
        """What `espeak-ng --path` wants to know."""
        return self._libraries

    def argv(self, program: str, *arguments: str) -> list[str]:
        """The command line of `asterisk`, `baresip`, `sipp`, `espeak-ng` or `dot`."""
        folder = "sbin" if program == "asterisk" else "bin"
        loader = next(self._libraries.glob("ld-linux-*.so.*"))
        return [
            str(loader),
            "--library-path",
            # espeak-ng's sound library keeps a part of itself in a folder of its own.
            f"{self._libraries}:{self._libraries / 'pulseaudio'}",
            "--argv0",
            program,
            str(self.path / "usr" / folder / program),
            *arguments,
        ]

    def asterisk_version(self) -> str:
        """For example `22.10.1`."""
        told = subprocess.run(self.argv("asterisk", "-V"), capture_output=True, text=True, check=True, timeout=20)
        return told.stdout.split()[1].partition("+")[0].partition("~")[0]


def cache_dir() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("NUMERO_NERO_CACHE") or Path(home) / "numero-nero")


def ensure(progress: Progress) -> Tree:
    """The tree, fetched if it is not in the cache. Raises TreeError. Two starts at once fetch it once."""
    key = hashlib.sha256(" ".join((SUITE, platform.machine(), *PACKAGES)).encode()).hexdigest()[:12]
    folder = cache_dir() / f"asterisk-{key}"
    if folder.exists():
        return Tree(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TreeError(f"{folder.parent}: {error.strerror}; set NUMERO_NERO_CACHE to a folder we may write") from error
    with (folder.parent / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(folder, progress)
    return Tree(folder)


def _fetch(folder: Path, progress: Progress) -> None:
    if shutil.which("apt-get") is None:
        raise TreeError("this is no Debian machine (no apt-get): use docker-compose.yml instead")
    if shutil.disk_usage(folder.parent).free < SPACE:
        raise TreeError(f"{folder.parent}: less than 1 GB is free; free some, or set NUMERO_NERO_CACHE to another disk")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    log = folder.with_name("fetch.log")
    progress(f"fetching Asterisk and the robot phone into {folder.parent} (about 430 MB, once)")
    with log.open("w") as output:
        bootstrap, environment = _bootstrap(folder.parent, output.fileno(), log, progress)
        command = [
            *bootstrap,
            "--variant=extract",
            "--mode=root" if os.getuid() == 0 else "--mode=unshare",
            '--aptopt=Acquire::Check-Valid-Until "false"',
            f"--include={','.join(PACKAGES)}",
            SUITE,
            str(part),
        ]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, errors="replace"
        )
        assert process.stdout is not None
        for line in process.stdout:
            output.write(line)
            output.flush()
            if line.startswith("I: ") and "success" not in line:
                progress(line.removeprefix("I: ").strip())
        if process.wait() != 0:
            shutil.rmtree(part, ignore_errors=True)
            raise TreeError(_failure("Asterisk's packages could not be fetched", log))
    part.rename(folder)


def _bootstrap(cache: Path, output: int, log: Path, progress: Progress) -> tuple[list[str], dict[str, str]]:
    """mmdebstrap's command line and environment: the host's, or one unpacked into the cache."""
    environment = dict(os.environ)
    if found := shutil.which("mmdebstrap"):
        return [found], environment
    folder = cache / "mmdebstrap"
    if not (folder / "usr/bin/mmdebstrap").exists():
        progress("fetching mmdebstrap")
        folder.mkdir(exist_ok=True)
        # Lists of our own: the host's may be empty or old, and are not ours to change.
        (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        apt = ["apt-get", "-o", f"Dir::State::lists={folder / 'lists'}", "-o", "APT::Sandbox::User=root"]
        wanted = ["mmdebstrap", *(PERL if _perl_is_bare() else ())]
        for command in ([*apt, "update"], [*apt, "download", *wanted]):
            if subprocess.run(command, cwd=folder, stdout=output, stderr=output).returncode != 0:
                raise TreeError(_failure("mmdebstrap could not be fetched", log))
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", str(package), str(folder)], check=True, stdout=output, stderr=output)
    libraries = [
        str(path) for path in (folder / "usr/share/perl/5.36.0", *folder.glob("usr/lib/*/perl/5.36*")) if path.exists()
    ]
    if libraries:
        environment["PERL5LIB"] = ":".join(libraries)
    return ["perl", str(folder / "usr/bin/mmdebstrap")], environment


def _perl_is_bare() -> bool:
    return subprocess.run(["perl", "-MEnglish", "-MFile::Find", "-e", "1"], capture_output=True).returncode != 0


def _failure(what: str, log: Path) -> str:
    last = "\n  ".join(log.read_text("utf-8", "replace").splitlines()[-5:])
    return f"{what}:\n  {last}\nThe whole log is {log}. Check the network and apt's sources, then run again."
