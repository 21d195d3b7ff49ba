"""The reviewers' page on calls of an hour: from the click to the first sound, in a real Chromium; the server's memory.

python -m bench.review [HOURS]
"""

import asyncio
import os
import re
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from aiohttp import ClientSession, CookieJar, web
from playwright.async_api import Page

from ivr.cli.flow.test import failures
from ivr.cli.vault import open_vault
from ivr.prompts.library import Library
from ivr.settings import load
from ivr.store import calls
from ivr.store.database import Database
from ivr.web import users
from ivr.web.app import make_app
from recordings import spool, wav
from recordings.ingest import ingest
from recordings.keys.ring import ANONYMISED
from recordings.vault import stored_name
from tests.browser import chromium

RATE, CALLS, STREAMS = 8000, 6, 8
MIB = 1 << 20
ROME = "Europe/Rome"
PASSWORD = "of-the-bench"  # noqa: S105
BEGUN = datetime.now(UTC) - timedelta(days=1)

# From pressing a button until the sound of the recording that is then open has moved on, in milliseconds. `open`: press
# it, and play as soon as one can.
CLICK = """async ([button, open]) => {
  const begun = performance.now(), play = document.querySelector("[data-act=play]");
  const opened = document.querySelector("[data-text=opened]"), was = opened.textContent;
  const from = new Map(window.all.map((one) => [one, one.currentTime]));
  document.querySelector(button).click();
  if (open) {
    while (opened.textContent === was || !play.checkVisibility()) await new Promise(requestAnimationFrame);
    play.click();
  }
  const sounds = () => window.all.some((one) => !one.paused && one.currentTime > (from.get(one) ?? 0));
  while (!sounds()) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
SEEK = """async () => {
  const one = window.all.find((one) => !one.paused), to = one.duration * 0.8, begun = performance.now();
  one.currentTime = to;
  while (one.seeking || one.currentTime <= to) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
PAINTED = """async () => {
  const begun = performance.now();
  const canvases = () => document.querySelector("[data-wave] > div")?.shadowRoot.querySelectorAll("canvas").length;
  while (!canvases()) await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
WATCH = """window.all = []; const Of = Audio;
window.Audio = class extends Of { constructor(...given) { super(...given); all.push(this); } };"""


def fill(data: Path, hours: float) -> None:
    """Calls with both copies, of speech-like noise on both sides."""
    settings = load(data, environment={})
    database = Database(settings.database_url)
    database.migrate()
    with database.transaction() as session:
        users.add_user(session, "bench", "reviewer", password=PASSWORD)
    vault = open_vault(settings)
    noise = np.random.default_rng(1).normal(0, 3000, (60 * RATE, 2))
    bursts = (np.sin(np.arange(60 * RATE) / RATE * 0.7) > 0)[:, None] * (1, 0.5)
    minute = (noise * bursts).clip(-32768, 32767).astype("<i2")
    size = int(hours * 3600) * RATE * wav.FRAME
    for number in range(CALLS):
        call, begun = f"call-{number}", BEGUN + timedelta(minutes=number)
        with database.transaction() as session:
            calls.start(
                session, id=call, channel=call, controller="c", called="", caller="", flow="f", started_at=begun
            )
        raw = data / f"{call}-1"
        raw.mkdir()
        for path, channel in zip(spool.files(raw, RATE), minute.T, strict=True):
            with path.open("wb") as file:
                for _ in range(size // minute.nbytes + 1):
                    file.write(channel.tobytes())
            os.truncate(path, size // wav.CHANNELS)
        with spool.alone(raw) as sound:
            assert sound is not None
            name = stored_name(begun.astimezone().date(), f"{call}-1", ANONYMISED)
            key = vault.put(name, f"{call}-1", ANONYMISED, wav.pieces(sound, size, RATE))
        assert ingest(database, vault, raw, ROME)
        with database.transaction() as session:
            vault.keep(session, f"{call}-1", ANONYMISED, key)


async def serve(data: Path) -> None:
    """Prints the port; until it is ended."""
    settings = load(data, environment={})
    library = Library(settings.prompts_folder, data)
    tests = partial(failures, settings=settings)
    database, vault = Database(settings.database_url), open_vault(settings)
    app = make_app(settings, database, vault, os.urandom(32), "phones", "link", "pseudonyms", "callers", library, tests)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


def memory(pid: int) -> float:
    """The most that a process has held so far, in MB."""
    found = re.search(r"VmHWM:\s+([0-9]+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found
    return int(found[1]) / 1024


async def page_figures(page: Page, address: str) -> list[tuple[str, list[float], str]]:
    await page.add_init_script(WATCH)
    await page.goto(f"{address}/sign-in")
    await page.fill("[name=name]", "bench")
    await page.fill("[name=password]", PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-results] button")
    first, drawn, sought, ready, press = [], [], [], [], []
    for number in (CALLS - 1, CALLS - 3):
        first.append(await page.evaluate(CLICK, [f"[data-results] button[value='call-{number}-1']", True]))
        sought.append(await page.evaluate(SEEK))
        drawn.append(await page.evaluate(PAINTED))
        await until_ready(page)
        await page.click("[data-act=play]")
        press.append(await page.evaluate(CLICK, ["[data-act=play]", False]))
        ready.append(await page.evaluate(CLICK, ["[data-act=next]", True]))
        await until_ready(page)
    return [
        ("from the click that opens a recording to its first sound", first, "asked at most 300 ms"),
        ("from the click on the next one, which is ready, to its first sound", ready, "asked at most 300 ms"),
        ("from the click on Play to the first sound", press, "asked at most 300 ms"),
        ("from a jump to four fifths to the sound there", sought, ""),
        ("from then until the picture, never measured before, is drawn", drawn, ""),
    ]


async def until_ready(page: Page) -> None:
    while not await page.evaluate("document.querySelector('[data-text=done]').textContent"):
        await asyncio.sleep(0.1)


async def streaming(address: str, pid: int) -> float:
    """MB more for each of several that hear whole recordings at once, as fast as they can."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as client:
        await client.post(f"{address}/sign-in", data={"name": "bench", "password": PASSWORD})

        async def hear(number: int) -> int:
            path = f"{address}/review/recordings/call-{number % CALLS}-1"
            async with client.post(f"{path}/openings", json={}) as answer:
                opening = (await answer.json())["opening"]
            async with client.get(f"{path}/audio?opening={opening}") as answer:
                return sum([len(piece) async for piece in answer.content.iter_chunked(MIB)])

        await hear(0)
        before = memory(pid)
        sizes = await asyncio.gather(*map(hear, range(STREAMS)))
    assert len(set(sizes)) == 1
    return (memory(pid) - before) / STREAMS


async def bench(hours: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        await asyncio.to_thread(fill, data, hours)
        server = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.review", "serve", name, stdout=asyncio.subprocess.PIPE
        )
        try:
            assert server.stdout
            address = f"http://127.0.0.1:{int(await server.stdout.readline())}"
            grown = await streaming(address, server.pid)
            async with chromium() as browser:
                figures = await page_figures(await browser.new_page(), address)
            most = memory(server.pid)
        finally:
            server.terminate()
            await server.wait()
    print(f"{hours:g} h of dual-channel sound at 8 kHz a recording, from a folder, Chromium on the same machine")
    for what, times, asked in figures:
        print(f"  {median(times):6.0f} ms {what}{asked and f'   {asked}'}")
    print(f"  {grown:6.1f} MB more memory of the server for each of {STREAMS} streams at once   asked at most 64 MB")
    print(f"  {most:6.1f} MB the server's memory at its peak, pictures measured among it")


def main() -> None:
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(Path(sys.argv[2])))
        return
    asyncio.run(bench(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0))


if __name__ == "__main__":
    main()
