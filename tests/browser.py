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

from playwright.async_api import Browser, Page, Playwright, async_playwright

from asterisk_conf.debian import TreeError, unpacked

SUITE = "bookworm"
PROGRAM = "usr/lib/chromium/chromium-headless-shell"
PACKAGES = ("chromium-headless-shell", "fonts-dejavu-core", "libatomic1")  # the last one for Playwright's driver
# The C library's own files, as patterns. Only the host's go with the host's program loader.
GLIBC = (
    "ld-linux*",
    *(f"lib{name}.so*" for name in ("BrokenLocale", "anl", "c", "c_malloc_debug", "dl", "m", "memusage", "mvec")),
    *(f"lib{name}.so*" for name in ("nsl", "nss_*", "pcprofile", "pthread", "resolv", "rt", "thread_db", "util")),
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


def microphone(sound: Path) -> tuple[str, ...]:
    """Arguments for a browser whose microphone hears a WAV, again and again, and who asks nobody for leave."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={sound}",
        "--allow-loopback-in-peer-connection",  # for machines that have no other network
    )


# A function of a page: puts a stream under an analyser; `heard` has the loudest frequency there was (Hz) and its level
# (dB). Call it again to forget.
LISTEN = """(stream) => {
  const context = new AudioContext(), analyser = new AnalyserNode(context, { fftSize: 8192 });
  context.createMediaStreamSource(stream).connect(analyser);
  const levels = new Float32Array(analyser.frequencyBinCount);
  window.heard = { level: -Infinity, hertz: 0 };
  setInterval(() => {
    analyser.getFloatFrequencyData(levels);
    const level = Math.max(...levels);
    if (level > heard.level) window.heard = { level, hertz: levels.indexOf(level) * context.sampleRate / 8192 };
  }, 50);
}"""

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


def libraries(tree: Path) -> str:
    """The tree's, as the program loader looks for them."""
    folder = next(tree.glob("usr/lib/*-linux-gnu"))
    return ":".join(map(str, (folder, folder / "pulseaudio", *tree.glob("lib/*-linux-gnu"))))


@asynccontextmanager
async def _driver(path: str) -> AsyncIterator[Playwright]:
    """Playwright's driver takes its environment from ours."""
    before = os.environ.get("LD_LIBRARY_PATH")
    os.environ["LD_LIBRARY_PATH"] = path
    try:
        playwright = await async_playwright().start()
    finally:
        del os.environ["LD_LIBRARY_PATH"]
        if before is not None:
            os.environ["LD_LIBRARY_PATH"] = before
    try:
        yield playwright
    finally:
        await playwright.stop()


@asynccontextmanager
async def chromium(*arguments: str) -> AsyncIterator[Browser]:
    """A browser that has never seen anything. Starts in about a second. `arguments` besides ours."""
    tree = ensure()
    path = libraries(tree)
    with TemporaryDirectory(prefix="chromium-") as scratch:
        fonts = Path(scratch) / "fonts.conf"
        fonts.write_text(FONTS.format(tree=tree, cache=f"{scratch}/fonts"))
        environment = {"LD_LIBRARY_PATH": path, "FONTCONFIG_FILE": str(fonts), "HOME": scratch}
        async with _driver(path) as playwright:
            browser = await playwright.chromium.launch(
                executable_path=tree / PROGRAM,
                env=dict(os.environ | environment),
                args=[*ARGUMENTS, *arguments],
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
        # What was still on its way when the page was left is no failure.
        page.on("requestfailed", lambda one: "ABORTED" in str(one.failure) or lines.append(f"{one.url}: {one.failure}"))
        return cls(lines)


if __name__ == "__main__":
    try:
        print(ensure())
    except TreeError as error:
        sys.exit(f"tests.browser: {error}")
