"""Kamailio takes the configuration that is written for it."""

import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from asterisk_conf import kamailio
from asterisk_conf.render import Proxy
from ivr.cli.certificate import own_certificate
from ivr.cli.installation import free_base
from tests.sip import LOOPBACK, Agent, read


def test_kamailio_takes_its_configuration_and_others_may_not_read_it(tmp_path: Path) -> None:
    got = kamailio.ensure(print)
    kamailio.render(
        got,
        tmp_path,
        proxy=Proxy("127.0.0.1", 41060, "secret"),
        asterisks=["127.0.0.1:41062", "127.0.0.1:41063"],
        phones=41081,
        trunk_from=["192.0.2.7", "2001:db8::/32"],
        phones_from=["10.0.0.0/8"],
    )
    # Where nothing of the machine's can be written, as for a user without privileges in a container.
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none /run && exec "$@"', "-"]
    asked = f"import asterisk_conf.kamailio as k, pathlib; print(k.there().refused(pathlib.Path({str(tmp_path)!r})))"
    done = subprocess.run([*alone, sys.executable, "-c", asked], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr or done.stdout
    assert (tmp_path / "dispatcher.list").read_text() == "1 sip:127.0.0.1:41062\n1 sip:127.0.0.1:41063\n"
    assert (tmp_path / "kamailio.cfg").stat().st_mode & 0o077 == 0


def test_who_does_not_answer_is_left_out_and_who_answers_is_in_again(tmp_path: Path) -> None:
    got, base, folder = kamailio.ensure(print), free_base(), tmp_path / "kamailio"
    there, gone = (f"{LOOPBACK}:{base + number}" for number in (62, 63))
    kamailio.render(
        got, folder, proxy=Proxy(LOOPBACK, base + 60, "secret"), asterisks=[there, gone], phones=base + 81,
        trunk_from=[LOOPBACK], phones_from=[],
    )  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one, subprocess.Popen(got.command(folder)) as process:
        one.bind((LOOPBACK, base + 62))
        one.settimeout(0.2)

        def until(states: dict[str, str], status: str) -> None:
            begun = time.monotonic()
            while (found := _states(got, folder)) != states:
                assert time.monotonic() < begun + 10, found
                answer(one, status)

        try:
            until({there: "active", gone: "gone"}, "404 Not Found")  # nobody is called so, says an Asterisk
            until({there: "gone", gone: "gone"}, "")
            until({there: "active", gone: "gone"}, "503 Service Unavailable")  # it takes no more calls, and is there
        finally:
            process.terminate()


@pytest.mark.parametrize("only", [False, True])
def test_tls_beside_what_is_not_or_alone(tmp_path: Path, only: bool) -> None:
    got, base, folder = kamailio.ensure(print), free_base(), tmp_path / "kamailio"
    certificate, key = own_certificate(tmp_path / "secrets", LOOPBACK)
    kamailio.render(
        got, folder, proxy=Proxy(LOOPBACK, base + 60, "secret"), asterisks=[f"{LOOPBACK}:{base + 62}"],
        phones=base + 81, trunk_from=[LOOPBACK], phones_from=[],
        tls=kamailio.Tls(base + 61, certificate, key, only),
    )  # fmt: skip
    assert got.refused(folder) == ""
    context = ssl.create_default_context(cafile=str(certificate))
    with subprocess.Popen(got.command(folder)) as process:
        try:
            begun = time.monotonic()
            while not _states(got, folder):
                assert time.monotonic() < begun + 10
            with Agent(base + 61, tls=context) as one:
                assert one.ask("OPTIONS", "1").status == 200
            with Agent(base + 60) as plain:
                if only:
                    with pytest.raises(TimeoutError):
                        plain.ask("OPTIONS", "1", within=1.0)
                else:
                    assert plain.ask("OPTIONS", "1").status == 200
            with closing(socket.socket()) as tcp:
                assert (tcp.connect_ex((LOOPBACK, base + 60)) == 0) is not only
        finally:
            process.terminate()


def _states(got: kamailio.Kamailio, folder: Path) -> dict[str, str]:
    try:
        return dict(kamailio.states(got, folder))
    except kamailio.KamailioError:  # it is starting
        return {}


def answer(one: socket.socket, status: str) -> None:
    """To whatever comes in this moment."""
    try:
        data, sender = one.recvfrom(65536)
    except TimeoutError:
        return
    asked = read(data)
    kept = [f"{name}: {asked.headers[name]}" for name in ("via", "from", "to", "call-id", "cseq")]
    if status:
        one.sendto("\r\n".join([f"SIP/2.0 {status}", *kept, "Content-Length: 0", "", ""]).encode(), sender)
