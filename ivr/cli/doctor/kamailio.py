"""Kamailio, which stands before several Asterisks: what was fetched, what was written for it, what it does."""

import re
import secrets
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

from asterisk_conf import kamailio
from ivr.cli.asterisks import addresses, kamailio_folder
from ivr.cli.doctor.finding import Finding, ok, problem, unknown
from ivr.cli.installation import read_note
from ivr.settings import Settings

WITHIN = 2.0  # seconds for an answer by SIP


def before_several(settings: Settings) -> Iterator[Finding]:
    """Nothing, when there is one Asterisk."""
    if not settings.proxied:
        return
    got = kamailio.there()
    if got is None:
        yield problem("kamailio", "Kamailio was not fetched yet", "`ivr up` does it")
        return
    yield from _fetched(got)
    yield from _configuration(settings, got)
    if read_note(settings) is None:
        yield unknown("kamailio.port", "`ivr up` does not run here, so Kamailio was not asked")
        return
    yield _answers(settings)
    yield from _asterisks(settings, got)


def _fetched(got: kamailio.Kamailio) -> Iterator[Finding]:
    mend = f"empty {got.path} and run `ivr up`"
    missing = [name for name in _loads(kamailio.TEMPLATES) if not (got.modules / name).exists()]
    try:
        version = got.version()
    except (OSError, StopIteration, subprocess.SubprocessError) as error:
        yield problem("kamailio", f"what was fetched does not run: {error}", mend)
        return
    if missing:
        yield problem("kamailio", f"Kamailio {version}, without modules that we load: {', '.join(missing)}", mend)
    else:
        yield ok("kamailio", f"Kamailio {version}, with every module that we load")


def _loads(folder: Path) -> list[str]:
    return re.findall(r'^loadmodule "(\S+)"$', (folder / "kamailio.cfg").read_text("utf-8"), re.MULTILINE)


def _configuration(settings: Settings, got: kamailio.Kamailio) -> Iterator[Finding]:
    name, folder = "kamailio.written", kamailio_folder(settings)
    files = [folder, folder / "kamailio.cfg", folder / "dispatcher.list"]
    if missing := [path for path in files if not path.exists()]:
        yield unknown(name, f"{missing[0]} is not there yet; `ivr up` makes it")
        return
    if others := [path for path in files if path.stat().st_mode & 0o077]:
        told = f"others may read {', '.join(map(str, others))}, where the secret of the trunk stands"
        yield problem(name, told, f"chmod -R go= {folder}")
        return
    if refused := got.refused(folder):
        yield problem(name, f"Kamailio refuses {folder}/kamailio.cfg: {refused}", "`ivr up`, started anew, writes it")
        return
    listed = (folder / "dispatcher.list").read_text("utf-8")
    if absent := [one for one, at in addresses(settings).items() if f" sip:{at}\n" not in listed]:
        told = f"{folder}/dispatcher.list does not have {', '.join(absent)}, as the settings do"
        yield problem(name, told, "`ivr up`, started anew, writes it")
    else:
        yield ok(name, f"{folder} is whole, and readable by us alone")


def _answers(settings: Settings) -> Finding:
    """Asked by SIP, as a telephone would: any answer will do, also that we are not let in."""
    by_tls, host = settings.sip.tls == "only", settings.sip.listen
    port, how = (settings.ports.sips, "TLS") if by_tls else (settings.ports.sip, "UDP")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM if by_tls else socket.SOCK_DGRAM) as plain:
            plain.settimeout(WITHIN)
            plain.connect((host, port))
            with _unverified().wrap_socket(plain) if by_tls else plain as one:
                one.send(_options(f"{host}:{port}", "{}:{}".format(*one.getsockname()), how).encode())
                told = one.recv(65536).split(b"\r\n")[0].decode("ascii", "replace")
    except OSError as error:
        mend = f"see {settings.logs / 'kamailio.log'}; `ivr up` starts it again when it ends"
        return problem("kamailio.port", f"Kamailio does not answer at {how} {host}:{port}: {error}", mend)
    return ok("kamailio.port", f"Kamailio answers at {how} {host}:{port} ({told.removeprefix('SIP/2.0 ')})")


def _unverified() -> ssl.SSLContext:
    """Whether it answers is asked, not who it is; for certificates there is `certificates`."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _options(to: str, at: str, how: str) -> str:
    lines = (
        f"OPTIONS sip:{to} SIP/2.0", f"Via: SIP/2.0/{how} {at};rport;branch=z9hG4bK{secrets.token_hex(8)}",
        "Max-Forwards: 1", f"From: <sip:doctor@{at}>;tag={secrets.token_hex(4)}", f"To: <sip:{to}>",
        f"Call-ID: {secrets.token_hex(8)}", "CSeq: 1 OPTIONS", "Content-Length: 0", "", "",
    )  # fmt: skip
    return "\r\n".join(lines)


def _asterisks(settings: Settings, got: kamailio.Kamailio) -> Iterator[Finding]:
    try:
        states = kamailio.states(got, kamailio_folder(settings))
    except kamailio.KamailioError as error:
        mend = f"see {settings.logs / 'kamailio.log'}; `ivr up` starts it again when it ends"
        yield problem("kamailio.gives", f"it does not say how the Asterisks stand: {error}", mend)
        return
    for name, at in addresses(settings).items():
        check = f"kamailio.gives.{name}"
        match states.get(at):
            case "active":
                yield ok(check, f"calls are given to {name} at {at}")
            case "drained":
                mend = f"`ivr asterisks take {name}`, when it is to have calls again"
                yield Finding(check, "ok", f"{name} at {at} is drained: it is given no new calls", mend)
            case "gone":
                mend = f"see {settings.logs / f'{name}.log'}; `ivr up` starts it again when it ends"
                yield problem(check, f"{name} does not answer at {at}, and is given no calls", mend)
            case None:
                yield problem(check, f"Kamailio does not know {name} at {at}", "`ivr up`, started anew, tells it")
