"""The same operators and callers with Asterisk's own queue: one queue, everybody a member, the same package.

It is set to be as quick as it can: `autofill`, `retry` of a second, which is the least. It knows no languages and no
skills, so every operator fits every call; nobody leaves before being served. It counts the wrap-up in whole seconds of
the clock, so one of 2 s lasts from 1 to 2 s and what it then takes.
"""

import asyncio
import subprocess
from pathlib import Path

from asterisk_conf import render, tree
from bench.house import cpu
from bench.queues.centre import DRAIN, NOTICE, PATIENCE, RING, RTP, WRAP_UP, Load
from bench.queues.crowd import Callers, Heard, Phones
from ivr.calls import phones
from ivr.cli.installation import free_base

SECRET = "of-the-benchmark"  # noqa: S105 an Asterisk of its own, on loopback, for a minute
NUMBER = "queue"
DIALPLAN = f"""
[citizens](+)
exten => {NUMBER},1,Answer()
 same => n,Queue(all)
 same => n,Hangup()
"""
FALLBACK = render.Fallback(("beep",), "beep", "beep")
QUEUES = f"""[general]
persistentmembers = no
autofill = yes
shared_lastcall = yes

[all]
strategy = leastrecent
timeout = 20
retry = 1
wrapuptime = {WRAP_UP:.0f}
ringinuse = no
musicclass = default
"""


async def run(load: Load, folder: Path) -> tuple[list[Heard], list[Heard], float]:
    """What the phones and the callers heard, and Asterisk's part of a core."""
    base, got = free_base(), tree.ensure(print)
    codes = [str(1000 + number) for number in range(load.operators)]
    sockets = render.Sockets("127.0.0.1", ("127.0.0.1",), base + 60, base + 61, base + 88, base + 38, *RTP)
    configuration = render.render(
        got, folder, logs=folder / "logs", sockets=sockets, password=SECRET, fallback=FALLBACK, plain_dialplan=DIALPLAN
    )
    etc = configuration.parent
    with (etc / "modules.conf").open("a") as file:
        file.write("load = app_queue.so\n")
    with (etc / "pjsip.conf").open("a") as file:
        file.write("".join(map(_account, codes)))
    (etc / "queues.conf").write_text(QUEUES + "".join(f"member => PJSIP/{phones.account(code)}\n" for code in codes))
    with (folder / "asterisk.out").open("wb") as output:
        asterisk = subprocess.Popen(got.argv("asterisk", "-f", "-C", str(configuration)), stdout=output, stderr=output)
    try:
        await asyncio.sleep(5)
        passwords = {code: phones.password(SECRET, code) for code in codes}
        numbers = [NUMBER] * load.calls
        async with Callers(got, folder, sockets.sip, numbers, 0.0, PATIENCE) as callers:
            early = await callers.place("early", 0, load.waiting, load.arrivals)
            await asyncio.sleep(load.waiting / load.arrivals + NOTICE)
            async with Phones(got, folder, sockets.sip, passwords, RING, load.talk) as at_work:
                later = await callers.place("later", load.waiting, load.calls - load.waiting, load.rate)
                before = cpu(asterisk.pid)
                await asyncio.sleep(load.seconds)
                used = (cpu(asterisk.pid) - before) / load.seconds
                async with asyncio.timeout(DRAIN):
                    await asyncio.gather(early.wait(), later.wait())
                heard = at_work.heard()
    finally:
        asterisk.terminate()
        asterisk.wait(20)
    return heard, callers.heard("early", "later"), used


def _account(code: str) -> str:
    """The phone as our controllers make it, as text."""
    name = phones.account(code)
    return "".join(
        f"\n[{name}]\ntype = {kind}\n" + "".join(f"{key} = {value}\n" for key, value in fields.items())
        for kind, fields in phones.sip_phone(code, SECRET).items()
    )
