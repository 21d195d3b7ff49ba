"""Asterisk: what was fetched, and what each one that runs has loaded. What runs is asked what runs."""

import json
import re
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from typing import Any

import aiohttp

from asterisk_conf import render, tree
from ivr.cli.doctor.finding import Finding, ok, problem, unknown
from ivr.cli.installation import is_alive, read_note, secret
from ivr.settings import Settings

LEAST = (22, 7)  # StasisBroadcast
CODECS = {"codec_alaw": "alaw", "codec_ulaw": "ulaw", "codec_g722": "G.722", "codec_opus_open_source": "Opus"}
WITHIN = 5.0


def fetched(settings: Settings) -> Iterator[Finding]:
    found = tree.there()
    if found is None:
        yield problem("asterisk", "Asterisk was not fetched yet", "run `ivr asterisk` (`ivr up` does it, too)")
        return
    version = found.asterisk_version()
    if tuple(map(int, version.split(".")[:2])) < LEAST:
        yield problem("asterisk", f"Asterisk {version}; 22.7 is the least", "empty the cache and run `ivr asterisk`")
    else:
        yield ok("asterisk", f"Asterisk {version}")
    for name in settings.asterisk_names:
        missing = [module for module in wanted(settings, name) if not (found.modules / f"{module}.so").exists()]
        if missing:
            mend = f"empty {found.path} and run `ivr asterisk`"
            yield problem(f"{name}.files", f"modules that are not there: {', '.join(missing)}", mend)
        else:
            yield ok(f"{name}.files", "every module that we load is there")


def wanted(settings: Settings, name: str = "asterisk") -> list[str]:
    """The modules that the configuration of an Asterisk loads: that of this installation, else the one that it will
    have."""
    own = settings.asterisk_folder(name) / "etc/modules.conf"
    text = (own if own.exists() else render.TEMPLATES / "modules.conf").read_text("utf-8")
    return re.findall(r"^load = (\S+)\.so$", text, re.MULTILINE)


def running(settings: Settings) -> Iterator[Finding]:
    noted = read_note(settings)
    if noted is None:
        yield unknown("running", "`ivr up` does not run here, so what runs was not asked")
        return
    gone = [name for name, pid in noted.programs().items() if pid and not is_alive(pid)]
    if gone:
        mend = f"`ivr up` starts them again; {settings.logs} says why they ended"
        if not is_alive(noted.up):
            mend = f"`ivr up` is gone: end what is left (see {settings.state_file}) and start it again"
        yield problem("running", f"not running: {', '.join(gone)}", mend)
    else:
        yield ok("running", f"{len(noted.pids())} programs")
    for number, name in enumerate(settings.asterisk_names, 1):
        yield from _loaded(settings, number, name)


def _loaded(settings: Settings, number: int, name: str) -> Iterator[Finding]:
    port, log = settings.ports_of(number).ari, settings.logs / f"{name}.log"
    mend = f"see {log}; `ivr up` starts {name} again when it ends"
    try:
        told = _ari(port, secret(settings, "asterisk"), "/ari/asterisk/modules")
    except (OSError, HTTPException, ValueError) as error:
        yield problem(f"{name}.loaded", f"{name} does not answer at {port}: {error}", mend)
        return
    states = {one["name"].removesuffix(".so"): one["status"] for one in told}
    idle = [module for module in wanted(settings, name) if states.get(module) != "Running"]
    if idle:
        yield problem(f"{name}.loaded", f"modules of {name} that do not run: {', '.join(idle)}", mend)
    else:
        yield ok(f"{name}.loaded", "every module runs")
    missing = [codec for module, codec in CODECS.items() if states.get(module) != "Running"]
    if missing:
        yield problem(f"{name}.codecs", f"calls on {name} cannot speak {', '.join(missing)}", mend)
    else:
        yield ok(f"{name}.codecs", f"calls may speak {', '.join(CODECS.values())}")


def _ari(port: int, password: str, path: str) -> Any:
    """Raises OSError, HTTPException, ValueError."""
    connection = HTTPConnection("127.0.0.1", port, timeout=WITHIN)
    try:
        connection.request("GET", path, headers={"Authorization": aiohttp.encode_basic_auth(render.ARI_USER, password)})
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(f"it answers {answer.status} {answer.reason}")
        return json.loads(answer.read())
    finally:
        connection.close()
