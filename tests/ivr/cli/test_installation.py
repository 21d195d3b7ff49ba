"""An installation's ports: the one that somebody else has is named, with what to do."""

import socket
from contextlib import closing
from pathlib import Path

import pytest

from ivr.cli.installation import InstallationError, check_ports
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
