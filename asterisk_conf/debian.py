"""Debian's packages, unpacked into a folder of our cache: nothing is installed, nothing on the host changes.

`mmdebstrap` does it, the host's or one that is fetched first. As root or as any user.
"""

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

SPACE = 1_000_000_000
# What Debian 12's mmdebstrap needs of Perl beyond the `perl-base` of a bare machine.
PERL = ("perl-modules-5.36", "libperl5.36")

Progress = Callable[[str], None]


class TreeError(Exception):
    """Packages could not be fetched; the message says what failed and what to do."""


def cache_dir() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("NUMERO_NERO_CACHE") or Path(home) / "numero-nero")


def folder_of(name: str, suite: str, packages: Sequence[str]) -> Path:
    """Where these packages are, when they were fetched."""
    key = hashlib.sha256(" ".join((suite, platform.machine(), *packages)).encode()).hexdigest()[:12]
    return cache_dir() / f"{name}-{key}"


def unpacked(name: str, suite: str, packages: Sequence[str], what: str, progress: Progress) -> Path:
    """The folder with `packages` and all they depend on, fetched if it is not in the cache.

    `name` begins the folder's name, `what` tells people what is fetched. Two starts at once fetch it once.
    Raises TreeError.
    """
    folder = folder_of(name, suite, packages)
    if folder.exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TreeError(f"{folder.parent}: {error.strerror}; set NUMERO_NERO_CACHE to a folder we may write") from error
    with (folder.parent / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(folder, suite, packages, what, progress)
    return folder


def _fetch(folder: Path, suite: str, packages: Sequence[str], what: str, progress: Progress) -> None:
    if shutil.which("apt-get") is None:
        raise TreeError("this is no Debian machine (no apt-get): use docker-compose.yml instead")
    if shutil.disk_usage(folder.parent).free < SPACE:
        raise TreeError(f"{folder.parent}: less than 1 GB is free; free some, or set NUMERO_NERO_CACHE to another disk")
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    log = folder.with_name("fetch.log")
    progress(f"fetching {what} into {folder.parent} (once)")
    with log.open("w") as output:
        bootstrap, environment = _bootstrap(folder.parent, output.fileno(), log, progress)
        command = [
            *bootstrap,
            "--variant=extract",
            "--mode=root" if os.getuid() == 0 else "--mode=unshare",
            '--aptopt=Acquire::Check-Valid-Until "false"',
            f"--include={','.join(packages)}",
            suite,
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
            raise TreeError(_failure(f"the packages of {what} could not be fetched", log))
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
