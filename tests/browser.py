"""A real headless Chromium for the tests of pages: Debian's, unpacked into our cache, the same on every machine.

`python -m tests.browser` fetches it (a step of `make test`). It runs with the host's program loader and C library,
because its processes start themselves again by name, and with everything else from its own tree.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Page, async_playwright

from asterisk_conf.debian import TreeError, unpacked

SUITE = "bookworm"
PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core")
# The C library's own files. Only the host's go with the host's program loader.
GLIBC = (
    "ld-linux BrokenLocale anl c c_malloc_debug dl m memusage mvec nsl nss_* pcprofile pthread resolv rt thread_db util"
)
ARGUMENTS = (
    "--no-sandbox",  # which root may not have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig><dir>{tree}/usr/share/fonts</dir><cachedir>{cache}</cachedir></fontconfig>
"""


def ensure() -> Path:
    """The tree with Chromium, fetched if it is not in the cache. Raises TreeError."""
    tree = unpacked("chromium", SUITE, PACKAGES, "Chromium for the tests (about 550 MB)", _say)
    for folder in tree.glob("lib/*-linux-gnu"):
        for path in [path for pattern in GLIBC for path in folder.glob(pattern)]:
            path.unlink(missing_ok=True)
    return tree


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _environment(tree: Path, scratch: Path) -> dict[str, str]:
    libraries = next(tree.glob("usr/lib/*-linux-gnu"))
    fonts = scratch / "fonts.conf"
    fonts.write_text(FONTS.format(tree=tree, cache=scratch / "fonts"))
    path = [libraries, libraries / "pulseaudio", *tree.glob("lib/*-linux-gnu")]
    return os.environ | {
        "LD_LIBRARY_PATH": ":".join(map(str, path)),
        "FONTCONFIG_FILE": str(fonts),
        "HOME": str(scratch),
    }


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser that has never seen anything. Starts in about a second."""
    tree = ensure()
    with TemporaryDirectory(prefix="chromium-") as scratch:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=tree / "usr/lib/chromium/chromium-headless-shell",
                env=dict(_environment(tree, Path(scratch))),
                args=list(ARGUMENTS),
            )
            try:
                yield browser
            finally:
                await browser.close()


@dataclass
class Complaints:
    """What the browser complained of on a page: errors on its console, exceptions, refused or failed requests."""

    lines: list[str]

    @classmethod
    def of(cls, page: Page) -> "Complaints":
        lines: list[str] = []
        page.on("console", lambda one: lines.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: lines.append(str(error)))
        page.on("requestfailed", lambda one: lines.append(f"{one.url}: {one.failure}"))
        return cls(lines)


if __name__ == "__main__":
    try:
        print(ensure())
    except TreeError as error:
        sys.exit(f"tests.browser: {error}")
