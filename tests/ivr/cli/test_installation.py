"""An installation's ports: the one that somebody else has is named, with what to do. Its secrets: one for all."""

import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ivr.cli.installation import InstallationError, check_ports, free_base, secret
from ivr.settings import load

UDP, TCP = socket.SOCK_DGRAM, socket.SOCK_STREAM


@pytest.mark.parametrize(
    "name, offset, kind", [("sip", 60, UDP), ("sip", 60, TCP), ("ari", 88, TCP), ("ami", 38, TCP), ("web", 80, TCP)]
)
def test_a_taken_port_is_named(tmp_path: Path, name: str, offset: int, kind: socket.SocketKind) -> None:
    with closing(socket.socket(socket.AF_INET, kind)) as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        if kind == TCP:
            other.listen()
        settings = load(tmp_path, base_port=taken - offset, environment={})
        protocol = "UDP" if kind == UDP else "TCP"
        with pytest.raises(
            InstallationError, match=rf"^{protocol} port {taken} \(ports\.{name}\) on 127\.0\.0\.1 "
        ) as told:
            check_ports(settings)
        assert f"--base-port {taken - offset + 1000}" in str(told.value)
    check_ports(settings)


def test_programs_that_start_together_have_the_same_secret(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def ask(folder: Path) -> str:
        together.wait()
        return secret(load(folder), "link")

    with ThreadPoolExecutor(8) as pool:
        for number in range(50):
            folder = tmp_path / str(number)
            got = set(pool.map(ask, [folder] * 8))
            assert len(got) == 1 and len(got.pop()) == 48
            assert [path.name for path in (folder / "secrets").iterdir()] == ["link"]


def test_the_same_ports_are_not_given_to_two_that_are_about_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("random.sample", lambda bases, _: list(bases))
    given = [free_base() for _ in range(4)]
    elsewhere = "import random; random.sample = lambda bases, _: list(bases)\n"
    elsewhere += "from ivr.cli.installation import free_base; print(free_base())"
    other = subprocess.run([sys.executable, "-c", elsewhere], capture_output=True, text=True, check=True)
    assert len({*given, int(other.stdout)}) == 5
    for _ in range(4):
        free_base()
    assert free_base() in given, "they are given back"
