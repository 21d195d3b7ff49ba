"""Asterisk's configuration: complete, private, and listening nowhere but where it was told to."""

import re
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from asterisk_conf import render, tree
from tests.asterisk import PASSWORD, Asterisk, addresses

FALLBACK = render.Fallback(hold=("h1", "h2"), goodbye="a&b", refusal="r", seconds=90, most=7, told=3)


def rendered(folder: Path, listen: str = "127.0.0.1", trunk: tuple[str, ...] = ("127.0.0.1",)) -> dict[str, str]:
    sockets = render.Sockets(listen, trunk, sip=1001, sips=1004, ari=1002, ami=1003, rtp_first=1100, rtp_last=1199)
    main = render.render(
        tree.ensure(print), folder, logs=folder / "logs", sockets=sockets, password="s3cret", fallback=FALLBACK
    )
    assert main == folder / "etc" / "asterisk.conf"
    return {path.name: path.read_text() for path in main.parent.iterdir()}


def setting(text: str, key: str) -> list[str]:
    return re.findall(rf"^{key}\s*=>?\s*(.*)$", text, re.MULTILINE)


def test_every_template_becomes_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    files = rendered(tmp_path / "asterisk")
    assert set(files) == {path.name for path in render.TEMPLATES.iterdir()}
    assert not any("{{" in text or "{%" in text for text in files.values())
    for path in (tmp_path / "asterisk" / "etc").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "asterisk" / "etc").stat().st_mode) == 0o700


def test_the_secret_is_where_it_is_needed_and_nowhere_else(tmp_path: Path) -> None:
    files = rendered(tmp_path)
    assert {name for name, text in files.items() if "s3cret" in text} == {"ari.conf", "manager.conf"}


def test_ports_and_addresses_are_those_given(tmp_path: Path) -> None:
    files = rendered(tmp_path, "192.0.2.7", ("198.51.100.0/24", "203.0.113.5"))
    assert setting(files["pjsip.conf"], "bind") == ["192.0.2.7:1001"] * 2 + ["127.0.0.1:1002"]
    assert setting(files["pjsip.conf"], "match") == ["198.51.100.0/24", "203.0.113.5"]
    assert (setting(files["http.conf"], "bindaddr"), setting(files["http.conf"], "bindport")) == (
        ["127.0.0.1"], ["1002"],
    )  # fmt: skip
    assert (setting(files["manager.conf"], "bindaddr"), setting(files["manager.conf"], "port")) == (
        ["127.0.0.1"], ["1003"],
    )  # fmt: skip
    assert (setting(files["rtp.conf"], "rtpstart"), setting(files["rtp.conf"], "rtpend")) == (["1100"], ["1199"])


def test_what_is_there_already_is_written_anew(tmp_path: Path) -> None:
    rendered(tmp_path)
    (tmp_path / "etc" / "http.conf").write_text("[general]\nbindaddr = 0.0.0.0\n")
    assert setting(rendered(tmp_path)["http.conf"], "bindaddr") == ["127.0.0.1"]


def answers(one: tuple[str, str, int]) -> bool:
    """Does a SIP request get an answer there?"""
    family, host = (socket.AF_INET6, "::1") if ":" in one[1] else (socket.AF_INET, "127.0.0.1")
    with socket.socket(family, socket.SOCK_DGRAM) as phone:
        phone.settimeout(1.5)
        phone.connect((host, one[2]))
        ours = "{}:{}".format(*phone.getsockname()[:2]) if family == socket.AF_INET else "127.0.0.1:9"
        request = (
            f"OPTIONS sip:{host}:{one[2]} SIP/2.0",
            f"Via: SIP/2.0/UDP {ours};branch=z9hG4bK1;rport",
            "Max-Forwards: 70",
            f"From: <sip:test@{ours}>;tag=1",
            f"To: <sip:{host}>",
            f"Call-ID: {one[2]}",
            "CSeq: 1 OPTIONS",
            "Content-Length: 0",
        )
        phone.send("\r\n".join((*request, "", "")).encode())
        try:
            return phone.recv(2000).startswith(b"SIP/2.0")
        except TimeoutError:
            return False


@pytest.fixture(scope="module")
def asterisk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asterisk]:
    one = Asterisk(tmp_path_factory.mktemp("asterisk"))
    one.start()
    yield one
    one.kill()


def test_asterisk_takes_it_without_complaint(asterisk: Asterisk) -> None:
    errors = [line for line in asterisk.output().splitlines() if " ERROR[" in line or " WARNING[" in line]
    assert errors == []
    assert PASSWORD not in asterisk.output()


def test_asterisk_listens_on_loopback_only(asterisk: Asterisk) -> None:
    ports, found = asterisk.ports, addresses(asterisk.pid)
    local = {one for one in found if one[1] == "127.0.0.1"}
    assert local == {
        ("udp", "127.0.0.1", ports.sip),
        ("tcp", "127.0.0.1", ports.sip),
        ("tcp", "127.0.0.1", ports.ari),
        ("tcp", "127.0.0.1", ports.ami),
    }
    # PJSIP holds two UDP sockets more, on ports of the kernel's choice; they serve nobody.
    assert answers(("udp", "127.0.0.1", ports.sip))
    for one in found - local:
        assert one[0] == "udp" and not answers(one)
