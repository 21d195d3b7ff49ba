"""The tree: Asterisk, the robot phone, SIPp, a second voice and Graphviz from Debian, unpacked into a cache of ours.

Nothing on the host changes. Debian 12 has no Asterisk, so the packages come from a newer Debian. They run straight on
the host through the tree's own program loader, which gives them their own libraries and leaves them the host's files:
no chroot, no root.
"""

import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from asterisk_conf import debian
from asterisk_conf.debian import Progress
from asterisk_conf.debian import TreeError as TreeError

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


def there() -> Tree | None:
    """The tree, if it was fetched."""
    folder = debian.folder_of("asterisk", SUITE, PACKAGES)
    return Tree(folder) if folder.exists() else None


def ensure(progress: Progress) -> Tree:
    """The tree, fetched if it is not in the cache. Raises TreeError."""
    what = "Asterisk and the robot phone (about 430 MB)"
    return Tree(debian.unpacked("asterisk", SUITE, PACKAGES, what, progress))
