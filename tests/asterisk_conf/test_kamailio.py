"""Kamailio takes the configuration that is written for it."""

import subprocess
from pathlib import Path

from asterisk_conf import kamailio
from asterisk_conf.render import Proxy


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
    done = subprocess.run(
        got.argv("kamailio", "-c", "-f", str(tmp_path / "kamailio.cfg")), capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dispatcher.list").read_text() == "1 sip:127.0.0.1:41062\n1 sip:127.0.0.1:41063\n"
    assert (tmp_path / "kamailio.cfg").stat().st_mode & 0o077 == 0
